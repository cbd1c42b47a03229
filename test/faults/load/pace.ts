import { setTimeout as pause } from 'node:timers/promises'

/** More than that at a time is no load but a queue of ours. */
const mostUnderWay = 200

export interface Pacing {
  /** Does the work while nothing is under way, and goes on afterwards, as many a second as ever. */
  meanwhileQuiet<Result>(work: () => Promise<Result>): Promise<Result>
  /** @returns once everything has ended */
  stop(): Promise<void>
}

/** Begins so many things a second, whatever becomes of those before. @param begin told how many there were */
export function pace(perSecond: number, begin: (sent: number) => Promise<unknown>): Pacing {
  const underWay = new Set<Promise<unknown>>()
  let isOver = false
  let quiet: Promise<void> | undefined
  async function run(): Promise<void> {
    let begun = performance.now()
    for (let sent = 0; !isOver; sent += 1) {
      if (quiet) {
        const from = performance.now()
        await quiet
        begun += performance.now() - from
      }
      const early = begun + (sent * 1_000) / perSecond - performance.now()
      if (early > 0) await pause(early)
      if (underWay.size >= mostUnderWay) continue
      const one = begin(sent)
      underWay.add(one)
      void one.finally(() => underWay.delete(one))
    }
    await Promise.all(underWay)
  }
  const running = run()
  return {
    async meanwhileQuiet(work) {
      const { promise, resolve } = Promise.withResolvers<void>()
      quiet = promise
      try {
        await Promise.all(underWay)
        return await work()
      } finally {
        quiet = undefined
        resolve()
      }
    },
    stop() {
      isOver = true
      return running
    },
  }
}
