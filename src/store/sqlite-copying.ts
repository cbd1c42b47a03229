/**
 * Copying: brings pages from SQLite's log into the database, so that the log can begin anew. SQLite does so by itself at the end of a
 * commit, and waits for the disk there, twice. Here only the copying is done on the event loop, and both syncs in the thread pool
 * (DECISIONS 154).
 *
 * Nobody may copy what is not yet on the disk, and nobody may write over a log whose copy is not: a reader of its own stands at the end
 * of the log meanwhile, beyond which no connection of any process copies, and which keeps each from beginning the log anew.
 * What is copied whole is begun anew before anybody writes (sqlite-beginning.ts).
 */
import { closeSync, openSync } from 'node:fs'
import { type BeginningParts, beginning } from './sqlite-beginning.ts'
import type { Log } from './sqlite-log.ts'

export interface Copying {
  /** So many records were changed, in a commit that is about to be synced. Copies by itself once they are many. */
  changed(records: number): void
  /** Copies what was committed before. @returns once it is over; that something failed is told to nobody but the log, as more is tried later */
  copy(): Promise<void>
  /** Leaves of the log only the page with which it begins anew. @returns as `copy` */
  empty(): Promise<void>
  /** To be asked before the last writes of this process. @returns what resolves once they may be done; undefined where that is at once */
  settled(): Promise<void> | undefined
  /** Waits for what is under way, then lets go of the database. @param closeDatabase lets all others go */
  close(closeDatabase: () => void): Promise<void>
}

/** Of a database that is not kept. */
export const noCopying: Copying = {
  changed: () => {},
  copy: async () => {},
  empty: async () => {},
  settled: () => undefined,
  close: async (closeDatabase) => closeDatabase(),
}

/** To the database, of its own. */
export interface Connection {
  exec(sql: string): void
  prepare(sql: string): { get(): Record<string, unknown> | undefined }
  close(): void
  readonly isTransaction: boolean
}

export interface CopyingFiles {
  readonly reader: Connection
  readonly copier: Connection
  /** Of the database. Closed after all connections: SQLite's own lock on the file goes with any descriptor of it (sqlite.org/howtocorrupt.html, 2.2). */
  readonly descriptor: number
}

/**
 * The reader cannot write: else it would copy the log without a sync, and remove it, where it is the last that ends.
 * @throws Error when one of them cannot be had
 */
export function openCopyingFiles(
  path: string,
  connect: (path: string, how?: { readonly isReader: true }) => Connection,
): CopyingFiles {
  const reader = quiet(connect(path, { isReader: true }))
  return { reader, copier: quiet(connect(path)), descriptor: openSync(path, 'r+') }
}

/**
 * To be closed before the connection that writes: the last one that closes removes the log. Where the database may lack what was copied
 * the reader stands, as the next start needs all of the log.
 */
export function closeFirst({ copier, reader }: Pick<CopyingFiles, 'reader' | 'copier'>): void {
  copier.close()
  if (!reader.isTransaction) reader.close()
}

export interface CopyingParts extends CopyingFiles, Pick<BeginningParts, 'writePage'> {
  readonly log: Log
  /** Brings what was written to the file of this descriptor to the disk. */
  readonly sync: (descriptor: number) => Promise<void>
  /** Has this process write nothing before the work is over. */
  readonly withoutWrites: (work: () => Promise<void>) => Promise<void>
  /** Cuts the log, which is copied, to nothing, unless somebody else uses it. */
  readonly cutLog: () => Promise<void>
}

interface Copied {
  readonly pages: number
  readonly left: number
}

/** About 4 MB of log. More would be copied in one go, and fewer be copied more often, as most changes are of the same pages. */
const changesBetween = 300
/** Less than is kept of a log that begins anew (sqlite-files.ts), so that it seldom has to be cut, and grow again. */
const longLogPages = 3_000

/** Once. @returns what copies, and says how many pages the log has and how many of them are not copied: those behind a reader that stands, of another program perhaps */
function copyingOnce({ reader, copier, descriptor, log, sync }: CopyingParts): () => Promise<Copied> {
  const checkpoint = copier.prepare('PRAGMA wal_checkpoint(PASSIVE)')

  function letGo(): void {
    if (reader.isTransaction) reader.exec('COMMIT')
  }

  return async () => {
    log.assertUsable()
    let [pages, left] = [0, 0]
    try {
      reader.exec('BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1')
      await log.sync()
      const told = checkpoint.get()
      pages = Number(told?.['log'])
      left = pages - Number(told?.['checkpointed'])
    } catch (failure) {
      // As on a full disk: what is copied in part does not count as copied.
      letGo()
      throw failure
    }
    // After a sync that failed the reader stands for as long as the process lives.
    await log.bringAlso(() => sync(descriptor))
    letGo()
    return { pages, left }
  }
}

export function openCopying(parts: CopyingParts): Copying {
  const { copier, descriptor, log, withoutWrites, writePage, cutLog } = parts
  const { anew, settled } = beginning({ holder: copier, log, writePage })
  const copyOnce = copyingOnce(parts)
  let since = 0
  let isWritten = false
  let underWay: Promise<void> | undefined
  let closing: Promise<void> | undefined

  /** What is written meanwhile is in the log only, which can begin anew once there is a moment without. */
  async function copyAll(): Promise<void> {
    since = 0
    isWritten = false
    const { pages, left } = await copyOnce()
    if (left === 0 && !isWritten) await withoutWrites(anew)
    // Behind a reader that stands nothing is gained by it.
    else if (pages >= longLogPages && left < longLogPages / 2) await withoutWrites(copyWhole)
  }

  async function copyWhole(): Promise<void> {
    await copyOnce()
    await anew()
  }

  async function cut(): Promise<void> {
    await copyOnce()
    await cutLog()
    await anew()
  }

  function begin(work: Promise<void>): Promise<void> {
    underWay = work
      .catch(() => undefined)
      .finally(() => {
        underWay = undefined
      })
    return underWay
  }

  async function copy(): Promise<void> {
    if (closing === undefined) await (underWay ?? begin(copyAll()))
  }

  async function empty(): Promise<void> {
    while (underWay !== undefined) await underWay
    if (closing === undefined) await begin(withoutWrites(cut))
  }

  async function finish(closeDatabase: () => void): Promise<void> {
    await underWay
    closeFirst(parts)
    closeDatabase()
    closeSync(descriptor)
  }

  return {
    changed(records) {
      isWritten = true
      since += records
      // Not before the sync of the commit itself is under way, which would have to wait for ours.
      if (since >= changesBetween && !underWay) setImmediate(() => void copy())
    },
    copy,
    empty,
    settled,
    close(closeDatabase) {
      closing ??= finish(closeDatabase)
      return closing
    },
  }
}

/** It reads next to nothing, and never waits for the disk. */
function quiet(connection: Connection): Connection {
  connection.exec('PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = 0')
  return connection
}
