import { setImmediate as turn } from 'node:timers/promises'
import { openUnauthorizedBudget } from '#limits/unauthorized-budget.ts'
import type { UnauthorizedBudget } from '#limits/upstream-budgets.ts'
import { type Store, StoreFailure } from '#store/store.ts'
import type { FakeClock } from '../support/fake-clock.ts'

/** Timers of a clock that stands still until it is moved. */
export interface Timers {
  after(milliseconds: number, work: () => void): () => void
  /** Time goes on, in quarters of a second, and what is due is done. */
  pass(seconds: number): Promise<void>
}

export function timersOf(clock: FakeClock): Timers {
  const due = new Set<{ at: number; work: () => void }>()
  return {
    after(milliseconds, work) {
      const timer = { at: clock.now() + milliseconds, work }
      due.add(timer)
      return () => void due.delete(timer)
    },
    async pass(seconds) {
      for (let passed = 0; passed < seconds; passed += 0.25) {
        clock.advance(Math.min(0.25, seconds - passed))
        for (const timer of due)
          if (timer.at <= clock.now()) {
            due.delete(timer)
            timer.work()
          }
        await turn()
      }
    },
  }
}

/** What may go wrong with one use of the store: nothing, no effect, or an effect that nobody hears of. */
export type StoreFault = 'none' | 'before' | 'after'

/** A node that can end at once: from then on it neither hears nor says anything. */
export interface BudgetNode {
  readonly budget: UnauthorizedBudget
  readonly isDead: boolean
  kill(): void
}

export interface BudgetNodeParts {
  readonly store: Store
  readonly clock: FakeClock
  readonly timers: Timers
  readonly name: string
  readonly limit: number
  /** How far its clock is ahead of the others'. */
  readonly aheadMs?: number
  readonly fault?: () => StoreFault
}

/** The longest call of these nodes. */
export const callSeconds = 30

export function startBudgetNode(parts: BudgetNodeParts): BudgetNode {
  const { store, clock, timers, name, limit, aheadMs = 0, fault = () => 'none' } = parts
  let isDead = false
  const silence = new Promise<never>(() => undefined)
  async function use<Result>(work: () => Promise<Result>): Promise<Result> {
    const what = fault()
    if (what === 'before') throw new StoreFailure('away')
    const result = isDead ? await silence : await work()
    if (what === 'after') throw new StoreFailure('away after all')
    return isDead ? silence : result
  }
  const budget = openUnauthorizedBudget({
    store: {
      ...store,
      read: (keys) => use(async () => store.read(keys)),
      commit: (changes) => use(() => store.commit(changes)),
    },
    clock: { now: () => clock.now() + aheadMs },
    after: (milliseconds, work) => timers.after(milliseconds, () => (isDead ? undefined : work())),
    node: name,
    budget: limit,
    callSeconds,
    waitSeconds: 5,
    log: () => undefined,
  })
  return {
    budget,
    get isDead() {
      return isDead
    },
    kill() {
      isDead = true
    },
  }
}
