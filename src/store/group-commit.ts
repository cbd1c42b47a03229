/**
 * Group commit: the writes of one turn of the event loop share one transaction, and so one sync (DECISIONS 5, 54).
 * Owns when to begin, to commit, to tell and to give up. A lock held by another process never blocks the event loop: after
 * a few milliseconds the wait goes on in a timer (reliability principle 4). Knows nothing of records.
 */
import { StoreFailure } from './store.ts'

export interface GroupCommitParts {
  /** @throws Error when nothing may be written any more */
  readonly assertUsable: () => void
  /** @returns resolves when everything committed before is durable; undefined where it is so at once */
  readonly sync: () => Promise<void> | undefined
  /** Runs SQL of transaction control. */
  readonly exec: (sql: string) => void
  /** Whether a transaction is open: SQLite ends one by itself, for example on a full disk. */
  readonly inTransaction: () => boolean
  /** Whether the failure says that another connection holds the lock. */
  readonly isBusy: (failure: unknown) => boolean
}

export interface Write<Result> {
  /** Synchronous; `undefined` takes back everything it did. */
  readonly work: () => Result | undefined
  /** Whether the work is one statement, which SQLite does wholly or not at all: nothing is left to take back. */
  readonly isOneStatement?: boolean
  /** Called when it is committed, in the same turn; it is not durable yet. */
  readonly committed?: (result: Result) => void
}

export interface GroupCommit {
  /**
   * @returns what the work returned, once that is durable; `undefined` once what the work may have seen is durable
   * @throws StoreFailure, also when the lock is not had in time
   */
  write<Result>(write: Write<Result>): Promise<Result | undefined>
  /** Begins no transaction before the work is over; what comes meanwhile waits. */
  withoutWrites(work: () => Promise<void>): Promise<void>
  /** Does at once what is still queued; what a lock keeps from being done fails. */
  drain(): void
}

/** How long a read or a write waits for a lock. Machine time: a lock knows nothing of a virtual clock. */
export const patienceMilliseconds = 1_000
export const pauseMilliseconds = 10

/** No turn holds the event loop for more than so many writes. */
const largestGroup = 256

interface Waiting {
  readonly work: () => unknown
  readonly isOneStatement: boolean
  readonly committed: (result: unknown) => void
  readonly resolve: (result: unknown) => void
  readonly reject: (failure: StoreFailure) => void
  readonly giveUpAt: number
}

/** @returns a queue whose writes are committed together at the end of this turn of the event loop */
export function groupCommit(parts: GroupCommitParts): GroupCommit {
  let queue: Waiting[] = []
  let armed = false
  let isPaused = false

  function arm(): void {
    if (armed || isPaused) return
    armed = true
    setImmediate(flush)
  }

  function flush(): void {
    armed = false
    if (isPaused || queue.length === 0) return
    try {
      parts.assertUsable()
      parts.exec('BEGIN IMMEDIATE')
    } catch (failure) {
      if (parts.isBusy(failure)) waitForLock(failure)
      else refuse(queue.splice(0), failure)
      return
    }
    commitTogether(queue.splice(0, largestGroup), parts)
    if (queue.length > 0) arm()
  }

  function waitForLock(failure: unknown): void {
    const now = performance.now()
    const tired = queue.filter(({ giveUpAt }) => giveUpAt <= now)
    queue = queue.filter(({ giveUpAt }) => giveUpAt > now)
    refuse(tired, failure)
    armed = queue.length > 0
    if (armed) setTimeout(flush, pauseMilliseconds)
  }

  return {
    write: <Result>({ work, isOneStatement = false, committed = () => {} }: Write<Result>) =>
      new Promise<Result | undefined>((resolve, reject) => {
        const giveUpAt = performance.now() + patienceMilliseconds
        queue.push({ work, isOneStatement, committed, resolve, reject, giveUpAt } as Waiting)
        arm()
      }),
    async withoutWrites(work) {
      isPaused = true
      try {
        await work()
      } finally {
        isPaused = false
        if (queue.length > 0) arm()
      }
    },
    drain() {
      isPaused = false
      for (let left = queue.length; left > 0; left = queue.length) {
        flush()
        if (queue.length === left) refuse(queue.splice(0), new Error('the store was closed meanwhile'))
      }
    },
  }
}

/** How one write of a group ended: with a result, without one, or with a failure of its own. */
interface Outcome {
  readonly waiting: Waiting
  readonly result?: unknown
  readonly failure?: unknown
}

/** Within an open transaction: does the writes, ends it, and tells everybody once it is durable. */
function commitTogether(group: readonly Waiting[], parts: GroupCommitParts): void {
  const doOne = group.length === 1 ? doAlone : doAmongOthers
  let outcomes: readonly Outcome[]
  try {
    outcomes = group.map((waiting) => doOne(waiting, parts))
    if (parts.inTransaction()) parts.exec('COMMIT')
  } catch (failure) {
    takeBack(parts)
    refuse(group, failure)
    return
  }
  for (const { waiting, result } of outcomes) if (result !== undefined) waiting.committed(result)
  // All of them: a conflict may be owed to a commit, of this process or another, that is not durable yet.
  const durable = parts.sync()
  if (durable === undefined) tell(outcomes)
  else
    durable.then(
      () => tell(outcomes),
      (failure) => refuse(group, failure),
    )
}

function doAlone(waiting: Waiting, parts: GroupCommitParts): Outcome {
  const result = waiting.work()
  if (result === undefined) parts.exec('ROLLBACK')
  return { waiting, result }
}

/** One bad write takes no others along, and leaves no half of itself behind. */
function doAmongOthers(waiting: Waiting, parts: GroupCommitParts): Outcome {
  return waiting.isOneStatement ? doStatement(waiting, parts) : doBehindSavepoint(waiting, parts)
}

function doStatement(waiting: Waiting, parts: GroupCommitParts): Outcome {
  try {
    return { waiting, result: waiting.work() }
  } catch (failure) {
    // Without a transaction everybody's work is gone, so everybody must hear of it.
    if (!parts.inTransaction()) throw failure
    return { waiting, failure }
  }
}

function doBehindSavepoint(waiting: Waiting, parts: GroupCommitParts): Outcome {
  parts.exec('SAVEPOINT one')
  try {
    const result = waiting.work()
    parts.exec(result === undefined ? 'ROLLBACK TO one; RELEASE one' : 'RELEASE one')
    return { waiting, result }
  } catch (failure) {
    if (!parts.inTransaction()) throw failure
    parts.exec('ROLLBACK TO one; RELEASE one')
    return { waiting, failure }
  }
}

function tell(outcomes: readonly Outcome[]): void {
  for (const { waiting, result, failure } of outcomes)
    if (failure === undefined) waiting.resolve(result)
    else refuse([waiting], failure)
}

function takeBack({ inTransaction, exec }: GroupCommitParts): void {
  try {
    if (inTransaction()) exec('ROLLBACK')
  } catch {
    // The failure that led here is the one to tell; an open transaction fails the next BEGIN as well.
  }
}

const refuse = (waiting: readonly Waiting[], failure: unknown): void => {
  for (const { reject } of waiting) reject(databaseFailure(failure))
}

/** @returns the failure in the words of the port, with what SQLite said as its cause */
export const databaseFailure = (cause: unknown): StoreFailure =>
  new StoreFailure(
    `the database does not answer: ${cause instanceof Error ? cause.message : String(cause)}`,
    { cause },
  )
