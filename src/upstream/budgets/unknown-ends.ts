import type { Clock } from '#domain/clock.ts'
import type { RegionId } from '#domain/region.ts'

/** Ours, all. */
const freeInRow = 5
const firstPauseMs = 10_000
const longestPauseMs = 300_000

interface RegionEnds {
  inRow: number
  /** Epoch ms from which the next call may go out. */
  nextAt: number
}

/**
 * Calls whose answer nobody heard use up the budget of 401 as if they had been refused. So that an upstream that hangs for hours
 * does not cost all of it, a region where several in a row end so gets one call after ever longer pauses.
 */
export class UnknownEnds {
  readonly #clock: Clock
  readonly #regions = new Map<RegionId, RegionEnds>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @returns in how many seconds the call may go out; 0 for now, and then the next one has to wait for what becomes of it */
  wait(region: RegionId): number {
    const now = this.#clock.now()
    const ends = this.#regions.get(region)
    if (!ends || ends.inRow < freeInRow) return 0
    if (now < ends.nextAt && ends.nextAt - now <= longestPauseMs) return secondsUntil(ends.nextAt, now)
    ends.nextAt = now + pauseOf(ends.inRow)
    return 0
  }

  heard(region: RegionId): void {
    const ends = this.#regions.get(region)
    if (ends) ends.inRow = 0
  }

  unheard(region: RegionId): void {
    const ends = this.#regions.get(region) ?? { inRow: 0, nextAt: 0 }
    ends.inRow += 1
    ends.nextAt = this.#clock.now() + pauseOf(ends.inRow)
    this.#regions.set(region, ends)
  }
}

const pauseOf = (inRow: number): number =>
  Math.min(longestPauseMs, firstPauseMs * 2 ** Math.max(0, inRow - freeInRow))

const secondsUntil = (at: number, now: number): number => Math.max(1, Math.ceil((at - now) / 1_000))
