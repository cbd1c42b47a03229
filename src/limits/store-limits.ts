import type { Clock } from '#domain/clock.ts'
import type { Store } from '#store/store.ts'
import type { Guards, Limits } from './limits.ts'
import { type Misses, openMisses } from './misses.ts'
import { type AdjustableWindows, fixedWindows, fullWindows } from './rate-windows.ts'
import { type AdjustableSourceBlock, noSourceBlock, storedSourceBlock } from './source-block.ts'

const guardsOn = (misses: Misses, clock: Clock): Guards => ({
  async hit(key, rule) {
    const blockedUntil = await misses.hit(`guard:${key}`, rule)
    return blockedUntil === 0
      ? { blocked: false, retryAfterSeconds: 0 }
      : { blocked: true, retryAfterSeconds: Math.max(1, Math.ceil((blockedUntil - clock.now()) / 1000)) }
  },
  isBlocked: async (key, rule) => (await misses.blockedUntil(`guard:${key}`, rule)) > 0,
  release: (key) => misses.release(`guard:${key}`),
  clear: (key) => misses.clear(`guard:${key}`),
})

/** The limits, with what whoever tests them does to them. */
export interface AdjustableLimits extends Limits {
  readonly windows: AdjustableWindows
  readonly sourceBlock: AdjustableSourceBlock
}

/**
 * The limits on the shared store.
 * @param parts.enforced false (`--limits off`) for full windows and no source block; guards stand in either case
 */
export function openLimits(parts: {
  readonly store: Store
  readonly clock: Clock
  readonly enforced: boolean
}): AdjustableLimits {
  const { store, clock, enforced } = parts
  const misses = openMisses(store, clock)
  const guards = guardsOn(misses, clock)
  return enforced
    ? { guards, windows: fixedWindows(clock), sourceBlock: storedSourceBlock(misses, clock) }
    : { guards, windows: fullWindows(clock), sourceBlock: noSourceBlock }
}
