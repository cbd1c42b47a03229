import type { Slot } from './upstream-budgets.ts'

export interface SlotQueueParts {
  readonly after: (milliseconds: number, work: () => void) => () => void
  readonly waitSeconds: number
  /** @returns a slot; undefined when there is none now */
  readonly take: () => Slot | undefined
  /** For whoever waited in vain: seconds until there may be one. */
  readonly retryAfter: () => number
}

/** Calls that wait for a slot, first come, first served, each for a while. */
export interface SlotQueue {
  readonly length: number
  wait(): Promise<Slot | number>
  /** Gives out what there is. */
  serve(): void
  /** There will be none for long. */
  refuse(): void
  fail(failure: unknown): void
}

interface Waiting {
  settle(outcome: Slot | number): void
  fail(failure: unknown): void
}

export function openSlotQueue({ after, waitSeconds, take, retryAfter }: SlotQueueParts): SlotQueue {
  const waiting = new Set<Waiting>()

  const serve = (): void => {
    for (const one of waiting) {
      const slot = take()
      if (!slot) return
      one.settle(slot)
    }
  }

  return {
    get length() {
      return waiting.size
    },
    wait: () =>
      new Promise((resolve, reject) => {
        const leave = (): void => {
          waiting.delete(one)
          callOff()
        }
        const one: Waiting = {
          settle(outcome) {
            leave()
            resolve(outcome)
          },
          fail(failure) {
            leave()
            reject(failure)
          },
        }
        const callOff = after(waitSeconds * 1_000, () => one.settle(retryAfter()))
        waiting.add(one)
      }),
    serve,
    refuse() {
      for (const one of waiting) one.settle(retryAfter())
    },
    fail(failure) {
      for (const one of waiting) one.fail(failure)
    },
  }
}
