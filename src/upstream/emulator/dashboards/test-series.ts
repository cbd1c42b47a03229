import type { Call } from '../call.ts'
import { cellsOfKind } from '../families/result-kinds.ts'
import { samplesOf } from '../families/result-rows.ts'
import { directionsOf } from '../families/test-directions.ts'
import { testKindOf } from '../families/test-kinds.ts'
import { measured } from '../families/test-measured.ts'
import { isReachable } from '../families/test-reach.ts'
import { intervalAt, roundsOf } from '../measurements/measurements.ts'
import { meanwhile } from '../measurements/schedule.ts'
import { isV7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import type { TimeRange } from '../time-range.ts'
import type { Metric } from './metrics.ts'
import type { Series } from './series.ts'
import { groupsOf } from './subjects.ts'

/** The tests that the account group sees, instant ones left out. */
export const testsSeen = (call: Call): readonly Entry[] =>
  call.state.all('tests').filter((test) => test.fields['instant'] !== true && isReachable(test, call))

const isOneWay = ({ fields }: Entry): boolean => fields['type'] === 'agent-to-agent'

/** Whether tests like this one measure it. */
const hasMetric = ({ results, direction }: Metric, test: Entry): boolean =>
  testKindOf(test.fields['type'])?.results.includes(results) === true &&
  (results !== 'network' || isOneWay(test) === (direction !== undefined))

/** What every agent of the tests measured of every target in the span. */
export function testSeries(
  metric: Metric,
  tests: readonly Entry[],
  { call, range }: { readonly call: Call; readonly range: TimeRange },
): readonly Series[] {
  return tests.flatMap((test): readonly Series[] => {
    const facts = measured(test, call)
    if (!hasMetric(metric, test)) return []
    const directions = directionsOf(test, metric.direction ?? null, ['to-target'])
    if (isV7Refusal(directions)) return []
    const sampleOf = samplesOf(test, call)
    const kind = { isNetwork: metric.results === 'network' }
    return cellsOfKind(kind, { test, directions }, call).flatMap((cell): readonly Series[] => {
      const rounds = roundsOf({ shown: meanwhile(facts.shown, cell.on) }, range, call.now)
      if (rounds.count === 0) return []
      return [
        {
          testId: test.id,
          groupsOf: (property) => groupsOf(property, { ...cell, test }, call),
          rounds,
          interval: intervalAt(facts, rounds.at(0)),
          valueAt: (round) => metric.measure(sampleOf(cell, round)),
        },
      ]
    })
  })
}
