import { pack, type Sighting, weightOf } from './sighting.ts'
import type { Exchange } from './traffic.ts'

/** A place in the ring: a sighting until somebody wants to read it; then what may be read, and the sighting is let go. */
export interface Slot {
  readonly id: number
  sighting: Sighting | undefined
  exchange: Exchange | undefined
  hasEnded: boolean
  weight: number
}

export interface Bounds {
  readonly exchanges: number
  /** Of all that is kept, in characters. */
  readonly weight: number
}

/** The latest requests by id; the oldest make room when there are too many, or when they weigh too much. */
export interface Ring {
  lastId(): number
  nextId(): number
  put(sighting: Sighting): void
  /** Packs and weighs it, now that all of it is known. @returns undefined when it was pushed out meanwhile */
  end(sighting: Sighting): Slot | undefined
  /** Oldest first. */
  all(): readonly Slot[]
  /** At most so many, newest first. */
  latest(count: number): readonly Slot[]
  /** What has ended goes; what is under way keeps its place. */
  clear(): void
}

export function openRing({ exchanges, weight: weightLimit }: Bounds): Ring {
  // Ids grow by one, so each has its place by itself.
  let slots: (Slot | undefined)[] = new Array(exchanges).fill(undefined)
  let newest = 0
  let oldest = 1
  let weight = 0

  function pushOut(): void {
    const place = oldest % exchanges
    weight -= slots[place]?.weight ?? 0
    slots[place] = undefined
    oldest += 1
  }

  return {
    lastId: () => newest,
    nextId() {
      newest += 1
      return newest
    },
    put(sighting) {
      while (newest - oldest >= exchanges) pushOut()
      const { id } = sighting
      slots[id % exchanges] = { id, sighting, exchange: undefined, hasEnded: false, weight: 0 }
    },
    end(sighting) {
      const slot = slots[sighting.id % exchanges]
      if (slot?.sighting !== sighting) return undefined
      slot.hasEnded = true
      pack(sighting)
      slot.weight = weightOf(sighting)
      weight += slot.weight
      // The newest stays whatever it weighs: it is what somebody waits for.
      while (weight > weightLimit && oldest < newest) pushOut()
      return slot
    },
    all: () => rangeOf(oldest, newest),
    latest: (count) => rangeOf(Math.max(oldest, newest - count + 1), newest).toReversed(),
    clear() {
      const underWay = rangeOf(oldest, newest).filter(({ hasEnded }) => !hasEnded)
      slots = new Array(exchanges).fill(undefined)
      for (const slot of underWay) slots[slot.id % exchanges] = slot
      oldest = underWay[0]?.id ?? newest + 1
      weight = 0
    },
  }

  function rangeOf(from: number, to: number): readonly Slot[] {
    const range: Slot[] = []
    for (let id = from; id <= to; id += 1) {
      const slot = slots[id % exchanges]
      if (slot) range.push(slot)
    }
    return range
  }
}
