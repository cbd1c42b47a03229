import { setTimeout as pause } from 'node:timers/promises'

/** A process of the cluster. */
export interface Running {
  readonly pid: number
  /** In words how it ended, once it has. */
  readonly ended: Promise<string>
  /** Lets it end in order; after its grace it is killed. @returns once it is gone */
  stop(): Promise<void>
}

/** A place in the cluster that always has a process, or soon will. */
export interface Kept<One extends Running> {
  current(): One | undefined
  /** Lets the process end in order and starts another. @returns once that one runs */
  replace(): Promise<void>
  stop(): Promise<void>
}

const firstPauseMs = 50
const longestPauseMs = 1_000

/**
 * Starts a process, and another one whenever it ends by itself.
 * @param say told in one line of each end and each start that fails
 * @throws what the first start throws
 */
export async function keepRunning<One extends Running>(
  name: string,
  start: () => Promise<One>,
  say: (line: string) => void,
): Promise<Kept<One>> {
  let current: One | undefined
  let isWanted = true
  let starting: Promise<void> | undefined
  const expectedEnds = new Set<One>()

  function begun(one: One): void {
    current = one
    void one.ended.then((how) => {
      if (current === one) current = undefined
      if (expectedEnds.delete(one) || !isWanted) return
      say(`${name} (process ${one.pid}) ended: ${how}. It is started again.`)
      starting = startAgain()
    })
  }

  async function startAgain(): Promise<void> {
    for (
      let milliseconds = firstPauseMs;
      isWanted;
      milliseconds = Math.min(2 * milliseconds, longestPauseMs)
    ) {
      try {
        return begun(await start())
      } catch (error) {
        say(`${name} does not start: ${error instanceof Error ? error.message : String(error)}`)
        await pause(milliseconds)
      }
    }
  }

  async function end(): Promise<void> {
    await starting
    if (!current) return
    expectedEnds.add(current)
    await current.stop()
  }

  begun(await start())
  return {
    current: () => current,
    async replace() {
      await end()
      starting = startAgain()
      await starting
    },
    async stop() {
      isWanted = false
      await end()
    },
  }
}
