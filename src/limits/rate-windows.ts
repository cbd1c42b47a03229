import type { Clock } from '#domain/clock.ts'
import type { Draw, LimitRule, RateWindows } from './limits.ts'

interface Window {
  endsAt: number
  used: number
}

/** More buckets than organizations and clients of one process; beyond it the oldest window is forgotten, never a call refused. */
const maxBuckets = 10_000

/** Windows with what whoever tests them does to them. */
export interface AdjustableWindows extends RateWindows {
  /** Uses up what is left of the window that is open now. @returns its end, epoch ms; undefined when windows are always full */
  exhaust(bucket: string, rule: LimitRule): number | undefined
  /** All windows are full again. */
  forget(): void
}

/**
 * Fixed windows on the wall clock: every published example of a reset is a whole minute (thousandeyes-facts 6.3, inferred).
 * The published text says "rolling from the first request", which no published figure bears out.
 */
export function fixedWindows(clock: Clock): AdjustableWindows {
  const windows = new Map<string, Window>()

  function open(bucket: string, endsAt: number): Window {
    // Deleting first moves the bucket to the end, so that the first key is always the one opened longest ago.
    windows.delete(bucket)
    const [oldest] = windows.size < maxBuckets ? [] : windows.keys()
    if (oldest !== undefined) windows.delete(oldest)
    const window = { endsAt, used: 0 }
    windows.set(bucket, window)
    return window
  }

  function endOf(windowSeconds: number): number {
    const now = clock.now()
    const span = windowSeconds * 1000
    return now - (now % span) + span
  }

  function current(bucket: string, windowSeconds: number): Window {
    const endsAt = endOf(windowSeconds)
    const standing = windows.get(bucket)
    // Another end, earlier or later, is another window: the clock of tests may also go back.
    return standing?.endsAt === endsAt ? standing : open(bucket, endsAt)
  }

  return {
    exhaust(bucket, { limit, windowSeconds }) {
      const window = current(bucket, windowSeconds)
      window.used = limit
      return window.endsAt
    },
    forget: () => windows.clear(),
    draw(bucket, { limit, windowSeconds }) {
      const window = current(bucket, windowSeconds)
      const allowed = window.used < limit
      if (allowed) window.used += 1
      return { allowed, limit, remaining: limit - window.used, resetAt: window.endsAt }
    },
    peek(bucket, { limit, windowSeconds }) {
      const resetAt = endOf(windowSeconds)
      const standing = windows.get(bucket)
      const used = standing?.endsAt === resetAt ? standing.used : 0
      return { allowed: used < limit, limit, remaining: limit - used, resetAt }
    },
  }
}

/** Windows that are always full: the headers stay, nothing is refused (`--limits off`). */
export function fullWindows(clock: Clock): AdjustableWindows {
  const full = (_bucket: string, { limit, windowSeconds }: LimitRule): Draw => {
    const now = clock.now()
    const span = windowSeconds * 1000
    return { allowed: true, limit, remaining: limit, resetAt: now - (now % span) + span }
  }
  return { exhaust: () => undefined, forget: () => undefined, draw: full, peek: full }
}
