import type { Clock } from '#domain/clock.ts'
import type { RegionId } from '#domain/region.ts'
import { UpstreamUnavailable } from '#upstream/upstream.ts'

/** Ours, all. */
const freeInRow = 5
const firstPauseMs = 10_000
const longestPauseMs = 300_000
/** Of the budget: calls of a region that may be out while it says nothing at all. */
const silentPart = 0.2

interface RegionEnds {
  inRow: number
  /** Epoch ms from which the next call may go out. */
  nextAt: number
  /** How often it rested or was tried again. */
  rests: number
  /** Of silence, counted: each ends as the region is heard, or rests. */
  spell: number
  /** Calls that went out in it, whatever became of them. */
  silent: number
  readonly waiting: Set<() => void>
}

/** A call that went out. */
export interface Sent {
  readonly ends: RegionEnds
  readonly rests: number
  readonly spell: number
}

export interface UnknownEndsParts {
  readonly clock: Clock
  readonly after: (milliseconds: number, work: () => void) => () => void
  /** Answers of 401 in an hour. */
  readonly budget: number
  /** How long a call waits for a region that says nothing. */
  readonly waitSeconds: number
}

/**
 * Calls whose answer nobody heard use up the budget of 401 as if they had been refused. So that an upstream that hangs for hours does not
 * cost all of it, few calls are out in a region while it says nothing, and one where several in a row end unheard gets one call after ever
 * longer pauses. So one region that hangs leaves the others what they need (reliability R23).
 */
export class UnknownEnds {
  readonly #parts: UnknownEndsParts
  readonly #mostSilent: number
  readonly #regions = new Map<RegionId, RegionEnds>()

  constructor(parts: UnknownEndsParts) {
    this.#parts = parts
    this.#mostSilent = Math.max(freeInRow, Math.floor(parts.budget * silentPart))
  }

  /** @returns in how many seconds the call may go out; 0 for now, and then the next one has to wait for what becomes of it */
  wait(region: RegionId): number {
    const now = this.#parts.clock.now()
    const ends = this.#regions.get(region)
    if (!ends || ends.inRow < freeInRow) return 0
    if (now < ends.nextAt && ends.nextAt - now <= longestPauseMs) return secondsUntil(ends.nextAt, now)
    ends.nextAt = now + pauseOf(ends.inRow)
    ends.rests += 1
    return 0
  }

  /** For calls that need not wait otherwise. @returns undefined for now, else when to ask again @throws UpstreamUnavailable after the wait */
  hold(region: RegionId): Promise<void> | undefined {
    const ends = this.#regions.get(region)
    if (!ends || ends.inRow >= freeInRow || ends.silent < this.#mostSilent) return undefined
    return new Promise((resolve, reject) => {
      const goOn = (): void => {
        ends.waiting.delete(goOn)
        callOff()
        resolve()
      }
      const callOff = this.#parts.after(this.#parts.waitSeconds * 1_000, () => {
        ends.waiting.delete(goOn)
        reject(new UpstreamUnavailable('full', { retryAfterSeconds: 1 }))
      })
      ends.waiting.add(goOn)
    })
  }

  /** A call goes out. One of the three below is told what becomes of it. */
  begin(region: RegionId): Sent {
    const ends = this.#endsOf(region)
    const { rests, spell } = ends
    ends.silent += 1
    return { ends, rests, spell }
  }

  heard({ ends }: Sent): void {
    ends.inRow = 0
    ends.spell += 1
    ends.silent = 0
    wake(ends, this.#mostSilent)
  }

  unheard({ ends, rests }: Sent): void {
    // Calls that were under way when the rest began say nothing new.
    if (rests !== ends.rests) return
    ends.inRow += 1
    ends.nextAt = this.#parts.clock.now() + pauseOf(ends.inRow)
    if (ends.inRow >= freeInRow) this.#rest(ends)
  }

  /** Nothing was sent, or what came says nothing of the region. */
  untold({ ends, spell }: Sent): void {
    if (spell !== ends.spell) return
    ends.silent -= 1
    wake(ends, 1)
  }

  #rest(ends: RegionEnds): void {
    ends.rests += 1
    ends.spell += 1
    ends.silent = 0
    wake(ends, ends.waiting.size)
  }

  #endsOf(region: RegionId): RegionEnds {
    const known = this.#regions.get(region)
    if (known) return known
    const ends = { inRow: 0, nextAt: 0, rests: 0, spell: 0, silent: 0, waiting: new Set<() => void>() }
    this.#regions.set(region, ends)
    return ends
  }
}

function wake({ waiting }: RegionEnds, most: number): void {
  if (waiting.size > 0) for (const goOn of [...waiting].slice(0, most)) goOn()
}

const pauseOf = (inRow: number): number =>
  Math.min(longestPauseMs, firstPauseMs * 2 ** Math.max(0, inRow - freeInRow))

const secondsUntil = (at: number, now: number): number => Math.max(1, Math.ceil((at - now) / 1_000))
