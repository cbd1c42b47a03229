import { freeSlots, type Ledger } from './unauthorized-ledger.ts'

const renewedMs = 30_000

/** How many slots this node needs, by how many calls there were at a time in the last half to whole minute. */
export class SlotDemand {
  #peak = 0
  #peakBefore = 0
  #rotatedAt: number

  constructor(now: number) {
    this.#rotatedAt = now
  }

  /** @param calls under way and waiting */
  note(calls: number): void {
    if (calls > this.#peak) this.#peak = calls
  }

  /** @param calls under way and waiting now @param most that there can be */
  wanted(calls: number, now: number, most: number): number {
    this.note(calls)
    if (now - this.#rotatedAt >= renewedMs || now < this.#rotatedAt) {
      this.#peakBefore = this.#peak
      this.#peak = calls
      this.#rotatedAt = now
    }
    const peak = Math.max(this.#peak, this.#peakBefore)
    return peak === 0 ? 0 : Math.min(most, Math.ceil(peak * 1.25) + 1)
  }
}

/** What each node may have while another one is in need: all the same. */
export function shareOf(ledger: Ledger, node: string, budget: number): number {
  const others = Object.entries(ledger.leases).filter(([id]) => id !== node)
  if (!others.some(([, { isWanting }]) => isWanting)) return Number.POSITIVE_INFINITY
  return Math.max(1, Math.floor((budget - ledger.spent.length) / (others.length + 1)))
}

/** @param have slots that are not spent @returns how many to have next; never all that are free, as another node may need some as much */
export function nextSlots(
  ledger: Ledger,
  budget: number,
  { have, want }: { have: number; want: number },
): number {
  const free = freeSlots(ledger, budget)
  return want > have && free > 0 ? have + Math.min(want - have, Math.ceil(free / 2)) : Math.min(have, want)
}
