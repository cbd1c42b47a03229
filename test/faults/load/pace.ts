import { setTimeout as pause } from 'node:timers/promises'

/** More than that at a time is no load but a queue of ours. */
const mostUnderWay = 200

export interface Pacing {
  /** @returns once everything has ended */
  stop(): Promise<void>
}

/** Begins so many things a second, whatever becomes of those before. @param begin told how many there were */
export function pace(perSecond: number, begin: (sent: number) => Promise<unknown>): Pacing {
  const underWay = new Set<Promise<unknown>>()
  let isOver = false
  async function run(): Promise<void> {
    const begun = performance.now()
    for (let sent = 0; !isOver; sent += 1) {
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
    stop() {
      isOver = true
      return running
    },
  }
}
