import type { Answerers, Call } from '../call.ts'
import { isoDate } from '../iso-date.ts'
import type { JsonObject } from '../json.ts'
import { drawOf } from '../measurements/draw.ts'
import { certificateAt, type HttpNumbers, httpNumbers } from '../measurements/http.ts'
import type { Target } from '../measurements/target.ts'
import { pagedResults, type ResultKind } from './result-kinds.ts'
import { rowFrame, type Sample } from './result-rows.ts'

const http: ResultKind = { name: 'http-server', ways: ['to-target'], isNetwork: false }

const reasons: Readonly<Record<number, string>> = { 200: 'OK', 503: 'Service Unavailable' }

/** Lines end as on the wire (official document, `HttpTestResultHeaders`). */
const lines = (...all: readonly string[]): string => all.map((line) => `${line}\r\n`).join('')

const headersOf = ({ target, test, round }: Sample, { responseCode, wireSize }: HttpNumbers): JsonObject => ({
  requestHeaders: lines(
    `${test.fields['requestMethod'] === 'post' ? 'POST' : 'GET'} ${target.path} HTTP/1.1`,
    `Host: ${target.host}`,
    'Accept: */*',
  ),
  responseHeaders: lines(
    `HTTP/1.1 ${responseCode} ${reasons[responseCode]}`,
    'Content-Type: text/html;charset=UTF-8',
    `Content-Length: ${wireSize}`,
    `Date: ${new Date(round * 1000).toUTCString()}`,
  ),
})

const day = 86_400

function certificatesOf({ host }: Target, round: number): readonly JsonObject[] {
  const { issuedAt, expiresAt } = certificateAt(drawOf(host), round)
  return [
    {
      subjectName: host,
      subjectAlternativeNames: [host],
      issuerName: 'Example Certificate Authority',
      validAfter: isoDate(issuedAt * 1000),
      validBefore: isoDate(expiresAt * 1000),
      daysUntilExpiry: Math.floor((expiresAt - round) / day),
      isFetchDateInValidCertDateRange: true,
    },
  ]
}

const tlsOf = ({ target, round }: Sample, { expand }: Call): JsonObject => ({
  sslVersion: 'TLSv1.3',
  sslCipher: 'TLS_AES_256_GCM_SHA384',
  ...(expand.has('certificate') && { sslCertificates: certificatesOf(target, round) }),
})

/** Only `None` is a documented error type of these results; the other word is ours. */
const errorOf = ({ isUnavailable }: Sample, { responseCode }: HttpNumbers): JsonObject =>
  isUnavailable
    ? { errorType: 'HTTP', errorDetails: `${responseCode} ${reasons[responseCode]}` }
    : { errorType: 'None' }

function show(sample: Sample, call: Call): JsonObject {
  const { pair, draw, network, target, isUnavailable } = sample
  const numbers = httpNumbers({
    pair,
    sample: draw,
    latency: network.avgLatency,
    isTls: target.isTls,
    suffers: isUnavailable,
  })
  return {
    ...rowFrame(sample, call, http.name),
    ...numbers,
    ...errorOf(sample, numbers),
    serverIp: target.ipAddress,
    ...(target.isTls && tlsOf(sample, call)),
    ...(call.expand.has('header') && { headers: headersOf(sample, numbers) }),
  }
}

/** `GET /test-results/{testId}/http-server`. */
export const httpResults = (): Answerers => ({ getTestHttpServerResults: pagedResults(http, show) })
