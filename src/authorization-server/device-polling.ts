/** How one device has polled so far. */
export interface Polling {
  /** Epoch ms of the last poll that was not too fast. */
  readonly lastAt: number
  readonly intervalSeconds: number
}

/** Networks deliver late: a poll this much early is still obedient. */
const toleranceMs = 500

/**
 * RFC 8628 §3.5: a poll before the interval has passed raises it by five seconds, for this and all later polls. A refused poll
 * leaves `lastAt` alone, so a device that then obeys is never refused again.
 * @param before how it polled so far; undefined for its first poll @param now epoch ms
 */
export function slower(
  before: Polling | undefined,
  { now, intervalSeconds }: { readonly now: number; readonly intervalSeconds: number },
): { readonly tooFast: boolean; readonly polling: Polling } {
  // A poll that lies ahead was made before the clock was set back.
  if (!before || before.lastAt > now) return { tooFast: false, polling: { lastAt: now, intervalSeconds } }
  const isEarly =
    now - before.lastAt < before.intervalSeconds * 1000 - Math.min(toleranceMs, before.intervalSeconds * 100)
  return isEarly
    ? { tooFast: true, polling: { ...before, intervalSeconds: before.intervalSeconds + 5 } }
    : { tooFast: false, polling: { ...before, lastAt: now } }
}
