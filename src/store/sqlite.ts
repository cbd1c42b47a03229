/**
 * SQLite store: the embedded adapter, in memory or on a file that two processes may share.
 * Owns the connection, its files and the cache of records, and puts together what writes (group-commit.ts), what reads
 * (sqlite-reading.ts), what makes both durable (sqlite-log.ts) and what empties the log (sqlite-copying.ts).
 */
import { existsSync, realpathSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import type { Clock } from '#domain/clock.ts'
import { assertKeepable, versionSource, writtenRecord } from './changes.ts'
import { groupCommit } from './group-commit.ts'
import type { OpenedStore } from './images.ts'
import { afterOnMachine } from './purging.ts'
import { type RecordCache, recordCache } from './record-cache.ts'
import {
  beginAbove,
  type NewEpoch,
  noCheckpoint,
  numberOf,
  openAtCheckpoint,
  risingCheckpoint,
} from './sqlite-checkpoint.ts'
import { type CopyingFiles, noCopying, openCopying, openCopyingFiles } from './sqlite-copying.ts'
import { createPrivately, keepLog, openLog, pathOf, toDisk } from './sqlite-files.ts'
import { sqliteImages } from './sqlite-images.ts'
import { type Log, noLog } from './sqlite-log.ts'
import { assertLogWhole, type NumbersReached, readMark } from './sqlite-mark.ts'
import { isBusy, patiently } from './sqlite-patience.ts'
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
  /** The file of the checkpoint; left out, it is beside the database. */
  readonly checkpoint?: string | undefined
  /** Whether records that are older than the checkpoint are taken, to begin a new epoch. */
  readonly isEpochBumped?: boolean
  readonly newEpoch?: NewEpoch
  /** Whether the file is only looked at. */
  readonly staysAsItIs?: boolean
  /** Runs the work once after so many milliseconds; a timer of the machine unless given. @returns what calls it off */
  readonly after?: (milliseconds: number, work: () => void) => () => void
}

/** At most so many UTF-16 units: 16 to 32 MB, about 8,000 grants. */
const cacheSize = 16 * 1024 * 1024

/** SQLite waits so long by itself, which blocks the event loop; the rest of the patience is spent in timers. */
const blockingMilliseconds = 5
/** While the file is being opened nobody is served yet. */
const openingMilliseconds = 2_000

/** Beyond that a full check would take longer than a start may (about 1 ms per MB). */
const largestCheckedBytes = 256 * 1024 * 1024

/** @throws Error that names the path, when it cannot be opened, is damaged, newer, older than its checkpoint, or another program's */
export function openSqliteStore(parts: SqliteStoreParts): OpenedStore {
  const { clock, random, after = afterOnMachine, sync = toDisk } = parts
  const { database, log, reached, copies } = openFiles(parts)
  const prepare = preparing(database)
  const rows = rowsOf(prepare)
  const cache = recordCache(cacheSize, () => performance.now())
  const nextVersion = versionSource(random)
  const group = groupCommit({
    ...log,
    exec: execute(database),
    inTransaction: () => database.isTransaction,
    isBusy,
  })
  const copying = copies ? openCopying({ ...copies, ...group, log, sync }) : noCopying
  const file = checkpointOf(parts, database)
  const risen = (): void => copying.changed(1)
  const checkpoint =
    log === noLog ? noCheckpoint : risingCheckpoint({ database, group, file, reached, after, risen })
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
          checkpoint.noteChange()
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
        return slice ?? { gone: [], changed: 0, isLast: true }
      },
      copy: copying.copy,
      emptyLog: () => patiently(() => database.exec('PRAGMA wal_checkpoint(TRUNCATE)')),
    }),
    async close() {
      const risen = checkpoint.close()
      group.drain()
      await log.close()
      await risen
      cache.clear()
      await copying.close(() => (database.isOpen ? database.close() : undefined))
    },
  }
  function restored(): void {
    checkpoint.noteChange()
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

/** @returns what prepares statements whose rows come as arrays */
const preparing =
  (database: DatabaseSync) =>
  (sql: string): Statement => {
    const statement = database.prepare(sql)
    statement.setReturnArrays(true)
    return statement
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

const checkpointOf = ({ checkpoint }: SqliteStoreParts, database: DatabaseSync): string =>
  checkpoint ?? `${pathOf(database)}-checkpoint`

/** What the database says without its log. @returns undefined when that cannot be read, as after a crash halfway */
function numberAlone(path: string): number | undefined {
  try {
    const alone = new DatabaseSync(new URL(`${pathToFileURL(path)}?immutable=1`), { readOnly: true })
    try {
      return numberOf(alone)
    } finally {
      alone.close()
    }
  } catch {
    return undefined
  }
}

interface OpenedFiles {
  readonly database: DatabaseSync
  readonly log: Log
  readonly reached: NumbersReached
  /** Undefined for a database in memory. */
  readonly copies: CopyingFiles | undefined
}

function openFiles(parts: SqliteStoreParts): OpenedFiles {
  const { path, sync = toDisk } = parts
  let database: DatabaseSync | undefined
  try {
    if (path === ':memory:') {
      database = new DatabaseSync(path)
      prepareTables(database, () => undefined)
      return { database, log: noLog, reached: { alone: 0, number: 0 }, copies: undefined }
    }
    createPrivately(path)
    // As SQLite does, which keeps the log beside the file itself and not beside a link to it.
    const real = existsSync(path) ? realpathSync(path) : resolve(path)
    const mark = readMark(real)
    const alone = numberAlone(real)
    assertLogWhole(real, mark, alone)
    database = new DatabaseSync(real, { timeout: openingMilliseconds })
    const file = checkpointOf(parts, database)
    prepareTables(database, (made) => beginAbove(made, file))
    keepLog(database)
    if (statSync(path).size <= largestCheckedBytes) assertUndamaged(database)
    const number = admitRecords(database, parts) ?? alone ?? 0
    const reached = { alone: alone ?? 0, number }
    database.exec(`PRAGMA busy_timeout = ${blockingMilliseconds}`)
    const copies = openCopyingFiles(real, () => new DatabaseSync(real))
    return { database, reached, copies, log: openLog(database, sync, reached) }
  } catch (cause) {
    database?.close()
    throw new Error(`cannot use the database ${path}: ${(cause as Error).message}`, { cause })
  }
}

function prepareTables(database: DatabaseSync, created: (database: DatabaseSync) => void): void {
  database.exec('PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY')
  createOrCheckTables(database, () => created(database))
}

/** Nobody else is served yet, so SQLite brings these commits to the disk by itself, before the file of the checkpoint says them. */
function admitRecords(database: DatabaseSync, parts: SqliteStoreParts): number | undefined {
  const { clock, random, isEpochBumped = false, newEpoch, staysAsItIs = false } = parts
  const file = checkpointOf(parts, database)
  database.exec('PRAGMA synchronous = FULL')
  const number = openAtCheckpoint(database, {
    ...{ file, isEpochBumped, newEpoch, staysAsItIs },
    write(change) {
      rowsOf(preparing(database)).apply({ changes: [change], version: versionSource(random)() }, clock.now())
    },
  })
  database.exec('PRAGMA synchronous = NORMAL')
  return number
}
