import type { Call } from '../call.ts'
import { alertsIn } from '../families/test-alerts.ts'
import { targetsOf } from '../families/test-measured.ts'
import { type JsonObject, textOf } from '../json.ts'
import { slotsBetween } from '../measurements/slots.ts'
import { isWithin, type TimeRange } from '../time-range.ts'
import { endpointSeries } from './endpoint-series.ts'
import { metricOf } from './metrics.ts'
import { routeSeries } from './route-series.ts'
import type { Series } from './series.ts'
import { type Group, groupsOf } from './subjects.ts'
import { testSeries, testsSeen } from './test-series.ts'
import { filtersOf, type Measuring, passes } from './widget-filters.ts'

/** What is measured, where, and when. */
export interface Question {
  readonly measuring: Measuring
  readonly dashboard: JsonObject
  readonly range: TimeRange
  readonly call: Call
  /** How many questions share what one widget may cost; 1 when left out. */
  readonly shares?: number
}

/** How many values a widget is worked out of at most, whatever it is made of. */
export const mostValues = 10_000

/** The part of it that a question has. */
export const valuesFor = ({ shares = 1 }: Pick<Question, 'shares'>): number =>
  Math.max(10, Math.floor(mostValues / shares))

const unique = (groups: readonly Group[]): readonly Group[] => [
  ...new Map(groups.map((group) => [group.id, group])).values(),
]

/** Every alert that begins in the span, as one count. */
function alertSeries({ range, call }: Question): readonly Series[] {
  const slots = slotsBetween(range.startAt, Math.min(range.endAt, call.now), call.now)
  return alertsIn(slots, call, call.now)
    .filter(({ startAt }) => isWithin(range, startAt))
    .map(({ test, sources, startAt }) => {
      const [target] = targetsOf(test, call.state)
      return {
        testId: test.id,
        groupsOf: (property) =>
          target === undefined
            ? []
            : unique(sources.flatMap((agent) => groupsOf(property, { test, agent, target }, call))),
        rounds: { count: 1, at: () => startAt / 1000 },
        interval: 0,
        valueAt: () => 1,
      }
    })
}

const alertMetrics = ['ALERT_COUNT', 'ALERT_COUNT_AGENT']

/** Alerts are counted, whatever the measure. */
export const isCount = (metric: unknown): boolean => alertMetrics.includes(String(metric))

function seriesOf(name: string, span: Pick<Question, 'call' | 'range'>): readonly Series[] {
  const tests = testsSeen(span.call)
  const metric = metricOf(name)
  return metric
    ? testSeries(metric, tests, span)
    : [...routeSeries(name, tests, span), ...endpointSeries(name, span)]
}

/** The series that a widget, card or column is about; none when its metric is not measured here. */
export function seriesFor(question: Question): readonly Series[] {
  const { measuring, dashboard, range, call } = question
  const name = textOf(measuring['metric']) ?? ''
  const filters = filtersOf(measuring, dashboard, call)
  const series = isCount(name) ? alertSeries(question) : seriesOf(name, { call, range })
  return series.filter(({ groupsOf }) => passes(filters, groupsOf))
}
