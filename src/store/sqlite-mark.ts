/**
 * Mark: beside the database, how long its log was when it last was brought to the disk. SQLite takes a log that was cut for one that a
 * crash left, and would begin without what was acknowledged, revocations too (DECISIONS 106). And which number of the checkpoint the database
 * had by itself when this run of the log began: SQLite would mix an older database with a newer log (DECISIONS 157).
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'

export interface LogMark {
  /** @returns what to note once a sync that begins now has succeeded */
  look(): string
  note(seen: string): void
  close(): void
}

interface LogState {
  /** Of this run of the log: another one when it was begun anew (sqlite.org/fileformat2.html#wal_file_format). */
  readonly salts: string
  readonly bytes: number
}

const saltsAt = 16
const width = 40

function stateOf(descriptor: number): LogState {
  const salts = Buffer.alloc(8)
  readSync(descriptor, salts, 0, salts.length, saltsAt)
  return { salts: salts.toString('hex'), bytes: fstatSync(descriptor).size }
}

function readIfThere<Result>(read: () => Result): Result | undefined {
  try {
    return read()
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw failure
  }
}

const markFile = (path: string): string => `${path}-mark`

/** What a sync noted last, as it stands in the file. */
export type NotedMark = readonly string[]

/** To be read before the database, as a process that runs meanwhile writes that first. */
export const readMark = (path: string): NotedMark =>
  readIfThere(() => readFileSync(markFile(path), 'utf8'))
    ?.trim()
    .split(' ') ?? []

/**
 * A log that is not there, or empty, is one that was copied into the database.
 * @param alone what the database says without its log, undefined when that cannot be read
 * @throws Error when the log is shorter than it was, or the database older than it was when the log was begun
 */
export function assertLogWhole(path: string, mark: NotedMark, alone: number | undefined): void {
  const [salts, bytes, number = 0] = mark
  const found = readIfThere(() => {
    const descriptor = openSync(`${path}-wal`, 'r')
    const state = stateOf(descriptor)
    closeSync(descriptor)
    return state
  })
  if (found === undefined || found.bytes === 0 || found.salts !== salts) return
  if (found.bytes < Number(bytes))
    throw new Error(
      `its log was cut: ${found.bytes} bytes are there of ${bytes}; put back the whole log, or remove ${markFile(path)} and lose what was done since`,
    )
  if (alone !== undefined && alone < Number(number))
    throw new Error(
      `it is older than its log (${alone} of ${number}): put back the database that the log was written for, or remove ${path}-wal, which is worth nothing with this one`,
    )
}

/** Numbers of the checkpoint that only rise. */
export interface NumbersReached {
  /** The database had it without its log when this process started. */
  readonly alone: number
  /** This process has brought it to the disk. */
  number: number
}

/** @param log a descriptor of the log, which the mark does not close */
export function logMark(path: string, log: number, reached: NumbersReached): LogMark {
  let run = stateOf(log).salts
  let base = reached.alone
  closeSync(openSync(markFile(path), 'a', 0o600))
  const mark = openSync(markFile(path), 'r+')
  let noted: string | undefined
  return {
    look() {
      const { salts, bytes } = stateOf(log)
      // A log is begun anew once all of it is in the database. What is brought to the disk with this sync is not reached yet.
      if (salts !== run) base = reached.number
      run = salts
      return `${salts} ${bytes} ${base}`.padEnd(width)
    },
    note(seen) {
      // A log that is begun anew keeps its length, so most syncs say what the one before said.
      if (seen === noted) return
      try {
        writeSync(mark, seen, 0)
        noted = seen
      } catch {
        // On a full disk the mark of before stays, which says less and nothing wrong.
      }
    },
    close: () => closeSync(mark),
  }
}
