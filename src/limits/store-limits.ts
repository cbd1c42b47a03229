import type { Clock } from '#domain/clock.ts'
import type { Guards, Limits } from './limits.ts'
import { type Misses, openMisses } from './misses.ts'
import type { NodeGround } from './node-news.ts'
import { type AdjustableWindows, fixedWindows, fullWindows } from './rate-windows.ts'
import { type SharedRateWindows, sharedRateWindows } from './shared-rate-windows.ts'
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
  /** Tells other nodes what they do not know yet; nothing is limited any more. */
  close(): Promise<void>
}

export interface LimitsParts extends Pick<NodeGround, 'store' | 'clock'> {
  /** False (`--limits off`) for full windows and no source block; guards stand in either case. */
  readonly enforced: boolean
  /** Where other nodes have the same store: rate windows are shared with them. */
  readonly among?: Omit<NodeGround, 'store' | 'clock'> | undefined
}

const windowsOf = ({
  store,
  clock,
  enforced,
  among,
}: LimitsParts): Partial<SharedRateWindows> & AdjustableWindows => {
  if (!enforced) return fullWindows(clock)
  return among ? sharedRateWindows({ ...among, store, clock }) : fixedWindows(clock)
}

/** The limits on the shared store. */
export function openLimits(parts: LimitsParts): AdjustableLimits {
  const { store, clock, enforced } = parts
  const misses = openMisses(store, clock)
  const windows = windowsOf(parts)
  return {
    guards: guardsOn(misses, clock),
    windows,
    sourceBlock: enforced ? storedSourceBlock(misses, clock) : noSourceBlock,
    close: async () => windows.close?.(),
  }
}
