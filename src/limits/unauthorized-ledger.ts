/** What one node may use up until an instant. */
export interface Lease {
  readonly slots: number
  /** Epoch ms. From then on its slots count as spent at that instant, if the node did not say otherwise. */
  readonly until: number
  /** Which commit of the node this is. */
  readonly attempt: number
  /** Whether the node has less than it needs. */
  readonly isWanting: boolean
}

/** All answers of 401 that count, and all that may still come. */
export interface Ledger {
  /** Counts commits, so that a store that lost some can be told. */
  readonly revision: number
  /** Epoch ms of each. */
  readonly spent: readonly number[]
  readonly leases: Readonly<Record<string, Lease>>
}

const hourMs = 3_600_000

/**
 * So much longer than the hour each counts: for clocks of nodes that differ, and for an upstream that answers after we gave up.
 * Ours.
 */
export const marginMs = 120_000
const countsMs = hourMs + marginMs

export const emptyLedger: Ledger = { revision: 0, spent: [], leases: {} }

export const ledgerText = (ledger: Ledger): string => JSON.stringify(ledger)

/** @throws when it is no ledger: nothing may go out on a guess */
export function parseLedger(text: string): Ledger {
  const { revision, spent, leases } = JSON.parse(text) as Ledger
  if (!Number.isSafeInteger(revision) || !Array.isArray(spent) || typeof leases !== 'object')
    throw new Error('the record of answers 401 cannot be read')
  return { revision, spent, leases }
}

/** How long the record has to live. @returns epoch ms */
export const ledgerExpiry = ({ spent, leases }: Ledger, now: number): number =>
  Math.max(now, ...spent, ...Object.values(leases).map(({ until }) => until)) + countsMs

/** The ledger as it stands now: leases that ran out are spent, and what is older than the hour is forgotten. */
export function ledgerAt(ledger: Ledger, now: number): Ledger {
  const all = Object.entries(ledger.leases)
  const lapsed = all.filter(([, { until }]) => until <= now)
  const spent = [
    ...ledger.spent,
    ...lapsed.flatMap(([, { slots, until }]) => Array.from({ length: slots }, () => until)),
  ]
  return {
    revision: ledger.revision,
    spent: spent.filter((at) => at > now - countsMs),
    leases: Object.fromEntries(all.filter(([, { until }]) => until > now)),
  }
}

/** Slots that nobody holds; negative when more are held than there may be. */
export const freeSlots = ({ spent, leases }: Ledger, budget: number): number =>
  budget - spent.length - Object.values(leases).reduce((sum, { slots }) => sum + slots, 0)

/** Epoch ms at which the oldest that is spent counts no more. */
export const nextFreeAt = ({ spent }: Ledger): number => Math.min(...spent) + countsMs

/**
 * What is known of a ledger that the store has lost, or has in an older form (a Redis that was emptied, a replica that was behind).
 * Each answer counts once, and each lease at its larger size.
 */
export function restored(known: Ledger, read: Ledger): Ledger {
  const rest = [...known.spent]
  const unknown = read.spent.filter((at) => {
    const index = rest.indexOf(at)
    if (index >= 0) rest.splice(index, 1)
    return index < 0
  })
  const leases: Record<string, Lease> = { ...read.leases }
  for (const [node, lease] of Object.entries(known.leases))
    if (!(leases[node] && leases[node].slots > lease.slots)) leases[node] = lease
  return { revision: known.revision, spent: [...known.spent, ...unknown], leases }
}
