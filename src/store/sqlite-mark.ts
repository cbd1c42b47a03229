/**
 * Mark: beside the database, how long its log was when it last was brought to the disk. SQLite takes a log that was cut for one that a
 * crash left, and would begin without what was acknowledged, revocations too (DECISIONS 106).
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

/** A log that is not there, or empty, is one that was copied into the database. @throws Error when it is shorter than it was */
export function assertLogWhole(path: string): void {
  const [salts, bytes] =
    readIfThere(() => readFileSync(markFile(path), 'utf8'))
      ?.trim()
      .split(' ') ?? []
  const found = readIfThere(() => {
    const descriptor = openSync(`${path}-wal`, 'r')
    const state = stateOf(descriptor)
    closeSync(descriptor)
    return state
  })
  if (found === undefined || found.bytes === 0 || found.salts !== salts || found.bytes >= Number(bytes))
    return
  throw new Error(
    `its log was cut: ${found.bytes} bytes are there of ${bytes}; put back the whole log, or remove ${markFile(path)} and lose what was done since`,
  )
}

/** @param log a descriptor of the log, which the mark does not close */
export function logMark(path: string, log: number): LogMark {
  closeSync(openSync(markFile(path), 'a', 0o600))
  const mark = openSync(markFile(path), 'r+')
  let noted: string | undefined
  return {
    look() {
      const { salts, bytes } = stateOf(log)
      return `${salts} ${bytes}`.padEnd(width)
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
