/**
 * Log: brings SQLite's write-ahead log to the disk in the thread pool, so that no sync holds the event loop (DECISIONS 54).
 * Owns what is committed but not yet durable, and who must not be told of it before it is. Knows neither SQL nor records.
 */

/** `all` where it is unknown which records changed, or where every record may be in an answer. */
export type Touched = readonly string[] | 'all'

export interface Log {
  /** Records of these keys were written to the log: what is read of them is held back until a sync that begins later. */
  hold(touched: Touched): void
  /** @returns resolves when a sync that begins after this call has succeeded; undefined where nothing needs one */
  sync(): Promise<void> | undefined
  /** @returns resolves when all that is now held of these keys is durable; undefined when it already is */
  durable(touched: Touched): Promise<void> | undefined
  /** Brings another file to the disk, without which the log's own syncs are worth nothing: one that failed ends this one too. */
  bringAlso(sync: () => Promise<void>): Promise<void>
  isUsable(): boolean
  /** Resolves with the reason once a sync has failed: nothing is usable then for as long as the process lives. */
  readonly lost: Promise<Error>
  /** @throws Error once a sync has failed or the log was closed */
  assertUsable(): void
  /** Ends the syncs under way; nothing may be read or written from the call on. Never rejects for a failed sync. */
  close(): Promise<void>
}

/** The log of a database that is not kept: whatever is committed is as durable as it will ever be. */
export const noLog: Log = {
  hold: () => {},
  sync: () => undefined,
  durable: () => undefined,
  bringAlso: async () => {},
  isUsable: () => true,
  lost: new Promise(() => {}),
  assertUsable: () => {},
  close: async () => {},
}

/** What one sync makes durable. */
interface Batch extends PromiseWithResolvers<void> {
  readonly keys: Set<string>
  isAll: boolean
  isAsked: boolean
}

/**
 * One sync at a time: what is committed meanwhile waits for the next, which covers all of it.
 * After one that failed nothing is believed any more: the kernel may have dropped the pages, and would call the next a success.
 * @param syncFile brings everything that was written to the log before the call to the disk
 * @param closeFile called once, after the last sync
 */
export function syncedLog(syncFile: () => Promise<void>, closeFile: () => void): Log {
  let next = newBatch()
  let underWay: Batch | undefined
  let unusable: Error | undefined
  const lost = Promise.withResolvers<Error>()
  let closing: Promise<void> | undefined

  async function syncRounds(): Promise<void> {
    while (next.isAsked && unusable === undefined) {
      underWay = next
      next = newBatch()
      try {
        await syncFile()
        underWay.resolve()
      } catch (cause) {
        fail(cause)
      }
      underWay = undefined
    }
  }

  function fail(cause: unknown): void {
    const failure = new Error(`its log could not be brought to the disk (${String(cause)})`, { cause })
    unusable = failure
    lost.resolve(failure)
    underWay?.reject(failure)
    next.reject(failure)
  }

  function sync(): Promise<void> {
    const batch = next
    batch.isAsked = true
    // Once it is closed nobody would ever tell.
    if (unusable) batch.reject(unusable)
    else if (!underWay) void syncRounds()
    return batch.promise
  }

  async function settle(): Promise<void> {
    await Promise.allSettled([underWay?.promise, next.isAsked ? next.promise : undefined])
    unusable ??= new Error('it is closed')
    closeFile()
  }

  return {
    hold(touched) {
      if (touched === 'all') next.isAll = true
      else for (const key of touched) next.keys.add(key)
    },
    sync,
    durable(touched) {
      if (holds(next, touched)) return sync()
      return underWay && holds(underWay, touched) ? underWay.promise : undefined
    },
    async bringAlso(bring) {
      try {
        await bring()
      } catch (cause) {
        fail(cause)
        throw unusable
      }
    },
    isUsable: () => unusable === undefined && closing === undefined,
    lost: lost.promise,
    assertUsable() {
      if (unusable) throw unusable
      if (closing !== undefined) throw new Error('it is closed')
    },
    close() {
      closing ??= settle()
      return closing
    },
  }
}

function newBatch(): Batch {
  const batch = { ...Promise.withResolvers<void>(), keys: new Set<string>(), isAll: false, isAsked: false }
  // Whoever waits hears of a failure; that nobody waits is no fault.
  batch.promise.catch(() => {})
  return batch
}

function holds({ keys, isAll }: Batch, touched: Touched): boolean {
  if (isAll) return true
  return touched === 'all' ? keys.size > 0 : keys.size > 0 && touched.some((key) => keys.has(key))
}
