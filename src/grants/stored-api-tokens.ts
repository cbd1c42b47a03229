import type { Audit } from '#audit/audit.ts'
import type { Clock } from '#domain/clock.ts'
import { type Connection, type GrantTag, parseGrantTag } from '#domain/grant.ts'
import { apiTokensClientId } from '#domain/integration.ts'
import { type Refusal, refuse } from '#domain/refusal.ts'
import type { UserId } from '#domain/user.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { Change, Store } from '#store/store.ts'
import type { ApiTokenAsking, ApiTokens, WantedApiToken } from './api-tokens.ts'
import { type GrantRecord, grantIndexes, grantKey, grantValue, recordedLimits } from './grant-record.ts'
import type { Grants } from './grants.ts'
import { apiTokenValue } from './token-values.ts'

export interface StoredApiTokensParts {
  readonly store: Store
  readonly secrets: Secrets
  readonly clock: Clock
  readonly audit: Audit
  readonly grants: Pick<Grants, 'list'>
  readonly randomBytes: (size: number) => Buffer
  readonly mostPerUser: number
}

/** Longer than any two requests that race. */
const turnMs = 3_600_000
const mostTries = 10

const newTag = (randomBytes: (size: number) => Buffer): GrantTag => {
  const tag = parseGrantTag(randomBytes(12).toString('base64url'))
  if (!tag) throw new Error('twelve bytes gave no grant tag')
  return tag
}

/** The record of a grant that has one token, which ends with it. @param hash of the token's value @param now epoch ms */
function recordOf(
  wanted: WantedApiToken,
  { user, sessionUid }: ApiTokenAsking,
  { hash, now }: { readonly hash: string; readonly now: number },
): GrantRecord {
  const exp = Math.floor(wanted.endsAt / 1000)
  return {
    userId: user.id,
    region: user.region,
    clientId: apiTokensClientId,
    scopes: wanted.scopes,
    accountGroups: wanted.accountGroups,
    ...recordedLimits(wanted.limits),
    apiToken: wanted.name,
    sessionUid,
    createdAt: now,
    lastUsedAt: now,
    endsAt: exp * 1000,
    pendingUntil: 0,
    grant: {},
    access: [{ hash, exp, payload: { scope: wanted.scopes.join(' ') } }],
  }
}

/** Scoped API tokens on the store port, beside the grants of integrations. @throws when the store cannot answer */
export function storedApiTokens(parts: StoredApiTokensParts): ApiTokens {
  const { store, secrets, clock, audit, grants, randomBytes, mostPerUser } = parts

  /** Two that are made at once must not both be the last that is allowed: such a commit conflicts when another was faster. */
  async function turnOf(userId: UserId): Promise<Change> {
    const key = `api-token-turn:${userId}`
    const [stored] = await store.read([key])
    const expiresAt = clock.now() + turnMs
    return { kind: 'put', key, value: '', expiresAt, expected: stored?.version ?? 'absent' }
  }

  function refusalOf(
    held: readonly Connection[],
    { name }: WantedApiToken,
  ): Refusal<'too_many' | 'name_taken'> | undefined {
    if (held.some(({ apiToken }) => apiToken === name))
      return refuse('name_taken', 'There is an API token of this name already.')
    return held.length >= mostPerUser
      ? refuse('too_many', `There are ${held.length} API tokens already, and ${mostPerUser} are allowed.`)
      : undefined
  }

  function grantChanges(record: GrantRecord, tag: GrantTag, { address }: ApiTokenAsking): readonly Change[] {
    const { userId, clientId, endsAt: expiresAt, apiToken: detail = '' } = record
    const entry = audit.entry({
      event: 'api-token-generated',
      ...{ actor: userId, userId, clientId, grant: tag, detail },
      ...(address === undefined ? {} : { address }),
    })
    const [key, value, indexes] = [grantKey(tag), grantValue(record), grantIndexes(record)]
    return [{ kind: 'put', key, value, expiresAt, expected: 'absent', indexes }, entry]
  }

  return {
    async generate(wanted, asking) {
      const userId = asking.user.id
      const tag = newTag(randomBytes)
      const token = apiTokenValue(secrets, tag, randomBytes(32).toString('base64url'))
      for (let tries = 0; tries < mostTries; tries += 1) {
        const turn = await turnOf(userId)
        const refusal = refusalOf(await grants.list({ userId, clientId: apiTokensClientId }), wanted)
        if (refusal) return refusal
        const record = recordOf(wanted, asking, {
          hash: secrets.hash('access-token', token),
          now: clock.now(),
        })
        if ((await store.commit([...grantChanges(record, tag, asking), turn])) === 'committed')
          return { token, tag }
      }
      throw new Error('the API tokens of a user changed ten times during one change')
    },
  }
}
