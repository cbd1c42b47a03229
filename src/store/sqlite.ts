/**
 * SQLite store: the embedded adapter, in memory or on a file that two processes may share.
 * Owns the connection, the transactions and a cache of records. The cache is exact: own commits change it, and before each
 * read `PRAGMA data_version` tells whether another connection wrote. Commits are durable (synchronous=FULL, DECISIONS 7).
 */
import { closeSync, openSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '#domain/clock.ts'
import { assertKeepable, versionSource, writtenRecord } from './changes.ts'
import { databaseFailure, groupCommit, patienceMilliseconds, pauseMilliseconds } from './group-commit.ts'
import type { OpenedStore } from './images.ts'
import { type RecordCache, recordCache } from './record-cache.ts'
import { sqliteImages } from './sqlite-images.ts'
import { type Commit, type Rows, rowsOf, type Statement } from './sqlite-rows.ts'
import { assertUndamaged, createOrCheckTables } from './sqlite-schema.ts'
import type { Store, StoredRecord } from './store.ts'

export interface SqliteStoreParts {
  /** A file, or `:memory:`. */
  readonly path: string
  readonly clock: Clock
  /** Gives so many random bytes. */
  readonly random: (size: number) => Uint8Array
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
export function openSqliteStore({ path, clock, random }: SqliteStoreParts): OpenedStore {
  const database = openDatabase(path)
  const prepare = (sql: string): Statement => {
    const statement = database.prepare(sql)
    statement.setReturnArrays(true)
    return statement
  }
  const rows = rowsOf(prepare)
  const cache = recordCache(cacheSize)
  const nextVersion = versionSource(random)
  const group = groupCommit({
    exec: execute(database),
    inTransaction: () => database.isTransaction,
    isBusy,
  })
  const read = path === ':memory:' ? readingMemory(rows, cache) : readingFile(rows, cache, prepare)

  const store: Store = {
    read: (keys) => patiently(() => read(keys, clock.now())),
    async commit(changes) {
      assertKeepable(changes)
      const commit = { changes, version: nextVersion() }
      const outcome = await group.write({
        work: () => rows.apply(commit, clock.now()),
        landed: () => remember(commit, cache),
      })
      return outcome ?? 'conflict'
    },
    list: (index, { limit = 1_000, after } = {}) =>
      patiently(() => rows.list({ index, after, limit, now: clock.now() })),
    async purge(limit) {
      const purged = (await group.write({ work: () => rows.purge(limit, clock.now()) })) ?? []
      for (const key of purged) cache.forget(key)
      // The last slice of a round also empties the log, where deleted pages would stay readable (security 7.5).
      if (purged.length > 0 && purged.length < limit)
        await patiently(() => database.exec('PRAGMA wal_checkpoint(TRUNCATE)'))
      return purged.length
    },
    async close() {
      group.drain()
      cache.clear()
      if (database.isOpen) database.close()
    },
  }
  const forget = cache.clear
  return { store, images: sqliteImages({ clock, rows, prepare, group, nextVersion, patiently, forget }) }
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

type Reading = (keys: readonly string[], now: number) => readonly (StoredRecord | undefined)[]

/** Nobody else can write there, so the cache needs no check. */
function readingMemory(rows: Rows, cache: RecordCache): Reading {
  return (keys, now) =>
    keys.map((key) => cachedRecord(cache, key, now) ?? fetchRecord({ rows, cache }, key, now))
}

function readingFile(rows: Rows, cache: RecordCache, prepare: (sql: string) => Statement): Reading {
  const readThrough = readingMemory(rows, cache)
  const dataVersion = prepare('PRAGMA data_version')
  const begin = prepare('BEGIN')
  const end = prepare('COMMIT')
  let seen: unknown

  function noticeForeignCommits(): void {
    const [version] = dataVersion.get() as [number]
    if (version === seen) return
    seen = version
    cache.clear()
  }

  return (keys, now) => {
    noticeForeignCommits()
    const cached = keys.map((key) => cachedRecord(cache, key, now))
    if (!cached.includes(undefined)) return cached
    if (keys.length === 1) return readThrough(keys, now)
    // One snapshot for all of them, so that nobody sees half of another process's commit.
    begin.run()
    try {
      noticeForeignCommits()
      return readThrough(keys, now)
    } finally {
      end.run()
    }
  }
}

function cachedRecord(cache: RecordCache, key: string, now: number): StoredRecord | undefined {
  const record = cache.find(key)
  return record && record.expiresAt > now ? record : undefined
}

function fetchRecord({ rows, cache }: { rows: Rows; cache: RecordCache }, key: string, now: number) {
  const record = rows.find(key, now)
  if (record) cache.keep(record)
  return record
}

function remember({ changes, version }: Commit, cache: RecordCache): void {
  for (const change of changes)
    if (change.kind === 'delete') cache.forget(change.key)
    else cache.keep(writtenRecord(change, version))
}

/** Tries again while another connection holds the lock, which in WAL mode keeps a reader only for moments. */
async function patiently<Result>(work: () => Result): Promise<Result> {
  const giveUpAt = performance.now() + patienceMilliseconds
  for (;;) {
    try {
      return work()
    } catch (failure) {
      if (!isBusy(failure) || performance.now() >= giveUpAt) throw databaseFailure(failure)
    }
    await pause(pauseMilliseconds)
  }
}

/** SQLITE_BUSY with its extended codes (sqlite.org/rescode.html). */
const isBusy = (failure: unknown): boolean =>
  failure instanceof Error && 'errcode' in failure && (Number(failure.errcode) & 0xff) === 5

function openDatabase(path: string): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    if (path !== ':memory:') createPrivately(path)
    database = new DatabaseSync(path === ':memory:' ? path : resolve(path), { timeout: openingMilliseconds })
    database.exec('PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA synchronous = FULL')
    createOrCheckTables(database)
    if (path !== ':memory:') {
      // On macOS only F_FULLFSYNC reaches the disk; elsewhere the pragma does nothing.
      database.exec('PRAGMA journal_mode = WAL; PRAGMA fullfsync = ON; PRAGMA journal_size_limit = 16777216')
      if (statSync(path).size <= largestCheckedBytes) assertUndamaged(database)
    }
    database.exec(`PRAGMA busy_timeout = ${blockingMilliseconds}`)
    return database
  } catch (cause) {
    database?.close()
    throw new Error(`cannot use the database ${path}: ${(cause as Error).message}`, { cause })
  }
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
