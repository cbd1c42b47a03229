/**
 * SQLite store: the embedded adapter, in memory or on a file that two processes may share.
 * Owns the connection, its files and the cache of records, and puts together what writes (group-commit.ts), what reads
 * (sqlite-reading.ts), what makes both durable (sqlite-log.ts) and what empties the log (sqlite-copying.ts).
 */
import { closeSync, fdatasync, openSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Clock } from '#domain/clock.ts'
import { assertKeepable, versionSource, writtenRecord } from './changes.ts'
import { databaseFailure, groupCommit, patienceMilliseconds, pauseMilliseconds } from './group-commit.ts'
import type { OpenedStore } from './images.ts'
import { type RecordCache, recordCache } from './record-cache.ts'
import { type CopyingParts, noCopying, openCopying } from './sqlite-copying.ts'
import { sqliteImages } from './sqlite-images.ts'
import { type Log, noLog, syncedLog } from './sqlite-log.ts'
import { assertLogWhole, logMark } from './sqlite-mark.ts'
import { purging } from './sqlite-purging.ts'
import { readingOf } from './sqlite-reading.ts'
import { type Commit, rowsOf, type Statement } from './sqlite-rows.ts'
import { assertUndamaged, createOrCheckTables } from './sqlite-schema.ts'
import type { Store } from './store.ts'

export interface SqliteStoreParts {
  /** A file, or `:memory:`. */
  readonly path: string
  readonly clock: Clock
  /** Gives so many random bytes. */
  readonly random: (size: number) => Uint8Array
  /** Brings what was written to the file of this descriptor to the disk; fdatasync in the thread pool unless given. */
  readonly sync?: (descriptor: number) => Promise<void>
}

/** At most so many UTF-16 units: 16 to 32 MB, about 8,000 grants. */
const cacheSize = 16 * 1024 * 1024

/** SQLite waits so long by itself, which blocks the event loop; the rest of the patience is spent in timers. */
const blockingMilliseconds = 5
/** While the file is being opened nobody is served yet. */
const openingMilliseconds = 2_000

/** Beyond that a full check would take longer than a start may (about 1 ms per MB). */
const largestCheckedBytes = 256 * 1024 * 1024

/** @throws Error that names the path, when it cannot be opened, is damaged, newer, or another program's */
export function openSqliteStore({ path, clock, random, sync = toDisk }: SqliteStoreParts): OpenedStore {
  const { database, log } = openFiles(path, sync)
  const prepare = (sql: string): Statement => {
    const statement = database.prepare(sql)
    statement.setReturnArrays(true)
    return statement
  }
  const rows = rowsOf(prepare)
  const cache = recordCache(cacheSize, () => performance.now())
  const nextVersion = versionSource(random)
  const group = groupCommit({
    ...log,
    exec: execute(database),
    inTransaction: () => database.isTransaction,
    isBusy,
  })
  const copying = log === noLog ? noCopying : openCopying({ ...group, ...whereabouts(database), log, sync })
  const reading = readingOf({ rows, cache, log, prepare, patiently })

  const store: Store = {
    read: (keys) => reading.records(keys, clock.now()),
    async commit(changes) {
      if (changes.length === 0) return 'committed'
      assertKeepable(changes)
      const commit = { changes, version: nextVersion() }
      const outcome = await group.write({
        work: () => rows.apply(commit, clock.now()),
        isOneStatement: rows.isOneStatement(commit),
        committed() {
          remember(commit, cache)
          log.hold(changes.map(({ key }) => key))
          copying.changed(changes.length)
        },
      })
      return outcome ?? 'conflict'
    },
    list: (index, { limit = 1_000, after } = {}) =>
      reading.all(() => rows.list({ index, after, limit, now: clock.now() })),
    purge: purging({
      async purgeSlice(limit) {
        const slice = await group.write({
          work: () => rows.purge(limit, clock.now()),
          committed: ({ gone }) => gone.forEach(cache.forget),
        })
        return slice ?? { gone: [], isLast: true }
      },
      copy: copying.copy,
      emptyLog: () => patiently(() => database.exec('PRAGMA wal_checkpoint(TRUNCATE)')),
    }),
    async close() {
      group.drain()
      await log.close()
      cache.clear()
      await copying.close(() => (database.isOpen ? database.close() : undefined))
    },
  }
  function restored(): void {
    cache.clear()
    log.hold('all')
    copying.changed(Number.POSITIVE_INFINITY)
  }
  return {
    store,
    lost: log.lost,
    images: sqliteImages({ clock, rows, prepare, group, nextVersion, readAll: reading.all, restored }),
  }
}

/** Runs statements that give no rows; single ones are compiled once, as they come with every commit. */
function execute(database: DatabaseSync): (sql: string) => void {
  const compiled = new Map<string, ReturnType<DatabaseSync['prepare']>>()
  return (sql) => {
    if (sql.includes(';')) {
      database.exec(sql)
      return
    }
    const statement = compiled.get(sql) ?? database.prepare(sql)
    compiled.set(sql, statement)
    statement.run()
  }
}

function remember({ changes, version }: Commit, cache: RecordCache): void {
  for (const change of changes)
    if (change.kind === 'delete') cache.forget(change.key)
    else cache.keep(writtenRecord(change, version))
}

/** Tries again while another connection holds the lock, which in WAL mode keeps a reader only for moments. */
async function patiently<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  const giveUpAt = performance.now() + patienceMilliseconds
  for (;;) {
    try {
      return await work()
    } catch (failure) {
      if (!isBusy(failure) || performance.now() >= giveUpAt) throw databaseFailure(failure)
    }
    await pause(pauseMilliseconds)
  }
}

/** SQLITE_BUSY with its extended codes (sqlite.org/rescode.html). */
const isBusy = (failure: unknown): boolean =>
  failure instanceof Error && 'errcode' in failure && (Number(failure.errcode) & 0xff) === 5

/** On macOS libuv makes F_FULLFSYNC of it, as only that reaches the disk there. */
const toDisk = promisify(fdatasync)

function openFiles(
  path: string,
  sync: (descriptor: number) => Promise<void>,
): { readonly database: DatabaseSync; readonly log: Log } {
  let database: DatabaseSync | undefined
  try {
    if (path !== ':memory:') {
      createPrivately(path)
      assertLogWhole(resolve(path))
    }
    database = new DatabaseSync(path === ':memory:' ? path : resolve(path), { timeout: openingMilliseconds })
    database.exec('PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY')
    createOrCheckTables(database)
    if (path !== ':memory:') {
      keepLog(database)
      if (statSync(path).size <= largestCheckedBytes) assertUndamaged(database)
    }
    database.exec(`PRAGMA busy_timeout = ${blockingMilliseconds}`)
    return { database, log: path === ':memory:' ? noLog : openLog(database, sync) }
  } catch (cause) {
    database?.close()
    throw new Error(`cannot use the database ${path}: ${(cause as Error).message}`, { cause })
  }
}

/**
 * With NORMAL a commit is only written. SQLite then syncs the log before it copies pages out of it and when it begins it anew
 * (sqlite.org/pragma.html#pragma_synchronous); the sync that FULL adds to each commit is ours.
 */
function keepLog(database: DatabaseSync): void {
  // On macOS only F_FULLFSYNC reaches the disk; elsewhere the pragma does nothing.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA fullfsync = ON; PRAGMA journal_size_limit = 16777216')
  // The first read, here of the version, makes the file of the log.
  database.exec('PRAGMA synchronous = NORMAL; PRAGMA user_version')
  // Copying is an affair of its own (sqlite-copying.ts).
  database.exec('PRAGMA wal_autocheckpoint = 0')
  // A log that could not be synced may be whole in memory alone, and no later sync would tell: what it holds is written anew.
  database.exec('PRAGMA wal_checkpoint(PASSIVE)')
}

/** SQLite's own name of the file, links followed. */
const pathOf = (database: DatabaseSync): string => database.location() ?? ''

function whereabouts(database: DatabaseSync): Pick<CopyingParts, 'path' | 'connect'> {
  const path = pathOf(database)
  return { path, connect: () => new DatabaseSync(path) }
}

/** The log stays the same file for as long as a connection is open, so one descriptor serves for good. */
function openLog(database: DatabaseSync, sync: (descriptor: number) => Promise<void>): Log {
  // SQLite's locks are on the other two files, so this one may be closed any time.
  const path = pathOf(database)
  const descriptor = openSync(`${path}-wal`, 'r+')
  const mark = logMark(path, descriptor)
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
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (failure) {
    // An existing file is never opened here: closing it again would drop the locks SQLite holds on it in this process.
    if ((failure as NodeJS.ErrnoException).code !== 'EEXIST') throw failure
  }
}
