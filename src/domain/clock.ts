/**
 * Domain: the words of Panoptes, without input or output. Imports nothing of ours.
 */

/** Where the time comes from. Instants are epoch milliseconds and end in `At`; spans end in `Seconds` (DECISIONS 12). */
export interface Clock {
  /** @returns now, in epoch milliseconds */
  now(): number
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => Date.now() }

export interface SteadyClockParts {
  readonly machine: Clock
  /** Milliseconds that pass whatever is done to the machine's clock. */
  readonly stopwatch: () => number
  /** Told once of each step back, with how far behind ours the machine's clock is. */
  readonly steppedBack: (behindMs: number) => void
}

/** By less than that a clock that is being kept right goes back; then ours stands still for so long. */
const unremarkableMs = 1_000

/**
 * Follows the machine's clock forward and never back: after a step back time goes on by the stopwatch, from where it was, until the
 * machine's clock has caught up (DECISIONS 90). What was once seen as expired stays so.
 */
export function steadyClock({ machine, stopwatch, steppedBack }: SteadyClockParts): Clock {
  let latest = machine.now()
  let readAt = stopwatch()
  let isBehind = false

  return {
    now() {
      const at = machine.now()
      // Within a millisecond nothing can be told, and a step back is still seen by the next call that is not.
      if (at === latest && !isBehind) return at
      const watch = stopwatch()
      const due = latest + Math.max(0, watch - readAt)
      const wasBehind = isBehind
      isBehind = due - at > unremarkableMs
      if (isBehind && !wasBehind) steppedBack(Math.round(due - at))
      // Whole milliseconds, as the machine's own; what is left over stays with the stopwatch.
      const now = isBehind ? Math.floor(due) : Math.max(latest, at)
      readAt = isBehind ? watch - (due - now) : watch
      latest = now
      return now
    },
  }
}

/** Where an adjustable clock stands. */
export interface ClockReading {
  /** Epoch ms. */
  readonly now: number
  /** How far it is ahead of the machine's clock, in ms; negative behind it. */
  readonly aheadMs: number
  /** Whether it stands still. */
  readonly frozen: boolean
}

/** A clock that tests own: the virtual clock of the emulator. */
export interface AdjustableClock extends Clock {
  /** Moves it forward, or back with a negative span; a frozen clock stays frozen. */
  advance(milliseconds: number): void
  /** Sets it to an instant; it goes on from there, or stays frozen there. */
  set(at: number): void
  /** Stops it where it is. */
  freeze(): void
  /** Lets it go on from where it stands. */
  resume(): void
  /** Back to the machine's clock, running. */
  reset(): void
  read(): ClockReading
  /** Whether it says another time than the machine's, or stands still. */
  isMoved(): boolean
}

/**
 * @param machine what it follows while it runs
 * @param moved told of every change that was made to it, with where it stands now
 */
export function adjustableClock(
  machine: Clock,
  moved: (now: number) => void = () => undefined,
): AdjustableClock {
  let aheadMs = 0
  let frozenAt: number | undefined
  const now = (): number => frozenAt ?? machine.now() + aheadMs
  const set = (instant: number): void => {
    const at = Math.round(instant)
    aheadMs = at - machine.now()
    if (frozenAt !== undefined) frozenAt = at
    moved(at)
  }
  return {
    now,
    set,
    advance: (milliseconds) => set(now() + milliseconds),
    freeze() {
      frozenAt = now()
    },
    resume() {
      if (frozenAt === undefined) return
      aheadMs = frozenAt - machine.now()
      frozenAt = undefined
    },
    reset() {
      aheadMs = 0
      frozenAt = undefined
      moved(now())
    },
    isMoved: () => aheadMs !== 0 || frozenAt !== undefined,
    read: () =>
      frozenAt === undefined
        ? { now: now(), aheadMs, frozen: false }
        : { now: frozenAt, aheadMs: frozenAt - machine.now(), frozen: true },
  }
}
