import type { Clock } from '#domain/clock.ts'
import type { LimitRule, SourceBlock } from './limits.ts'
import type { Misses } from './misses.ts'

/** thousandeyes-facts 6.4: 120 unauthorized answers within an hour. That the hour slides and how long the block lasts are ours. */
const unauthorizedRule: LimitRule = { limit: 120, windowSeconds: 3600 }

/** How old what we know of an address may be before the store is asked again. */
const freshMs = 1000

/** Beyond so many addresses the one seen first is forgotten and asked for anew. */
const maxAddresses = 10_000

interface Standing {
  readonly key: string
  blockedUntil: number
  readAt: number
  /** The first reading of the store, while it lasts: nobody passes on a guess. */
  first: Promise<number> | undefined
}

/**
 * An IPv6 subscriber holds a whole /64, so that is the source; an IPv4 address is itself.
 * @param address as the socket gives it, zone id included
 */
function sourceOf(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = (address.split('%', 1)[0] ?? '').split('::')
  const left = head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => '0')
  const prefix = [...left, ...zeros, ...right].slice(0, 4)
  return `${prefix.map((group) => Number.parseInt(group || '0', 16).toString(16)).join(':')}::/64`
}

/** The block with what whoever tests it does to it. */
export interface AdjustableSourceBlock extends SourceBlock {
  /** Blocks the address as 120 answers 401 would. @returns epoch ms until which it is; undefined when nothing is ever blocked */
  block(address: string): Promise<number | undefined>
  /** Forgets what is held in memory, as the store was put back to another state. */
  forget(): void
}

/** The block on the shared store, with what is known of each address held in memory for a second. */
export function storedSourceBlock(misses: Misses, clock: Clock): AdjustableSourceBlock {
  const known = new Map<string, Standing>()

  function remember(address: string): Standing {
    const [oldest] = known.size < maxAddresses ? [] : known.keys()
    if (oldest !== undefined) known.delete(oldest)
    const key = `source:${sourceOf(address)}`
    const standing: Standing = { key, blockedUntil: 0, readAt: clock.now(), first: undefined }
    known.set(address, standing)
    return standing
  }

  async function refresh(standing: Standing): Promise<number> {
    const before = standing.blockedUntil
    const read = await misses.blockedUntil(standing.key, unauthorizedRule)
    // A count that finished meanwhile knows better than this reading.
    if (standing.blockedUntil === before) standing.blockedUntil = read
    return standing.blockedUntil
  }

  async function meet(address: string, standing: Standing): Promise<number> {
    try {
      return await refresh(standing)
    } catch (error) {
      known.delete(address)
      throw error
    } finally {
      standing.first = undefined
    }
  }

  return {
    blockedUntil(address) {
      const standing = known.get(address)
      if (!standing) {
        const met = remember(address)
        met.first = meet(address, met)
        return met.first
      }
      if (standing.first !== undefined) return standing.first
      const now = clock.now()
      if (now - standing.readAt >= freshMs || now < standing.readAt) {
        standing.readAt = now
        // A store that cannot answer is told to the caller by the reads that the call itself needs.
        refresh(standing).catch(() => undefined)
      }
      return standing.blockedUntil > now ? standing.blockedUntil : 0
    },
    async count(address) {
      const standing = known.get(address) ?? remember(address)
      const blockedUntil = await misses.hit(standing.key, unauthorizedRule)
      // The 120th is still answered 401, and whatever comes next is blocked, a right token too.
      standing.blockedUntil =
        blockedUntil === 0 ? await misses.blockedUntil(standing.key, unauthorizedRule) : blockedUntil
      return blockedUntil
    },
    async block(address) {
      const standing = known.get(address) ?? remember(address)
      standing.blockedUntil = await misses.fill(standing.key, unauthorizedRule)
      return standing.blockedUntil
    },
    forget: () => known.clear(),
    async lift(address) {
      known.delete(address)
      await misses.clear(`source:${sourceOf(address)}`)
    },
  }
}

/** Blocks nobody and counts nothing (`--limits off`). */
export const noSourceBlock: AdjustableSourceBlock = {
  blockedUntil: () => 0,
  count: () => Promise.resolve(0),
  lift: () => Promise.resolve(),
  block: () => Promise.resolve(undefined),
  forget: () => undefined,
}
