import type { Clock } from '#domain/clock.ts'
import { type OnceRecordsParts, onceRecords } from '#secrets/once-records.ts'

/** Long enough for the redirect to the page that shows it. */
const keptMs = 60_000

/** A secret on its way to the next page of one browser session. */
export interface ShownOnce {
  keep(sessionUid: string, secret: string): Promise<void>
  /** @returns the secret; undefined when it was shown, or never kept. Of two who ask at once one gets it */
  take(sessionUid: string): Promise<string | undefined>
}

/**
 * In the store meanwhile, where each process that may answer the next request finds it.
 * @param purpose of one page: another one never shows what was kept for it
 */
export function shownOnce(
  parts: OnceRecordsParts & { readonly clock: Clock },
  purpose: 'shown-once' | 'shown-once-api-token',
): ShownOnce {
  const records = onceRecords<{ readonly secret: string }>(parts, purpose)
  return {
    keep: (sessionUid, secret) => records.keep(sessionUid, { secret }, parts.clock.now() + keptMs),
    async take(sessionUid) {
      const found = await records.find(sessionUid)
      if (!found || found === 'used') return undefined
      return (await found.take()) ? found.content.secret : undefined
    },
  }
}
