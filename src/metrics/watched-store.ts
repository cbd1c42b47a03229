import type { Change, Store } from '#store/store.ts'
import { openCounts } from './counts.ts'
import { openDurations } from './durations.ts'
import type { Metric } from './series.ts'

/** What each command of the store may come to. */
const outcomes = {
  read: ['done', 'failed'],
  commit: ['committed', 'conflict', 'failed'],
  list: ['done', 'failed'],
  purge: ['done', 'failed'],
} as const

export interface WatchedStoreParts {
  /** In ms. */
  readonly stopwatch: () => number
  /** Told of changes once they are durable. */
  readonly committed: (changes: readonly Change[]) => void
}

/**
 * A store with its commands counted and timed. A read that is answered at once is only counted: it is on the way of every call,
 * three or four times.
 */
export function watchedStore({ stopwatch, committed }: WatchedStoreParts): {
  readonly metrics: readonly Metric[]
  watch(store: Store): Store
} {
  const durations = openDurations({
    name: 'panoptes_store_command_duration_seconds',
    help: 'Time that commands of the store took; of reads those that had to wait.',
    labels: ['command', 'outcome'],
    from: Object.entries(outcomes).flatMap(([command, all]) => all.map((outcome) => [command, outcome])),
  })
  const reads = openCounts({
    name: 'panoptes_store_reads_total',
    help: 'Reads of the store: at once from what the process has at hand, or after waiting for the store.',
    labels: ['freshness', 'answered'],
    from: ['exact', 'recent'].flatMap((freshness) => ['at_once', 'waited'].map((how) => [freshness, how])),
  })
  const purged = openCounts({
    name: 'panoptes_store_purged_records_total',
    help: 'Expired records that were removed.',
    labels: [],
    from: [[]],
  })
  const atOnce = { exact: reads.of('exact', 'at_once'), recent: reads.of('recent', 'at_once') }
  const waited = { exact: reads.of('exact', 'waited'), recent: reads.of('recent', 'waited') }
  const removed = purged.of()

  /** Notes how a command ends, beside whoever waits for it. */
  function time<Result>(
    command: keyof typeof outcomes,
    running: Promise<Result>,
    ended: (result: Result) => string = () => 'done',
  ): void {
    const beganAt = stopwatch()
    const note = (outcome: string): void => durations.of(command, outcome).note(stopwatch() - beganAt)
    running.then(
      (result) => note(ended(result)),
      () => note('failed'),
    )
  }

  return {
    metrics: [durations, reads, purged],
    watch: (store) => ({
      ...store,
      read(keys, freshness = 'exact') {
        const found = store.read(keys, freshness)
        if (found instanceof Promise) {
          waited[freshness].value += 1
          time('read', found)
        } else atOnce[freshness].value += 1
        return found
      },
      commit(changes, reach) {
        const running = store.commit(changes, reach)
        time('commit', running, (outcome) => {
          if (outcome === 'committed') committed(changes)
          return outcome
        })
        return running
      },
      list(index, options) {
        const running = store.list(index, options)
        time('list', running)
        return running
      },
      purge(limit) {
        const running = store.purge(limit)
        time('purge', running, (count) => {
          removed.value += count
          return 'done'
        })
        return running
      },
    }),
  }
}
