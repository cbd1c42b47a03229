import { type NodeGround, nodeNews } from './node-news.ts'
import { type AdjustableWindows, fixedWindows, type RateNews } from './rate-windows.ts'

export interface SharedRateWindows extends AdjustableWindows {
  /** Tells what was not told yet; nothing is drawn any more. */
  close(): Promise<void>
}

/** Rate windows whose nodes tell each other what they count, about once a second. Without the store each counts alone. */
export function sharedRateWindows(ground: NodeGround): SharedRateWindows {
  const windows = fixedWindows(ground.clock)
  const rounds = nodeNews<RateNews>({ ...ground, name: 'rate-windows', ...windows.news })
  return {
    draw(bucket, rule) {
      rounds.stir()
      return windows.draw(bucket, rule)
    },
    peek(bucket, rule) {
      rounds.stir() // whoever asks again is told by what others counted
      return windows.peek(bucket, rule)
    },
    exhaust(bucket, rule) {
      rounds.stir()
      return windows.exhaust(bucket, rule)
    },
    forget() {
      windows.forget()
      rounds.stir()
    },
    close: () => rounds.close(),
  }
}
