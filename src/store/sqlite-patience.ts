/** Patience of the SQLite store with locks that other connections hold. */
import { setTimeout as pause } from 'node:timers/promises'
import { databaseFailure, patienceMilliseconds, pauseMilliseconds } from './group-commit.ts'

/** A node that brings its log to a busy disk keeps others out meanwhile (DECISIONS 162), and may be one of this process. */
const openingPatienceMilliseconds = 5_000

/** Tries again while somebody holds the lock. @throws what the work threw last */
async function whileLocked<Result>(
  work: () => Result | Promise<Result>,
  isLocked: (failure: unknown) => boolean,
  milliseconds: number,
): Promise<Result> {
  const giveUpAt = performance.now() + milliseconds
  for (;;) {
    try {
      return await work()
    } catch (failure) {
      if (!isLocked(failure) || performance.now() >= giveUpAt) throw failure
    }
    await pause(pauseMilliseconds)
  }
}

/** Tries again while another connection holds the lock, which in WAL mode keeps a reader only for moments. @throws StoreFailure */
export const patiently = <Result>(work: () => Result | Promise<Result>): Promise<Result> =>
  whileLocked(work, isBusy, patienceMilliseconds).catch((failure: unknown) => {
    throw databaseFailure(failure)
  })

/** The same for the opening of a file, while nobody is served yet. @throws what it threw, in one line for a person */
export const openedPatiently = <Result>(open: () => Result): Promise<Result> =>
  whileLocked(
    open,
    (failure) => failure instanceof Error && isBusy(failure.cause),
    openingPatienceMilliseconds,
  )

/** SQLITE_BUSY with its extended codes (sqlite.org/rescode.html). */
export const isBusy = (failure: unknown): boolean =>
  failure instanceof Error && 'errcode' in failure && (Number(failure.errcode) & 0xff) === 5
