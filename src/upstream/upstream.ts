/**
 * Upstream: whatever answers v7 behind the gateway. The gateway has already matched the operation and checked token, scope and
 * limits; the upstream checks roles, account groups of the user, and bodies. Adapters: emulator/ (embedded), live/ (ThousandEyes).
 */
import type { Readable } from 'node:stream'
import type { AccountGroup, AccountGroupId } from '#domain/account-group.ts'
import type { Awaitable } from '#domain/awaitable.ts'
import { gathered } from '#domain/gathered.ts'
import type { Operation } from '#domain/operation.ts'
import type { RegionId } from '#domain/region.ts'
import type { UpstreamCredential } from '#domain/upstream-credential.ts'

export interface UpstreamRequest {
  readonly region: RegionId
  readonly credential: UpstreamCredential
  readonly operation: Operation
  /** Values of the braces in the operation's path, percent-decoded. */
  readonly parameters: Readonly<Record<string, string>>
  /** Whose call it is: the organization of the user, and the client that asks. Undefined for what we ask ourselves. */
  readonly organization?: string | undefined
  readonly client?: string | undefined
  /** The caller's query, `aid` included when it was given. */
  readonly query: URLSearchParams
  /** The account group the call is for: the one asked for, or undefined for the user's login account group. */
  readonly accountGroup: AccountGroupId | undefined
  /** Lower-case names; what the gateway's allow-list let through. */
  readonly headers: Readonly<Record<string, string>>
  /** The request body, not yet read; undefined when the request has none. */
  readonly body: Readable | undefined
  /** Fires when the caller is gone. */
  readonly signal: AbortSignal
  /** Asked before the request goes out once more, on another connection; where it is left out, it may. */
  readonly repeating?: () => Awaitable<boolean>
}

export interface UpstreamAnswer {
  readonly status: number
  /** Lower-case names; values as the upstream sent them. */
  readonly headers: Readonly<Record<string, string>>
  /** Bytes at hand, or a stream of them; undefined for an answer without a body. */
  readonly body: string | Buffer | Readable | undefined
}

/** Whether the body says of itself that it is JSON; names of media types know no case (RFC 9110 §8.3.1). */
export const isJson = ({ headers }: Pick<UpstreamAnswer, 'headers'>): boolean =>
  headers['content-type']?.toLowerCase().includes('json') === true

/** @param most bytes that a true answer has @returns the body as text @throws when it has more, or what it breaks off with */
export async function answerText(body: UpstreamAnswer['body'], most: number): Promise<string> {
  if (body === undefined || typeof body === 'string') return body ?? ''
  const bytes = Buffer.isBuffer(body) ? body : await gathered(body, most)
  if (!bytes) throw new Error(`the answer has more than ${most} bytes`)
  return bytes.toString('utf8')
}

export interface Upstream {
  /** Answers one call. Expected refusals (400, 403, 404, ...) are answers; it throws only when the upstream cannot answer. */
  send(request: UpstreamRequest): Awaitable<UpstreamAnswer>
  /** The account groups that the credential reaches, by name, the login account group first. */
  accountGroups(region: RegionId, credential: UpstreamCredential): Promise<readonly AccountGroup[]>
}

export type UpstreamTrouble =
  /** No connection: no such name, refused, unreachable, or not in time. */
  | 'unreachable'
  /** Its certificate is not one that we trust. */
  | 'untrusted'
  /** Connected, and no answer in time. */
  | 'timeout'
  /** It broke off, or what it sent is no HTTP. */
  | 'broken'
  /** It answered in a way that cannot be passed on. */
  | 'unusable'
  /** It refused the credential. */
  | 'credential-rejected'
  /** A window of the user's organization is used up (thousandeyes-facts 6.3). */
  | 'exhausted'
  /** It refuses this address, whoever calls (thousandeyes-facts 6.3). */
  | 'address-blocked'
  /** It failed too often just now, and is not asked for a while. */
  | 'resting'
  /** As many calls are under way as may be. */
  | 'full'
  /** It refused so many credentials within the hour that the next refusal could block this address. */
  | 'budget-exhausted'

/** Why the upstream could not answer. Nothing was sent to the caller yet. */
export class UpstreamUnavailable extends Error {
  override readonly name = 'UpstreamUnavailable'
  readonly trouble: UpstreamTrouble
  /** After how many seconds it may be tried again; undefined where that is not known. */
  readonly retryAfterSeconds: number | undefined

  constructor(
    trouble: UpstreamTrouble,
    { cause, retryAfterSeconds }: { readonly cause?: unknown; readonly retryAfterSeconds?: number } = {},
  ) {
    super(`the upstream could not answer: ${trouble}`, { cause })
    this.trouble = trouble
    this.retryAfterSeconds = retryAfterSeconds
  }
}
