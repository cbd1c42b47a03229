/** Purging of the SQLite store: how a call removes what has expired, slice by slice, so that each holds the event loop for moments only. */
import { setTimeout as pause } from 'node:timers/promises'
import { pauseMilliseconds } from './group-commit.ts'
import { type PurgedSlice, purgeRows } from './sqlite-rows.ts'

export interface PurgingParts {
  /** Has what the next slice reads at hand. */
  readonly bring: (limit: number) => Promise<void>
  /** Removes some records, at most so many. */
  readonly purgeSlice: (limit: number) => Promise<PurgedSlice>
  /** Copies what is in the log into the database. */
  readonly copy: () => Promise<void>
  /** Copies it too. */
  readonly emptyLog: () => Promise<void>
}

/** @returns removes at most so many records, and says how many it removed */
export function purging({
  bring,
  purgeSlice,
  copy,
  emptyLog,
}: PurgingParts): (limit: number) => Promise<number> {
  /** What a slice wrote is copied at once: all that a round writes would take as much longer. */
  async function clearLog({ changed }: PurgedSlice, isEnd: boolean): Promise<void> {
    // Deleted pages would stay readable there (security 7.5).
    if (isEnd) await emptyLog()
    else if (changed > 0) await copy()
  }

  /** Whether the log may hold pages of what was removed; a call that ends at its limit leaves that to the next one. */
  let isLeft = false

  return async (limit) => {
    let purged = 0
    for (let isFirst = true, isLast = false; !isLast && purged < limit; isFirst = false) {
      if (!isFirst) await pause(pauseMilliseconds)
      await bring(Math.min(limit - purged, purgeRows))
      const slice = await purgeSlice(limit - purged)
      purged += slice.gone.length
      isLast = slice.isLast
      isLeft ||= slice.gone.length > 0
      await clearLog(slice, isLast && isLeft)
      if (isLast) isLeft = false
    }
    return purged
  }
}
