import { Readable } from 'node:stream'
import { z } from 'zod'
import { type AccountGroup, parseAccountGroupId } from '#domain/account-group.ts'
import type { Operation } from '#domain/operation.ts'
import type { RegionId } from '#domain/region.ts'
import type { UpstreamCredential } from '#domain/upstream-credential.ts'
import {
  answerText,
  type UpstreamAnswer,
  type UpstreamRequest,
  UpstreamUnavailable,
} from '#upstream/upstream.ts'

/** What the gateway asks for itself, with the credential of the caller. */
const listing: Operation = {
  id: 'getAccountGroups',
  method: 'GET',
  path: '/account-groups',
  scopes: [],
  isRead: true,
  takesAccountGroup: false,
  otherGroups: undefined,
  bucket: undefined,
  query: [],
}

export const accountGroupsRequest = (region: RegionId, credential: UpstreamCredential): UpstreamRequest => ({
  region,
  credential,
  operation: listing,
  parameters: {},
  query: new URLSearchParams(),
  accountGroup: undefined,
  headers: { accept: 'application/json' },
  body: undefined,
  signal: new AbortController().signal,
})

/** Thousands of account groups are less. */
const mostBytes = 8 * 1024 * 1024

const answerSchema = z.object({
  accountGroups: z.array(
    z.object({
      aid: z.union([z.string(), z.number()]).transform(String),
      accountGroupName: z.string(),
      isDefaultAccountGroup: z.boolean().optional(),
      isCurrentAccountGroup: z.boolean().optional(),
    }),
  ),
})

const unusable = (cause?: unknown): UpstreamUnavailable => new UpstreamUnavailable('unusable', { cause })

/** @throws UpstreamUnavailable when it is no list of account groups */
export async function readAccountGroups({
  status,
  headers,
  body,
}: UpstreamAnswer): Promise<readonly AccountGroup[]> {
  if (status !== 200) {
    if (body instanceof Readable) body.destroy()
    if (status === 401) throw new UpstreamUnavailable('credential-rejected')
    // One about the address has been thrown before (rate-limited.ts).
    if (status === 429)
      throw new UpstreamUnavailable('exhausted', { retryAfterSeconds: Number(headers['retry-after']) || 60 })
    throw unusable()
  }
  try {
    const { accountGroups } = answerSchema.parse(JSON.parse(await answerText(body, mostBytes)))
    const groups = accountGroups.flatMap(({ aid: text, accountGroupName: name, ...flags }) => {
      const aid = parseAccountGroupId(text)
      return aid === undefined ? [] : [{ aid, name, isDefault: flags.isDefaultAccountGroup === true }]
    })
    // Calls without `aid` go to the default one (thousandeyes-facts 5.2).
    return groups
      .toSorted((one, other) => Number(other.isDefault) - Number(one.isDefault))
      .map(({ aid, name }, index) => ({ aid, name, isLogin: index === 0 }))
  } catch (cause) {
    throw unusable(cause)
  }
}
