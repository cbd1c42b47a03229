/**
 * Judges what clients saw, by nothing but what they saw (reliability 3): I1 nothing is spent twice, I2 nothing acknowledged as revoked
 * works, I3 every acknowledged token works. It knows neither the server's code nor its store.
 */
interface Seen {
  /** The connection, one chain of refresh tokens. */
  readonly chain: number
  /** The token that was presented. */
  readonly token: string
  /** Of the client's monotonic clock, in milliseconds. */
  readonly sentAt: number
  readonly doneAt: number
  /** 0 when the connection failed. */
  readonly status: number
}

export type Entry =
  | (Seen & { readonly kind: 'call' | 'revoke' })
  | (Seen & {
      readonly kind: 'refresh'
      /** The refresh token and the access token that were answered. */
      readonly successor?: string | undefined
      readonly access?: string | undefined
    })

const refusal: Readonly<Record<Entry['kind'], number>> = { call: 401, refresh: 400, revoke: 400 }

function spentTwice(history: readonly Entry[]): readonly string[] {
  const pairs = history.flatMap((entry) =>
    entry.kind === 'refresh' && entry.status === 200 && entry.successor !== undefined
      ? [{ spent: entry.token, successor: entry.successor }]
      : [],
  )
  const count = (
    groups: Map<string, readonly object[]>,
    words: string,
    of: (pair: object) => unknown,
  ): string[] =>
    [...groups]
      .filter(([, group]) => new Set(group.map(of)).size > 1)
      .map(([token]) => `I1: ${token} ${words}`)
  return [
    ...count(
      Map.groupBy(pairs, ({ spent }) => spent),
      'has two successors',
      (pair) => (pair as (typeof pairs)[number]).successor,
    ),
    ...count(
      Map.groupBy(pairs, ({ successor }) => successor),
      'succeeds two tokens',
      (pair) => (pair as (typeof pairs)[number]).spent,
    ),
  ]
}

/** A connection has so many access tokens, the newest ones (ARCHITECTURE.md, "The grant record"). */
const liveAccessTokens = 5

/** Whether so many newer tokens were issued, or may have been, while a call was under way that its own is out of the list. */
function mayBeOutdated(history: readonly Entry[], call: Entry): boolean {
  const ownChain = history.filter(({ kind, chain }) => kind === 'refresh' && chain === call.chain)
  const issuedAt = ownChain.findIndex((entry) => entry.kind === 'refresh' && entry.access === call.token)
  const newer = ownChain.slice(issuedAt + 1).filter(({ sentAt }) => sentAt < call.doneAt)
  return newer.length >= liveAccessTokens
}

/** @returns each broken promise in words; none is what is hoped for */
export function brokenPromises(history: readonly Entry[]): readonly string[] {
  const broken = [...spentTwice(history)]
  const revocations = history.filter(({ kind }) => kind === 'revoke')
  for (const entry of history) {
    const { kind, chain, token, sentAt, doneAt, status } = entry
    if (kind === 'revoke') continue
    const own = revocations.filter((revocation) => revocation.chain === chain)
    const isRevoked = own.some((revocation) => revocation.status === 200 && revocation.doneAt < sentAt)
    const mayBeRevoked = own.some((revocation) => revocation.sentAt < doneAt)
    if (isRevoked && status === 200)
      broken.push(`I2: ${kind} with ${token} of chain ${chain}, which is revoked`)
    if (mayBeRevoked || status !== refusal[kind]) continue
    if (kind === 'refresh' || !mayBeOutdated(history, entry))
      broken.push(`I3: ${kind} with ${token} of chain ${chain} was refused with ${status}`)
  }
  return broken
}
