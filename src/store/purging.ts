import type { Store } from './store.ts'

export interface Purging {
  /** From the end of one round to the beginning of the next, in machine time. */
  readonly everySeconds: number
  /** How many records one call may remove; how long it may hold up requests at a time is the store's affair. */
  readonly slice: number
  /** Runs the work once after so many milliseconds. @returns what calls it off */
  readonly after: (milliseconds: number, work: () => void) => () => void
  /** Told of a round that failed; the next round tries again. */
  readonly onFailure: (failure: unknown) => void
}

/** Between two slices requests get at least so long. */
const pauseMilliseconds = 50

/**
 * Removes expired records in rounds, slice by slice, so that requests never stop.
 * @returns what ends it; its promise resolves when no slice is under way any more, so that the store may be closed
 */
export function startPurging(
  store: Store,
  { everySeconds, slice, after, onFailure }: Purging,
): () => Promise<void> {
  let stopped = false
  let underWay: Promise<void> = Promise.resolve()
  let callOff = after(everySeconds * 1000, begin)

  function begin(): void {
    underWay = purgeSlice()
  }

  async function purgeSlice(): Promise<void> {
    let purged = 0
    try {
      purged = await store.purge(slice)
    } catch (failure) {
      onFailure(failure)
    }
    if (!stopped) callOff = after(purged < slice ? everySeconds * 1000 : pauseMilliseconds, begin)
  }

  return () => {
    stopped = true
    callOff()
    return underWay
  }
}

/** Timers of the machine that do not keep the process alive. */
export function afterOnMachine(milliseconds: number, work: () => void): () => void {
  const timer = setTimeout(work, milliseconds).unref()
  return () => clearTimeout(timer)
}
