/** Files of the SQLite store: the database and its log, for their owner alone, and how the log is kept and brought to the disk. */
import { closeSync, fdatasync, openSync, statSync } from 'node:fs'
import { promisify } from 'node:util'
import { type Log, syncedLog } from './sqlite-log.ts'
import { logMark, type NumbersReached } from './sqlite-mark.ts'

/** What it needs of node:sqlite, whose only home is sqlite.ts. */
interface FiledDatabase {
  exec(sql: string): void
  location(): string | null
}

/** On macOS libuv makes F_FULLFSYNC of it, as only that reaches the disk there. */
export const toDisk: (descriptor: number) => Promise<void> = promisify(fdatasync)

/** So much SQLite keeps of a log that it begins anew. */
const longestLogBytes = 16 * 2 ** 20

/**
 * With NORMAL a commit is only written. SQLite then syncs the log before it copies pages out of it and when it begins it anew
 * (sqlite.org/pragma.html#pragma_synchronous); the sync that FULL adds to each commit is ours.
 */
export function keepLog(database: FiledDatabase): void {
  // On macOS only F_FULLFSYNC reaches the disk; elsewhere the pragma does nothing.
  database.exec(
    `PRAGMA journal_mode = WAL; PRAGMA fullfsync = ON; PRAGMA journal_size_limit = ${longestLogBytes}`,
  )
  // The first read, here of the version, makes the file of the log.
  database.exec('PRAGMA synchronous = NORMAL; PRAGMA user_version')
  // Copying is an affair of its own (sqlite-copying.ts).
  database.exec('PRAGMA wal_autocheckpoint = 0')
  // A log that could not be synced may be whole in memory alone, and no later sync would tell: what it holds is written anew.
  database.exec('PRAGMA wal_checkpoint(PASSIVE)')
}

/**
 * To be called before a log that is copied begins anew without a sync: SQLite would cut it to its limit with that commit, and should the
 * power go then, the first part of the old log may be all that the disk has.
 * @throws Error when somebody reads it, so that it stays long
 */
export function cutLongLog(database: FiledDatabase): void {
  const isLong = (): boolean => statSync(`${pathOf(database)}-wal`).size > longestLogBytes
  if (isLong()) database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  if (isLong()) throw new Error('somebody reads the log')
}

/** SQLite's own name of the file, links followed. */
export const pathOf = (database: Pick<FiledDatabase, 'location'>): string => database.location() ?? ''

/** The log stays the same file for as long as a connection is open, so one descriptor serves for good. */
export function openLog(
  database: FiledDatabase,
  sync: (descriptor: number) => Promise<void>,
  reached: NumbersReached,
): Log {
  // SQLite's locks are on the other two files, so this one may be closed any time.
  const path = pathOf(database)
  const descriptor = openSync(`${path}-wal`, 'r+')
  const mark = logMark(path, descriptor, reached)
  return syncedLog(
    async () => {
      const seen = mark.look()
      await sync(descriptor)
      mark.note(seen)
    },
    () => {
      mark.close()
      closeSync(descriptor)
    },
  )
}

/** A new file is for its owner alone. SQLite gives its log and index the rights of the file. */
export function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (failure) {
    // An existing file is never opened here: closing it again would drop the locks SQLite holds on it in this process.
    if ((failure as NodeJS.ErrnoException).code !== 'EEXIST') throw failure
  }
}
