/**
 * SQLite store: the embedded adapter, in memory or on a file that two processes may share.
 * Owns the connection and the cache of records, and puts together what opens the files (sqlite-opening.ts), what writes (group-commit.ts),
 * what reads (sqlite-reading.ts), what makes both durable (sqlite-log.ts) and what empties the log (sqlite-copying.ts).
 */
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { assertKeepable, versionSource, writtenRecord } from './changes.ts'
import { groupCommit } from './group-commit.ts'
import type { OpenedStore } from './images.ts'
import { afterOnMachine } from './purging.ts'
import { type RecordCache, recordCache } from './record-cache.ts'
import { noCheckpoint, raiseNumber, risingCheckpoint } from './sqlite-checkpoint.ts'
import { type CopyingParts, noCopying, openCopying } from './sqlite-copying.ts'
import { fetchingDue } from './sqlite-fetching.ts'
import { cutLongLog, toDisk } from './sqlite-files.ts'
import { sqliteImages } from './sqlite-images.ts'
import { noLog } from './sqlite-log.ts'
import { checkpointOf, type Driver, type OpeningParts, openFiles } from './sqlite-opening.ts'
import { isBusy, openedPatiently, patiently } from './sqlite-patience.ts'
import { purging } from './sqlite-purging.ts'
import { readingOf } from './sqlite-reading.ts'
import { type Commit, rowsOf, type Statement } from './sqlite-rows.ts'
import type { Store } from './store.ts'

export interface SqliteStoreParts extends OpeningParts {
  /** Told once why the file of the checkpoint can no longer be written, and once, by undefined, that it can be again. */
  readonly checkpointTold?: (failure: unknown) => void
  /** Runs the work once after so many milliseconds; a timer of the machine unless given. @returns what calls it off */
  readonly after?: (milliseconds: number, work: () => void) => () => void
}

/** At most so many UTF-16 units: 16 to 32 MB, about 8,000 grants. */
const cacheSize = 16 * 1024 * 1024

/** @throws Error that names the path, when it cannot be opened, is damaged, newer, older than its checkpoint, or another program's */
export function openSqliteStore(parts: SqliteStoreParts): OpenedStore {
  const { clock, random, after = afterOnMachine, sync = toDisk, checkpointTold: told = () => {} } = parts
  const { database, log, reached, copies } = openFiles(parts, driver)
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
  const copying = copies ? openCopying({ ...copies, ...group, ...loggedBy(database), log, sync }) : noCopying
  const file = checkpointOf(parts, database)
  const risen = (): void => copying.changed(1)
  const checkpoint =
    log === noLog ? noCheckpoint : risingCheckpoint({ database, group, file, reached, after, risen, told })
  const reading = readingOf({ rows, cache, log, prepare, patiently })
  const images = sqliteImages({ clock, rows, prepare, group, nextVersion, readAll: reading.all, restored })

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
      bring: copies ? fetchingDue({ ...copies, prepare, now: () => clock.now() }) : async () => {},
      async purgeSlice(limit) {
        const slice = await group.write({
          work: () => rows.purge(limit, clock.now()),
          committed({ gone, changed }) {
            gone.forEach(cache.forget)
            copying.changed(changed)
          },
        })
        return slice ?? { gone: [], changed: 0, isLast: true }
      },
      copy: copying.copy,
      emptyLog: copying.empty,
    }),
    async close() {
      const risen = checkpoint.close()
      // At once where it can: whoever closes may count on the last syncs to be under way.
      if (copying.settled() !== undefined) await copying.settled()
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
  return { store, images, lost: log.lost, checkpoint }
}

/** The same, once nobody holds the lock of the file any more, who may be a store of this process and need the event loop for that. */
export const openUnlocked = (parts: SqliteStoreParts): Promise<OpenedStore> =>
  openedPatiently(() => openSqliteStore(parts))

/** @returns what prepares statements whose rows come as arrays */
const preparing =
  (database: DatabaseSync) =>
  (sql: string): Statement => {
    const statement = database.prepare(sql)
    statement.setReturnArrays(true)
    return statement
  }

const driver: Driver<DatabaseSync> = {
  connect: (path, { isReader = false, isAlone = false, timeout = 0 } = {}) =>
    isAlone
      ? new DatabaseSync(new URL(`${pathToFileURL(path)}?immutable=1`), { readOnly: true })
      : new DatabaseSync(path, { readOnly: isReader, timeout }),
  preparing,
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

/** What copying does by the connection that writes, whose cache of records its own commits leave alone. */
const loggedBy = (database: DatabaseSync): Pick<CopyingParts, 'writePage' | 'cutLog'> => ({
  writePage() {
    cutLongLog(database)
    database.exec('PRAGMA synchronous = OFF')
    try {
      raiseNumber(database)
    } finally {
      database.exec('PRAGMA synchronous = NORMAL')
    }
  },
  cutLog: () => patiently(() => database.exec('PRAGMA wal_checkpoint(TRUNCATE)')),
})

function remember({ changes, version }: Commit, cache: RecordCache): void {
  for (const change of changes)
    if (change.kind === 'delete') cache.forget(change.key)
    else cache.keep(writtenRecord(change, version))
}
