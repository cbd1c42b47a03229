/**
 * Beginning SQLite's log anew. Where all of the log is copied SQLite does so with the next write, and brings its first bytes to the disk
 * within that COMMIT, so on the event loop: others that use the disk made it last for a quarter of a second (DECISIONS 162).
 */
import type { Connection } from './sqlite-copying.ts'
import type { Log } from './sqlite-log.ts'

export interface BeginningParts {
  /** Of the process, which writes no record. */
  readonly holder: Connection
  readonly log: Pick<Log, 'sync' | 'assertUsable'>
  /**
   * Commits a change of one page, whose last bytes are others each time, and has SQLite wait for no disk.
   * @throws Error when it cannot, as behind a lock
   */
  readonly writePage: () => void
}

export interface Beginning {
  /**
   * To be called while this process writes nothing and all is copied. One page is the whole log until it is on the disk, and nobody
   * writes behind it: whatever of it a power cut leaves, SQLite finds the old log whole, all of which is in the database, or none. More
   * pages could leave the first of the old log before them, which is why SQLite waits.
   * @throws Error when the log cannot be brought to the disk, or is closed
   */
  anew(): Promise<void>
  /** @returns what resolves once whoever writes is behind nothing that is not on the disk; undefined where that is so */
  settled(): Promise<void> | undefined
}

export function beginning({ holder, log, writePage }: BeginningParts): Beginning {
  let underWay: Promise<void> | undefined

  async function bring(): Promise<void> {
    try {
      await log.sync()
    } finally {
      if (holder.isTransaction) holder.exec('ROLLBACK')
      underWay = undefined
    }
  }

  function tryToBegin(): void {
    try {
      writePage()
      holder.exec('BEGIN IMMEDIATE')
    } catch {
      // Behind a lock of another process, say: then the next write waits for the disk, as it does with SQLite alone.
    }
  }

  return {
    async anew() {
      log.assertUsable()
      tryToBegin()
      underWay = bring()
      await underWay
    },
    settled: () => underWay?.catch(() => undefined),
  }
}
