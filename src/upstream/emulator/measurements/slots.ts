/** Time in slots of eight hours, each of which holds at most one incident of a test. */
export const slotSeconds = 28_800

/** @param at epoch seconds */
export const slotOf = (at: number): number => Math.floor(at / slotSeconds)

/** How far back incidents are told of: the span that the document lists alerts of when no other is asked for. */
const keptMs = 90 * 86_400_000

/** The slots of a span of time, the newest first, none that is older than what is kept. All in epoch ms. */
export function slotsBetween(startAt: number, endAt: number, asOf: number): readonly number[] {
  const newest = slotOf(endAt / 1000)
  const oldest = slotOf(Math.max(0, startAt, asOf - keptMs) / 1000)
  return Array.from({ length: Math.max(0, newest - oldest + 1) }, (_, index) => newest - index)
}

/** What is kept, as a range that ends now. */
export const keptRange = (asOf: number): { readonly startAt: number; readonly endAt: number } => ({
  startAt: Math.max(0, asOf - keptMs),
  endAt: asOf,
})
