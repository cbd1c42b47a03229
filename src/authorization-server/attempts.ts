import type { Guards, LimitRule } from '#limits/limits.ts'

/** What one attempt counts under: a key and how often it may be missed. */
export type Count = readonly [key: string, rule: LimitRule]

/**
 * Counts one attempt under several keys, before it is made. Where any of them is exhausted the attempt is not made and counts
 * under none, so that whoever is blocked by one cannot use up the others, which other people share.
 * @returns seconds to wait; 0 when the attempt may be made @throws when the store cannot answer
 */
export async function countAttempt(guards: Guards, counts: readonly Count[]): Promise<number> {
  const hits = await Promise.all(
    counts.map(async ([key, rule]) => ({ key, ...(await guards.hit(key, rule)) })),
  )
  const refusing = hits.filter(({ blocked }) => blocked)
  if (refusing.length === 0) return 0
  await Promise.all(hits.filter(({ blocked }) => !blocked).map(({ key }) => guards.release(key)))
  return Math.max(1, ...refusing.map(({ retryAfterSeconds }) => retryAfterSeconds))
}
