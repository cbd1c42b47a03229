/** Opening of the SQLite store: which files there are, which of them are refused, and what is brought in order before anybody is served. */
import { existsSync, realpathSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Clock } from '#domain/clock.ts'
import { versionSource } from './changes.ts'
import {
  assertTaken,
  beginAbove,
  type CheckpointDatabase,
  type NewEpoch,
  numberOf,
  openAtCheckpoint,
} from './sqlite-checkpoint.ts'
import { type Connection, type CopyingFiles, closeFirst, openCopyingFiles } from './sqlite-copying.ts'
import { createPrivately, keepLog, openLog, pathOf, toDisk } from './sqlite-files.ts'
import { type Log, noLog } from './sqlite-log.ts'
import { assertLogWhole, type NumbersReached, readMark } from './sqlite-mark.ts'
import { rowsOf, type Statement } from './sqlite-rows.ts'
import { assertUndamaged, createOrCheckTables, isOurs } from './sqlite-schema.ts'

export interface OpeningParts {
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
}

/** SQLite waits so long by itself, which blocks the event loop; the rest of the patience is spent in timers. */
const blockingMilliseconds = 5
/** Another process on the file holds its lock for moments; who holds it for longer may be this one, which must go on to give it back. */
const openingMilliseconds = 100

/** Beyond that a full check would take longer than a start may (about 1 ms per MB). */
const largestCheckedBytes = 256 * 1024 * 1024

/** What it needs of node:sqlite, whose only home is sqlite.ts. */
export interface OpenedDatabase extends CheckpointDatabase, Connection {
  location(): string | null
  prepare(sql: string): ReturnType<CheckpointDatabase['prepare']>
}

export interface How {
  /** Nothing is changed by it, nor by its end. */
  readonly isReader?: boolean
  /** As the file stands without its log. */
  readonly isAlone?: boolean
  /** In milliseconds. */
  readonly timeout?: number
}

export interface Driver<Database extends OpenedDatabase> {
  /** @throws Error when the file cannot be opened */
  connect(path: string, how?: How): Database
  /** @returns what prepares statements whose rows come as arrays */
  preparing(database: Database): (sql: string) => Statement
}

export const checkpointOf = (
  { checkpoint }: Pick<OpeningParts, 'checkpoint'>,
  database: Pick<OpenedDatabase, 'location'>,
): string => checkpoint ?? `${pathOf(database)}-checkpoint`

export interface OpenedFiles<Database> {
  readonly database: Database
  readonly log: Log
  readonly reached: NumbersReached
  /** Undefined for a database in memory. */
  readonly copies: CopyingFiles | undefined
}

/** @throws Error that names the path, when it cannot be opened, is damaged, newer, older than its checkpoint, or another program's */
export function openFiles<Database extends OpenedDatabase>(
  parts: OpeningParts,
  driver: Driver<Database>,
): OpenedFiles<Database> {
  const { path, sync = toDisk } = parts
  const { connect } = driver
  let database: Database | undefined
  let copies: CopyingFiles | undefined
  try {
    if (path === ':memory:') {
      database = connect(path)
      prepareTables(database, () => undefined)
      return { database, log: noLog, reached: { alone: 0, number: 0 }, copies: undefined }
    }
    createPrivately(path)
    // As SQLite does, which keeps the log beside the file itself and not beside a link to it.
    const real = existsSync(path) ? realpathSync(path) : resolve(path)
    const mark = readMark(real)
    const alone = numberAlone(real, driver)
    assertLogWhole(real, mark, alone)
    assertAdmissible(real, parts, driver)
    database = connect(real, { timeout: openingMilliseconds })
    const file = checkpointOf(parts, database)
    prepareTables(database, (made) => beginAbove(made, file))
    keepLog(database)
    const number = admitRecords(database, parts, driver) ?? alone ?? 0
    const reached = { alone: alone ?? 0, number }
    database.exec(`PRAGMA busy_timeout = ${blockingMilliseconds}`)
    copies = openCopyingFiles(real, connect)
    return { database, reached, copies, log: openLog(database, sync, reached) }
  } catch (cause) {
    // The last that ends removes the log, and only the database brings to the disk what it copies then.
    if (copies) closeFirst(copies)
    database?.close()
    throw new Error(`cannot use the database ${path}: ${(cause as Error).message}`, { cause })
  }
}

/** What the database says without its log. @returns undefined when that cannot be read, as after a crash halfway */
function numberAlone<Database extends OpenedDatabase>(
  path: string,
  { connect }: Driver<Database>,
): number | undefined {
  try {
    const alone = connect(path, { isAlone: true })
    try {
      return numberOf(alone)
    } finally {
      alone.close()
    }
  } catch {
    return undefined
  }
}

const bytesOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/**
 * Before anything is written: whoever is refused finds the files as they were. Where there is a log the connection may not write at all,
 * as the last one that may copies the log into the database when it closes, and removes it.
 */
function assertAdmissible<Database extends OpenedDatabase>(
  path: string,
  parts: OpeningParts,
  { connect }: Driver<Database>,
): void {
  const { isEpochBumped = false, newEpoch, staysAsItIs = false } = parts
  const look = connect(path, { isReader: bytesOf(`${path}-wal`) > 0, timeout: openingMilliseconds })
  try {
    if (!isOurs(look)) return
    if (bytesOf(path) <= largestCheckedBytes) assertUndamaged(look)
    assertTaken(look, { file: checkpointOf(parts, look), isEpochBumped, newEpoch, staysAsItIs })
  } finally {
    look.close()
  }
}

function prepareTables<Database extends OpenedDatabase>(
  database: Database,
  created: (database: Database) => void,
): void {
  database.exec('PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY')
  createOrCheckTables(database, () => created(database))
}

/** Nobody else is served yet, so SQLite brings these commits to the disk by itself, before the file of the checkpoint says them. */
function admitRecords<Database extends OpenedDatabase>(
  database: Database,
  parts: OpeningParts,
  { preparing }: Driver<Database>,
): number | undefined {
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
