import { randomBytes } from 'node:crypto'
import type { Limits } from '#limits/limits.ts'
import { openLimits } from '#limits/store-limits.ts'
import { openSqliteStore } from '#store/sqlite.ts'
import type { Store } from '#store/store.ts'
import { type FakeClock, fakeClock } from '../support/fake-clock.ts'

export interface SharedLimits extends AsyncDisposable {
  readonly clock: FakeClock
  readonly store: Store
  /** The limits of one more process on the same store. */
  process(options?: { readonly enforced?: boolean }): Limits
}

/** Limits on one store in memory, as several processes would open them. */
export function openSharedLimits(): SharedLimits {
  const clock = fakeClock()
  const { store } = openSqliteStore({ path: ':memory:', clock, random: randomBytes })
  return {
    clock,
    store,
    process: ({ enforced = true } = {}) => openLimits({ store, clock, enforced }),
    [Symbol.asyncDispose]: () => store.close(),
  }
}
