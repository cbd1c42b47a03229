import type { Call } from '../call.ts'
import { isOwn } from '../crud.ts'
import { fetchOf } from '../families/endpoint-http-results.ts'
import { loadOf } from '../families/endpoint-machine-profile.ts'
import {
  type EndpointSample,
  endpointSample,
  measuredByAgents,
  targetOf,
} from '../families/endpoint-samples.ts'
import { isInstant } from '../families/endpoint-tests.ts'
import type { HttpNumbers } from '../measurements/http.ts'
import { intervalAt, roundsOf } from '../measurements/measurements.ts'
import type { NetworkNumbers } from '../measurements/network.ts'
import { meanwhile } from '../measurements/schedule.ts'
import type { Entry } from '../state.ts'
import type { TimeRange } from '../time-range.ts'
import type { Series } from './series.ts'
import { groupsOf } from './subjects.ts'

type Measure = (sample: EndpointSample) => number

/** Whose tests have the metric: the scheduled ones, those of them that fetch, or the dynamic ones. */
interface EndpointMetric {
  readonly tests: 'scheduled' | 'http-server' | 'dynamic'
  readonly measure: Measure
}

const network =
  (key: keyof NetworkNumbers): Measure =>
  (sample) =>
    sample.network[key]

const http =
  (key: keyof HttpNumbers): Measure =>
  (sample) =>
    fetchOf(sample)[key]

const percent = (share: number): number => share * 100

const ofMachines: Readonly<Record<string, Measure>> = {
  NET_LOSS: network('loss'),
  NET_LATENCY: network('avgLatency'),
  NET_JITTER: network('jitter'),
  NET_CPU_LOAD_PERCENT: ({ agent, draw }) => percent(loadOf(agent, draw).cpu),
  NET_MEMORY_LOAD_PERCENT({ agent, draw }) {
    const { usedMemory, totalMemory } = loadOf(agent, draw)
    return percent(usedMemory / totalMemory)
  },
}

const ofFetches: Readonly<Record<string, Measure>> = {
  AVAILABILITY: ({ isUnavailable }) => (isUnavailable ? 0 : 100),
  WAIT: http('waitTime'),
  SSL: http('sslTime'),
  CONNECT: http('connectTime'),
  DNS_LOOKUP: http('dnsTime'),
  RESPONSE_TIME: http('responseTime'),
  THROUGHPUT: http('throughput'),
  APPLICATION_SCORE: (sample) => percent(fetchOf(sample).healthScore),
}

const prefixed = (
  prefix: string,
  tests: EndpointMetric['tests'],
  measures: Readonly<Record<string, Measure>>,
): readonly (readonly [string, EndpointMetric])[] =>
  Object.entries(measures).map(([name, measure]) => [`${prefix}${name}`, { tests, measure }] as const)

/** Inferred from the names of the document's `DashboardMetric`. AST is the service that dynamic tests belong to. */
const metrics = new Map([
  ...prefixed('ENDPOINT_TEST_', 'scheduled', ofMachines),
  ...prefixed('ENDPOINT_TEST_HTTP_', 'http-server', ofFetches),
  ...prefixed('ENDPOINT_AST_TEST_', 'dynamic', ofMachines),
])

function hasMetric({ tests }: EndpointMetric, { fields }: Entry): boolean {
  const isDynamic = fields['isDynamic'] === true
  if (tests === 'dynamic') return isDynamic
  return !isDynamic && (tests === 'scheduled' || fields['type'] === tests)
}

/** What every endpoint agent of every test measured; none when the metric is not one of endpoint tests. */
export function endpointSeries(
  metric: string,
  { call, range }: { readonly call: Call; readonly range: TimeRange },
): readonly Series[] {
  const known = metrics.get(metric)
  if (!known) return []
  const tests = call.state
    .all('endpoint-tests')
    .filter((test) => isOwn(test, call) && !isInstant(test) && hasMetric(known, test))
  return tests.flatMap((test): readonly Series[] => {
    const whole = measuredByAgents(test, call)
    return whole.sources.flatMap(({ entry: agent, on }): readonly Series[] => {
      const rounds = roundsOf({ shown: meanwhile(whole.facts.shown, on) }, range, call.now)
      if (rounds.count === 0) return []
      return [
        {
          testId: test.id,
          groupsOf: (property) => groupsOf(property, { test, agent, target: targetOf(test) }, call),
          rounds,
          interval: intervalAt(whole.facts, rounds.at(0)),
          valueAt: (round) => known.measure(endpointSample(whole, agent, round)),
        },
      ]
    })
  })
}
