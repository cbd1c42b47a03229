/** Patience of the SQLite store with locks that other connections hold. */
import { setTimeout as pause } from 'node:timers/promises'
import { databaseFailure, patienceMilliseconds, pauseMilliseconds } from './group-commit.ts'

/** Tries again while another connection holds the lock, which in WAL mode keeps a reader only for moments. */
export async function patiently<Result>(work: () => Result | Promise<Result>): Promise<Result> {
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
export const isBusy = (failure: unknown): boolean =>
  failure instanceof Error && 'errcode' in failure && (Number(failure.errcode) & 0xff) === 5
