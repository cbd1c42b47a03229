import type { Call } from '../call.ts'
import { routesIn, watchesOf } from '../families/bgp-results.ts'
import { targetsOf } from '../families/test-measured.ts'
import type { RouteNumbers } from '../measurements/bgp.ts'
import { intervalAt, roundsOf } from '../measurements/measurements.ts'
import { meanwhile } from '../measurements/schedule.ts'
import type { Entry } from '../state.ts'
import type { TimeRange } from '../time-range.ts'
import type { Series } from './series.ts'
import { groupsOf } from './subjects.ts'

const metrics: Readonly<Record<string, (numbers: RouteNumbers) => number>> = {
  BGP_REACHABILITY: ({ reachability }) => reachability,
  BGP_PATH_CHANGES: ({ pathChanges }) => pathChanges,
}

/** What every monitor saw of the prefixes of the tests; none when the metric is no routing metric. */
export function routeSeries(
  metric: string,
  tests: readonly Entry[],
  { call, range }: { readonly call: Call; readonly range: TimeRange },
): readonly Series[] {
  const of = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined
  if (!of) return []
  return tests.flatMap((test) => {
    const [target] = targetsOf(test, call.state)
    return watchesOf(test, call).flatMap((watched): readonly Series[] => {
      const { facts, monitor, on } = watched
      const rounds = roundsOf({ shown: meanwhile(facts.shown, on) }, range, call.now)
      if (rounds.count === 0 || !target) return []
      return [
        {
          testId: test.id,
          groupsOf: (property) => groupsOf(property, { test, agent: monitor, target }, call),
          rounds,
          interval: intervalAt(facts, rounds.at(0)),
          valueAt: (round) => of(routesIn(watched, round)),
        },
      ]
    })
  })
}
