/** History: what clients asked and what they were answered, as they saw it. It knows neither the server's code nor its store. */

interface Seen {
  /** The connection: one chain of refresh tokens, from the code that began it. */
  readonly chain: number
  /** The token or code that was presented. */
  readonly token: string
  /** Of the client's monotonic clock, in milliseconds. */
  readonly sentAt: number
  readonly doneAt: number
  /** 0 when no whole answer came. */
  readonly status: number
  /** The word of RFC 6749 §5.2, where the answer says one. */
  readonly error?: string | undefined
  /** Of a problem, where the answer is one. */
  readonly code?: string | undefined
  /** Whether the answer says when to come again. */
  readonly hasRetryAfter?: boolean
}

/** A v7 call, or a revocation. */
export type Use = Seen & { readonly kind: 'call' | 'revoke' }

/** What gives tokens for something that may be spent once: a refresh token, an authorization code, a device code. */
export type Spending = Seen & {
  readonly kind: 'refresh' | 'exchange' | 'poll'
  /** The refresh token and the access token that were answered. */
  readonly successor?: string | undefined
  readonly access?: string | undefined
}

export type Entry = Use | Spending

export const isSpending = (entry: Entry): entry is Spending =>
  entry.kind === 'refresh' || entry.kind === 'exchange' || entry.kind === 'poll'

/** How a credential that is not valid is refused. A device that polls hears other words first. */
export const refusalOf: Readonly<Record<Entry['kind'], number>> = {
  call: 401,
  refresh: 400,
  exchange: 400,
  poll: 400,
  revoke: 400,
}

/** RFC 8628 §3.5: not yet, and not so often. Neither says that the code is not valid. */
export const isWaiting = ({ kind, error }: Entry): boolean =>
  kind === 'poll' && (error === 'authorization_pending' || error === 'slow_down')

export const isRefused = (entry: Entry): boolean =>
  entry.status === refusalOf[entry.kind] && !isWaiting(entry)
