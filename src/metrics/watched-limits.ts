import type { Guards, Limits, RateWindows, SourceBlock } from '#limits/limits.ts'
import { openCounts } from './counts.ts'
import type { Metric } from './series.ts'

/** `calls` of `calls:us1:11`: what stands before the first colon is ours, the rest is of a caller. */
const kindOf = (key: string): string => key.split(':', 1)[0] ?? ''

/** Limits that tell when they are found used up. */
export function watchedLimits(): {
  readonly metrics: readonly Metric[]
  watch<Given extends Limits>(limits: Given): Given
} {
  const exhausted = openCounts({
    name: 'panoptes_limits_exhausted_total',
    help: 'Times that a rate window, a guard on guessing or the source block was found used up.',
    labels: ['limit'],
    from: [['calls'], ['source-block'], ['password']],
  })
  const sources = exhausted.of('source-block')

  const windowsOf = (windows: RateWindows): RateWindows['draw'] =>
    function draw(bucket, rule) {
      const drawn = windows.draw(bucket, rule)
      if (!drawn.allowed) exhausted.of(kindOf(bucket)).value += 1
      return drawn
    }

  const guardsOf = (guards: Guards): Pick<Guards, 'hit' | 'isBlocked'> => ({
    async hit(key, rule) {
      const hit = await guards.hit(key, rule)
      if (hit.blocked) exhausted.of(kindOf(key)).value += 1
      return hit
    },
    async isBlocked(key, rule) {
      const isBlocked = await guards.isBlocked(key, rule)
      if (isBlocked) exhausted.of(kindOf(key)).value += 1
      return isBlocked
    },
  })

  const noteBlock = (until: number): number => {
    if (until !== 0) sources.value += 1
    return until
  }

  const blockOf = (block: SourceBlock): Pick<SourceBlock, 'blockedUntil' | 'count'> => ({
    blockedUntil(address) {
      const until = block.blockedUntil(address)
      return until instanceof Promise ? until.then(noteBlock) : noteBlock(until)
    },
    count: async (address) => noteBlock(await block.count(address)),
  })

  return {
    metrics: [exhausted],
    watch: (limits) => ({
      ...limits,
      windows: { ...limits.windows, draw: windowsOf(limits.windows) },
      guards: { ...limits.guards, ...guardsOf(limits.guards) },
      sourceBlock: { ...limits.sourceBlock, ...blockOf(limits.sourceBlock) },
    }),
  }
}
