import type { Answerers, Call } from '../call.ts'
import { isoDate } from '../iso-date.ts'
import type { JsonObject } from '../json.ts'
import { drawOf } from '../measurements/draw.ts'
import { certificateAt, type HttpNumbers } from '../measurements/http.ts'
import type { Target } from '../measurements/target.ts'
import { httpError, httpOf, reasonOf } from './http-sample.ts'
import { pagedResults, type ResultKind } from './result-kinds.ts'
import { rowFrame, type Sample } from './result-rows.ts'

const http: ResultKind = { name: 'http-server', ways: ['to-target'], isNetwork: false }

/** Lines end as on the wire (official document, `HttpTestResultHeaders`). */
const lines = (...all: readonly string[]): string => all.map((line) => `${line}\r\n`).join('')

const headersOf = ({ target, test, round }: Sample, { responseCode, wireSize }: HttpNumbers): JsonObject => ({
  requestHeaders: lines(
    `${test.fields['requestMethod'] === 'post' ? 'POST' : 'GET'} ${target.path} HTTP/1.1`,
    `Host: ${target.host}`,
    'Accept: */*',
  ),
  responseHeaders: lines(
    `HTTP/1.1 ${responseCode} ${reasonOf(responseCode)}`,
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

function show(sample: Sample, call: Call): JsonObject {
  const { target } = sample
  const numbers = httpOf(sample)
  return {
    ...rowFrame(sample, call, http.name),
    ...numbers,
    ...httpError(sample, numbers.responseCode),
    serverIp: target.ipAddress,
    ...(target.isTls && tlsOf(sample, call)),
    ...(call.expand.has('header') && { headers: headersOf(sample, numbers) }),
  }
}

/** `GET /test-results/{testId}/http-server`. */
export const httpResults = (): Answerers => ({ getTestHttpServerResults: pagedResults(http, show) })
