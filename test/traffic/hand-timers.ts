import { performance } from 'node:perf_hooks'
import type { Timers } from '../../src/traffic/timers.ts'

export interface HandTimers extends Timers {
  /** Lets so much machine time pass; what is due happens in its order, what that asks for included. */
  pass(milliseconds: number): void
  /** How much is still to come. */
  pending(): number
}

/** Machine time that a test moves. */
export function handTimers(): HandTimers {
  let now = 0
  let due: { readonly at: number; readonly work: () => void }[] = []
  return {
    now: () => now,
    after(milliseconds, work) {
      const one = { at: now + milliseconds, work }
      due.push(one)
      return () => {
        due = due.filter((other) => other !== one)
      }
    },
    pass(milliseconds) {
      const until = now + milliseconds
      for (;;) {
        const [next] = due.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)
        if (!next) break
        due = due.filter((one) => one !== next)
        now = next.at
        next.work()
      }
      now = until
    },
    pending: () => due.length,
  }
}

export const machineTimers: Timers = {
  now: () => performance.now(),
  after(milliseconds, work) {
    const timer = setTimeout(work, milliseconds)
    return () => clearTimeout(timer)
  },
}
