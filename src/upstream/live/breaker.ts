export interface Breaker {
  /** @returns 0 when the call may go out, and then its outcome has to be told; else in how many seconds one may */
  admit(): number
  /** Whether nobody may call now. */
  isResting(): boolean
  /** The upstream answered, whatever it said. */
  answered(): void
  /** It could not be reached, or did not answer as it has to. */
  failed(): void
  /** The caller left before it was known. */
  left(): void
}

export interface BreakerParts {
  /** So many failures in a row open it. */
  readonly failures: number
  readonly restSeconds: number
  /** A stopwatch, in ms. */
  readonly now: () => number
}

/** Spares an upstream that fails: open for a while, then one call tries, and its outcome closes or opens it again. */
export function openBreaker({ failures, restSeconds, now }: BreakerParts): Breaker {
  let inRow = 0
  /** When a call may try again; undefined while closed. */
  let restsUntil: number | undefined
  let isTrying = false
  return {
    admit() {
      if (restsUntil === undefined) return 0
      const waitMs = restsUntil - now()
      if (waitMs > 0) return Math.ceil(waitMs / 1_000)
      if (isTrying) return 1
      isTrying = true
      return 0
    },
    isResting: () => restsUntil !== undefined && now() < restsUntil,
    answered() {
      inRow = 0
      restsUntil = undefined
      isTrying = false
    },
    failed() {
      inRow += 1
      // Calls that were under way when it opened say nothing new.
      if (restsUntil !== undefined && !isTrying) return
      if (inRow >= failures) restsUntil = now() + restSeconds * 1_000
      isTrying = false
    },
    left() {
      isTrying = false
    },
  }
}
