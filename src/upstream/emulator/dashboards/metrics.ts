/**
 * Which measurement of tests a metric of widgets is (official document, `DashboardMetric`): inferred from the names. What is
 * not here has no measurement in the emulator, and shows as no data.
 */
import { runOf } from '../families/api-results.ts'
import { resolutionTimeOf, traceQueryCountOf, traceTimeOf } from '../families/dns-results.ts'
import { ftpNumbersOf } from '../families/ftp-results.ts'
import { httpOf } from '../families/http-sample.ts'
import { pageOf } from '../families/page-load-results.ts'
import { bandwidthOf, type Sample } from '../families/result-rows.ts'
import { rtpNumbersOf } from '../families/rtp-results.ts'
import { sipNumbersOf } from '../families/sip-results.ts'
import type { Direction } from '../families/test-directions.ts'
import { transactionOf } from '../families/web-transaction-results.ts'
import type { ApiStepNumbers } from '../measurements/api-steps.ts'
import type { FtpNumbers } from '../measurements/ftp.ts'
import type { HttpNumbers } from '../measurements/http.ts'
import type { NetworkNumbers } from '../measurements/network.ts'
import type { PageNumbers } from '../measurements/page.ts'
import type { RtpNumbers } from '../measurements/rtp.ts'
import type { SipNumbers } from '../measurements/sip.ts'
import type { TransactionNumbers } from '../measurements/transaction.ts'

export interface Metric {
  /** The kind of results that has it, as `/test-results/{testId}/<results>`. */
  readonly results: string
  /** Of agent-to-agent tests alone, in this direction. */
  readonly direction?: Direction
  readonly measure: (sample: Sample) => number | undefined
}

type Metrics = Readonly<Record<string, Metric>>

const of = (results: string, values: Readonly<Record<string, Metric['measure']>>): Metrics =>
  Object.fromEntries(Object.entries(values).map(([name, measure]) => [name, { results, measure }]))

const network =
  (key: keyof NetworkNumbers): Metric['measure'] =>
  (sample) =>
    sample.network[key]

const bandwidth =
  (key: 'availableBandwidth' | 'capacity'): Metric['measure'] =>
  (sample) =>
    bandwidthOf(sample)[key]

const oneWay: readonly (readonly [suffix: string, direction: Direction])[] = [
  ['TO_TARGET', 'to-target'],
  ['FROM_TARGET', 'from-target'],
  ['BIDIRECTIONAL', 'bidirectional'],
]

const oneWayMetrics: Metrics = Object.fromEntries(
  oneWay.flatMap(([suffix, direction]) =>
    (
      [
        ['LOSS', 'loss'],
        ['LATENCY', 'avgLatency'],
        ['JITTER', 'jitter'],
      ] as const
    ).map(([word, key]) => [
      `ONE_WAY_NET_${word}_${suffix}`,
      { results: 'network', direction, measure: network(key) },
    ]),
  ),
)

const http =
  (key: keyof HttpNumbers): Metric['measure'] =>
  (sample) =>
    httpOf(sample)[key]

const page =
  (of: (numbers: PageNumbers) => number): Metric['measure'] =>
  (sample) =>
    of(pageOf(sample))

const transaction =
  (of: (numbers: TransactionNumbers) => number): Metric['measure'] =>
  (sample) =>
    of(transactionOf(sample))

const sumOf = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** What all steps of an API test took. */
const steps =
  (of: (step: ApiStepNumbers) => number): Metric['measure'] =>
  (sample) =>
    sumOf(runOf(sample).steps.map(of))

const ftp =
  (key: keyof FtpNumbers): Metric['measure'] =>
  (sample) =>
    ftpNumbersOf(sample)[key]

const sip =
  (key: keyof SipNumbers): Metric['measure'] =>
  (sample) =>
    sipNumbersOf(sample)[key]

const rtp =
  (key: keyof RtpNumbers): Metric['measure'] =>
  (sample) =>
    rtpNumbersOf(sample)[key]

const availability: Metric['measure'] = ({ isUnavailable }) => (isUnavailable ? 0 : 100)
const errors: Metric['measure'] = ({ isUnavailable }) => (isUnavailable ? 1 : 0)
const noErrors: Metric['measure'] = () => 0

const metrics: Metrics = {
  ...of('network', {
    NET_LOSS: network('loss'),
    NET_LATENCY: network('avgLatency'),
    NET_JITTER: network('jitter'),
    NET_BANDWIDTH: bandwidth('availableBandwidth'),
    NET_CAPACITY: bandwidth('capacity'),
  }),
  ...oneWayMetrics,
  ...of('http-server', {
    WEB_AVAILABILITY: availability,
    WEB_THROUGHPUT: http('throughput'),
    WEB_DNS: http('dnsTime'),
    WEB_CONNECT: http('connectTime'),
    WEB_SSL: http('sslTime'),
    WEB_WAIT: http('waitTime'),
    WEB_TTFB: http('responseTime'),
    WEB_RECEIVE: http('receiveTime'),
    WEB_REDIRECT: http('redirectTime'),
    WEB_FETCH: http('totalTime'),
    WEB_AUTHENTICATION_ERROR_COUNT: noErrors,
    WEB_DNS_ERROR_COUNT: noErrors,
    WEB_CONNECT_ERROR_COUNT: noErrors,
    WEB_SSL_ERROR_COUNT: noErrors,
    WEB_SEND_ERROR_COUNT: noErrors,
    WEB_RECEIVE_ERROR_COUNT: noErrors,
    WEB_HTTP_ERROR_COUNT: errors,
    WEB_CONTENT_ERROR_COUNT: noErrors,
    WEB_TOTAL_ERROR_COUNT: errors,
  }),
  ...of('page-load', {
    WEB_PAGE_LOAD: page(({ pageLoadTime }) => pageLoadTime),
    WEB_PAGE_LOAD_DOM_TIME: page(({ domLoadTime }) => domLoadTime),
    WEB_PAGE_TTFB: page(({ responseTime }) => responseTime),
    WEB_PAGE_COMPONENT_COUNT: page(({ objects }) => objects.length),
    WEB_PAGE_ERROR_COUNT: page(({ numErrors }) => numErrors),
    WEB_PAGE_LOAD_COMPLETION_RATE: availability,
  }),
  ...of('web-transactions', {
    TRANSACTION_TIME: transaction(({ time }) => time),
    TRANSACTION_TIMEOUT: transaction(({ isTimeout }) => Number(isTimeout)),
    TRANSACTION_COMPLETION: transaction(({ isTimeout }) => (isTimeout ? 0 : 100)),
    TRANSACTION_ERROR: transaction(({ isTimeout }) => Number(isTimeout)),
    TRANSACTION_MARKER_TIME: transaction(({ markers }) => sumOf(markers.map(({ duration }) => duration))),
    TRANSACTION_PAGE_ERROR: transaction(({ componentErrors }) => componentErrors),
    TRANSACTION_PAGE_LOAD_TIME: transaction(({ pages }) => sumOf(pages.map((one) => one.page.pageLoadTime))),
    TRANSACTION_PAGE_LOAD_DOM_TIME: transaction(({ pages }) =>
      sumOf(pages.map((one) => one.page.domLoadTime)),
    ),
  }),
  ...of('api', {
    API_TRANSACTION_TIME: (sample) => runOf(sample).time,
    API_REQUEST_COMPLETION: (sample) => runOf(sample).completion,
    API_REQUEST_CALL_TIME: steps(({ apiCallTime }) => apiCallTime),
    API_REQUEST_DNS_TIME: steps(({ dnsTime }) => dnsTime),
    API_REQUEST_CONNECT_TIME: steps(({ connectTime }) => connectTime),
    API_REQUEST_SEND_TIME: steps(({ sendTime }) => sendTime),
    API_REQUEST_WAIT_TIME: steps(({ waitTime }) => waitTime),
    API_REQUEST_BLOCK_TIME: steps(({ blockedTime }) => blockedTime),
    API_REQUEST_RECEIVE_TIME: steps(({ receiveTime }) => receiveTime),
    API_REQUEST_ASSERT_ERROR_COUNT: steps(({ failed }) => failed.filter(Boolean).length),
  }),
  ...of('ftp-server', {
    FTP_AVAILABILITY: availability,
    FTP_THROUGHPUT: ftp('throughput'),
    FTP_DNS: ftp('dnsTime'),
    FTP_CONNECT: ftp('connectTime'),
    FTP_NEGOTIATION: ftp('negotiationTime'),
    FTP_WAIT: ftp('waitTime'),
    FTP_TTFB: ftp('responseTime'),
    FTP_TRANSFER: ftp('transferTime'),
    FTP_TOTAL: ftp('totalTime'),
    FTP_DNS_ERROR_COUNT: noErrors,
    FTP_CONNECT_ERROR_COUNT: noErrors,
    FTP_NEGOTIATION_ERROR_COUNT: errors,
    FTP_TRANSFER_ERROR_COUNT: noErrors,
    FTP_TOTAL_ERROR_COUNT: errors,
  }),
  ...of('sip-server', {
    SIP_AVAILABILITY: availability,
    SIP_DNS: sip('dnsTime'),
    SIP_CONNECT: sip('connectTime'),
    SIP_REGISTER: sip('registerTime'),
    SIP_OPTIONS: sip('optionsTime'),
    SIP_WAIT: sip('waitTime'),
    SIP_RESPONSE_TIME: sip('responseTime'),
    SIP_TOTAL_TIME: sip('totalTime'),
    SIP_OPTIONS_ERROR_COUNT: errors,
    SIP_TOTAL_ERROR_COUNT: errors,
  }),
  ...of('rtp-server', {
    VOIP_DISCARDS: rtp('discards'),
    VOIP_LATENCY: rtp('latency'),
    VOIP_LOSS: rtp('loss'),
    VOIP_MOS: rtp('mos'),
    VOIP_PDV: rtp('pdv'),
  }),
  ...of('dns-server', { DNS_SERVER_AVAILABILITY: availability, DNS_SERVER_TIME: resolutionTimeOf }),
  ...of('dns-trace', {
    DNS_TRACE_AVAILABILITY: availability,
    DNS_TRACE_QUERY_COUNT: traceQueryCountOf,
    DNS_TRACE_QUERY_TIME: traceTimeOf,
  }),
  ...of('dnssec', { DNSSEC_VALIDITY: availability }),
}

export const metricOf = (name: string): Metric | undefined =>
  Object.hasOwn(metrics, name) ? metrics[name] : undefined
