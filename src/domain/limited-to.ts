/** Runs a piece of work when its turn comes. @throws when too many wait already; what the work throws */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>

/**
 * Lets so many pieces of work run at once, the others in the order of asking. A queue without end would hold every request of a
 * flood in memory: whoever comes when enough wait is told so.
 */
export function limitedTo({
  atOnce,
  waitingAtMost,
}: {
  readonly atOnce: number
  readonly waitingAtMost: number
}): InTurn {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running >= atOnce) {
      if (waiting.length >= waitingAtMost) throw new Error(`${waitingAtMost} wait already for their turn`)
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else running += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
