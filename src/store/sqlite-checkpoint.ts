/**
 * Checkpoint: a number in the database that rises while records change, and the same number in a file outside of it. A database whose
 * number is behind the file's is an older copy: what was revoked since would work again (reliability R11; DECISIONS 157).
 */
import { beginFile, raiseFile, readNumber } from './checkpoint-file.ts'
import type { GroupCommit } from './group-commit.ts'
import type { NumbersReached } from './sqlite-mark.ts'
import type { Change } from './store.ts'

/** What it needs of node:sqlite, whose only home is sqlite.ts. */
export interface CheckpointDatabase {
  readonly isTransaction: boolean
  exec(sql: string): void
  prepare(sql: string): {
    get(...values: (string | number)[]): Record<string, unknown> | undefined
  }
}

/** How an epoch begins: whatever was allowed before ends. */
export interface NewEpoch {
  /** Kinds of records that stay, which is what their keys begin with. */
  readonly outlivedBy: readonly string[]
  /** The record that tells of it, committed with it. */
  entry(): Change
}

export interface Opening {
  readonly file: string
  /** Whether older records are taken: their epoch ends with this start. */
  readonly isEpochBumped: boolean
  readonly newEpoch: NewEpoch | undefined
  /** Whether the records are looked at alone, and nothing is written. */
  readonly staysAsItIs: boolean
  /** Writes a record within the transaction that is open. */
  readonly write: (change: Change) => void
}

/** Not a change of the schema: the version before opens the file too, and lets the number stand. */
const table =
  'CREATE TABLE IF NOT EXISTS checkpoint (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL) STRICT'
const setting = 'INSERT INTO checkpoint VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET number = ?1'
const rising =
  'INSERT INTO checkpoint VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET number = number + 1 RETURNING number'

/** @returns 0 for a database of a version without checkpoints */
export function numberOf(database: CheckpointDatabase): number {
  const found = database.prepare("SELECT 1 AS found FROM sqlite_schema WHERE name = 'checkpoint'").get()
  return found === undefined ? 0 : Number(database.prepare('SELECT number FROM checkpoint').get()?.['number'])
}

function setNumber(database: CheckpointDatabase, number: number): void {
  database.exec(table)
  database.prepare(setting).get(number)
}

/** Nobody needs this one on the disk: a number that is higher says nothing wrong. A change of one page, at the end of that page. */
export const raiseNumber = (database: CheckpointDatabase): void =>
  database.exec('UPDATE checkpoint SET number = number + 1')

/** A new database is older than nothing, whatever stood in its place. To be called within the transaction that makes it. */
export const beginAbove = (database: CheckpointDatabase, file: string): void =>
  setNumber(database, readNumber(file))

interface Reached {
  readonly found: number
  readonly said: number
}

/** The file first: a process that runs meanwhile writes the database first. */
function reachedBy(database: CheckpointDatabase, file: string): Reached {
  const said = readNumber(file)
  return { said, found: numberOf(database) }
}

function assertNewest({ found, said }: Reached, file: string): void {
  if (found >= said) return
  throw new Error(
    `its records are older than ${file} says (${found} of ${said}), and what was revoked since would work again: put back the newest copy, or start with --bump-epoch, which ends all connections, sessions and tokens`,
  )
}

/** @throws Error when a start would refuse the records, of which nothing is changed */
export function assertTaken(
  database: CheckpointDatabase,
  { file, isEpochBumped, newEpoch, staysAsItIs }: Omit<Opening, 'write'>,
): void {
  const isEnded = isEpochBumped && (staysAsItIs || newEpoch !== undefined)
  if (!isEnded) assertNewest(reachedBy(database, file), file)
}

function begin(database: CheckpointDatabase, { outlivedBy, entry }: NewEpoch, write: Opening['write']): void {
  const kind = "substr(key, 1, instr(key || ':', ':') - 1)"
  database
    .prepare(`DELETE FROM record WHERE ${kind} NOT IN (SELECT value FROM json_each(?))`)
    .get(JSON.stringify(outlivedBy))
  write(entry())
}

/** In one transaction with the number: a new epoch that was killed halfway has not begun. @returns the number */
function beginStart(database: CheckpointDatabase, { file, write }: Opening, epoch?: NewEpoch): number {
  database.exec('BEGIN IMMEDIATE')
  try {
    const reached = reachedBy(database, file)
    if (epoch) begin(database, epoch, write)
    else assertNewest(reached, file)
    const number = Math.max(reached.found, reached.said) + 1
    setNumber(database, number)
    database.exec('COMMIT')
    return number
  } catch (failure) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw failure
  }
}

/**
 * To be called before anybody reads the records, while commits are brought to the disk by SQLite itself. With each start the number
 * rises, so that a copy that was made before is behind whatever this process does.
 * @returns the number it began with; undefined where it began with none
 * @throws Error when the records are older than the file says
 */
export function openAtCheckpoint(database: CheckpointDatabase, opening: Opening): number | undefined {
  const { file, isEpochBumped, newEpoch, staysAsItIs } = opening
  const epoch = isEpochBumped ? newEpoch : undefined
  if (staysAsItIs) {
    if (!isEpochBumped) assertNewest(reachedBy(database, file), file)
    return undefined
  }
  let number: number | undefined
  try {
    number = beginStart(database, opening, epoch)
    beginFile(file, number)
  } catch (failure) {
    if (!isFull(failure) || epoch) throw failure
  }
  // What was ended is not to stay readable in the log (security 7.5).
  if (epoch) database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  return number
}

/** SQLITE_FULL: nothing can be changed now, and what is changed later raises the number. */
const isFull = (failure: unknown): boolean =>
  failure instanceof Error && 'errcode' in failure && Number(failure.errcode) === 13

/** What becomes of the file while the program runs. */
export interface CheckpointFile {
  /** Whether the number that the database has by now could not be written there. */
  isBehind(): boolean
}

export interface Checkpoint extends CheckpointFile {
  /** Something was committed. */
  noteChange(): void
  /** To be called before the last writes are done. @returns once the last number is in both places, or cannot be brought there */
  close(): Promise<void>
}

export interface CheckpointParts {
  readonly database: CheckpointDatabase
  readonly group: GroupCommit
  readonly file: string
  readonly reached: NumbersReached
  /** Runs the work once after so many milliseconds. @returns what calls it off */
  readonly after: (milliseconds: number, work: () => void) => () => void
  /** Told of each number that was committed, which is a change as others are. */
  readonly risen: () => void
  /** Told once why the file can no longer be written, and once, by undefined, that it can be again. */
  readonly told: (failure: unknown) => void
}

/** So long a change may be without a number behind it. Not with each commit, which would write a page more each time. */
const everyMilliseconds = 1_000

/** The number rises while records change. The database is always first, so that the file never says too much. */
export function risingCheckpoint({
  database,
  group,
  file,
  reached,
  after,
  risen,
  told,
}: CheckpointParts): Checkpoint {
  let callOff: (() => void) | undefined
  let isClosed = false
  let underWay: Promise<void> = Promise.resolve()
  let written: Promise<unknown> = Promise.resolve()
  let isBehind = false

  /** Made once more where a full disk kept the start from it. */
  function rise(): number {
    database.exec(table)
    return Number(database.prepare(rising).get()?.['number'])
  }

  async function raiseInFile(number: number): Promise<void> {
    try {
      await raiseFile(file, number)
    } catch (failure) {
      if (!isBehind) told(failure)
      isBehind = true
      throw failure
    }
    if (isBehind) told(undefined)
    isBehind = false
  }

  async function raise(): Promise<void> {
    callOff = undefined
    try {
      const number = await group.write({ work: rise, committed: risen })
      reached.number = Math.max(reached.number, number ?? 0)
      // One after the other, as each looks at what stands there.
      const writing = written.then(() => raiseInFile(number ?? 0))
      written = writing.catch(() => undefined)
      await writing
    } catch {
      // On a full disk, say: it is tried again.
      arm()
    }
  }

  function arm(): void {
    if (!isClosed) callOff ??= after(everyMilliseconds, begin)
  }

  function begin(): void {
    const raised = raise()
    underWay = underWay.then(() => raised)
  }

  return {
    noteChange: arm,
    isBehind: () => isBehind,
    close() {
      isClosed = true
      callOff?.()
      if (callOff) begin()
      return underWay
    },
  }
}

/** Of a database in memory, of which there is no copy. */
export const noCheckpoint: Checkpoint = {
  noteChange: () => undefined,
  isBehind: () => false,
  close: () => Promise.resolve(),
}
