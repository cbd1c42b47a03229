/** I1 to I3 (reliability 3): nothing is spent twice, nothing acknowledged as revoked works, everything acknowledged works. */
import { type Entry, isRefused, isSpending, isWaiting, refusalOf, type Spending } from './history.ts'

const count = <Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  meaningOf: (item: Item) => string,
): readonly string[] =>
  [...Map.groupBy(items, keyOf)].flatMap(([key, group]) =>
    new Set(group.map(meaningOf)).size > 1 ? [key] : [],
  )

/** I1. A refresh token that is presented again may be answered again, with the same successor; a code is answered once. */
export function spentTwice(history: readonly Entry[]): readonly string[] {
  const answered = history.filter(isSpending).filter(({ status }) => status === 200)
  const pairs = answered.flatMap(({ token, successor }) =>
    successor === undefined ? [] : [{ token, successor }],
  )
  const codes = answered.filter(({ kind }) => kind !== 'refresh').map((entry, at) => ({ ...entry, at }))
  return [
    ...count(
      pairs,
      ({ token }) => token,
      ({ successor }) => successor,
    ).map((token) => `I1: ${token} has two successors`),
    ...count(
      pairs,
      ({ successor }) => successor,
      ({ token }) => token,
    ).map((successor) => `I1: ${successor} succeeds two tokens`),
    ...count(
      codes,
      ({ token }) => token,
      ({ at }) => String(at),
    ).map((code) => `I1: the code ${code} was exchanged twice`),
  ]
}

/** A connection has so many access tokens, the newest ones (ARCHITECTURE.md, "The grant record"). */
const liveAccessTokens = 5

/** Whether so many newer tokens were issued, or may have been, while a call was under way that its own is out of the list. */
function mayBeOutdated(spendings: readonly Spending[], call: Entry): boolean {
  const issuedAt = spendings.findIndex(({ access }) => access === call.token)
  const newer = spendings.slice(issuedAt + 1).filter(({ sentAt }) => sentAt < call.doneAt)
  return newer.length >= liveAccessTokens
}

/** Whether this code may have been spent before, or by a rival: then it is refused, and ends its connection (RFC 6749 §4.1.2). */
const isPresentedTwice = (spendings: readonly Spending[], { token, doneAt }: Entry): boolean =>
  spendings.filter((entry) => entry.token === token && entry.sentAt < doneAt && !isWaiting(entry)).length > 1

/**
 * A rival over a code ends the whole connection, whichever of the two came first. A device code, too, is spent for good: one that was sent
 * again, as its answer did not come, may be dealt with long after the other one was answered.
 */
const mayBeEnded = (spendings: readonly Spending[], { doneAt }: Entry): boolean =>
  spendings.some(
    (entry) =>
      entry.kind !== 'refresh' && entry.sentAt < doneAt && isPresentedTwice(spendings, { ...entry, doneAt }),
  )

function judgeChain(chain: number, history: readonly Entry[]): readonly string[] {
  const spendings = history.filter(isSpending)
  const revocations = history.filter(({ kind }) => kind === 'revoke')
  const isExcused = (entry: Entry): boolean => {
    if (revocations.some(({ sentAt }) => sentAt < entry.doneAt) || mayBeEnded(spendings, entry)) return true
    if (entry.kind === 'call') return mayBeOutdated(spendings, entry)
    return entry.kind !== 'refresh' && isPresentedTwice(spendings, entry)
  }
  return history.flatMap((entry) => {
    const { kind, token, sentAt, status } = entry
    if (kind === 'revoke') return []
    const isRevoked = revocations.some((one) => one.status === 200 && one.doneAt < sentAt)
    if (isRevoked && status === 200) return [`I2: ${kind} with ${token} of chain ${chain}, which is revoked`]
    return isRefused(entry) && !isExcused(entry)
      ? [`I3: ${kind} with ${token} of chain ${chain} was refused with ${status}`]
      : []
  })
}

/** I2 and I3, chain by chain. */
export const brokenPromises = (history: readonly Entry[]): readonly string[] =>
  [...Map.groupBy(history, ({ chain }) => chain)].flatMap(([chain, own]) => judgeChain(chain, own))

/**
 * Answers that are wrong whatever has failed: anything but success, the refusal that fits, and 503, or the 502 of a balancer, with a
 * word on when to come again. A client would throw its token away on the wrong 401, and give up on a 500.
 */
export const wrongAnswers = (history: readonly Entry[]): readonly string[] =>
  history.flatMap((entry) => {
    const { kind, chain, status, error, hasRetryAfter } = entry
    const isFailure = (status === 503 || status === 502) && hasRetryAfter === true
    const isHonest =
      status === 0 || status === 200 || isFailure || (status === refusalOf[kind] && error !== 'server_error')
    return isHonest
      ? []
      : [`answer: ${kind} of chain ${chain} was answered ${status}${error ? ` ${error}` : ''}`]
  })
