import type { Call } from '../call.ts'
import { testKindOf } from '../families/test-kinds.ts'
import type { JsonObject } from '../json.ts'
import type { Entry } from '../state.ts'
import { pointsOf } from './aggregate.ts'
import { metricOf } from './metrics.ts'
import { testSeries } from './test-series.ts'

/** What small graphs show of each kind of results. One name is the document's example. */
const graphedMetrics: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  network: { Loss: 'NET_LOSS', Latency: 'NET_LATENCY' },
  'http-server': { Availability: 'WEB_AVAILABILITY', 'Response Time': 'WEB_TTFB' },
  'page-load': { 'Page Load': 'WEB_PAGE_LOAD' },
  'web-transactions': { 'Transaction Time': 'TRANSACTION_TIME' },
  api: { 'Transaction Time': 'API_TRANSACTION_TIME' },
  'ftp-server': { Availability: 'FTP_AVAILABILITY' },
  'sip-server': { Availability: 'SIP_AVAILABILITY' },
  'rtp-server': { MOS: 'VOIP_MOS' },
  'dns-server': { Availability: 'DNS_SERVER_AVAILABILITY' },
  'dns-trace': { Availability: 'DNS_TRACE_AVAILABILITY' },
  dnssec: { Validity: 'DNSSEC_VALIDITY' },
}

const oneWay: Readonly<Record<string, string>> = {
  NET_LOSS: 'ONE_WAY_NET_LOSS_TO_TARGET',
  NET_LATENCY: 'ONE_WAY_NET_LATENCY_TO_TARGET',
}

/** The last 12 hours (official document, `graphlets`), in points of half an hour. */
const graphMs = 43_200_000
const graphBin = 1_800

/** Where graphs begin, epoch seconds. @param now epoch ms */
export const graphStart = (now: number): number => Math.floor((now - graphMs) / 1000 / graphBin) * graphBin

/** How graphs are made. */
export interface Graphed {
  readonly call: Call
  /** How many values each may be worked out of. */
  readonly mostValues: number
}

function graphlet(
  test: Entry,
  [metric, name]: readonly [string, string],
  { call, mostValues }: Graphed,
): readonly JsonObject[] {
  const wanted = test.fields['type'] === 'agent-to-agent' ? (oneWay[name] ?? name) : name
  const known = metricOf(wanted)
  const range = { startAt: graphStart(call.now) * 1000, endAt: call.now }
  const points = pointsOf(known ? testSeries(known, [test], { call, range }) : [], {
    groupBy: [],
    measure: { type: 'MEAN', percentile: 0 },
    binOf: (round) => Math.floor(round / graphBin) * graphBin,
    isExcluded: () => false,
    mostValues,
  })
  return points.length === 0
    ? []
    : [
        {
          metric,
          testId: test.id,
          points: points.map(({ timestamp, value }) => ({ x: timestamp, y: value })),
        },
      ]
}

/** The small graphs of a test. */
export const graphletsOf = (test: Entry, graphed: Graphed): readonly JsonObject[] =>
  (testKindOf(test.fields['type'])?.results ?? [])
    .flatMap((results) => Object.entries(graphedMetrics[results] ?? {}))
    .flatMap((metric) => graphlet(test, metric, graphed))

/** How many points a graph has. */
export const graphPoints: number = graphMs / 1000 / graphBin
