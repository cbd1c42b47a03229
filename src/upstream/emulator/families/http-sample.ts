import type { JsonObject } from '../json.ts'
import { type HttpNumbers, httpNumbers } from '../measurements/http.ts'
import type { Sample } from './result-rows.ts'

/** What a fetch of the test's target was like: HTTP results and page loads tell of the same one. */
export const httpOf = ({ pair, draw, network, target, isUnavailable }: Sample): HttpNumbers =>
  httpNumbers({
    pair,
    sample: draw,
    latency: network.avgLatency,
    isTls: target.isTls,
    suffers: isUnavailable,
  })

const reasons: Readonly<Record<number, string>> = {
  0: '',
  200: 'OK',
  404: 'Not Found',
  503: 'Service Unavailable',
}

/** The words beside a status that measurements know. */
export const reasonOf = (status: number): string => reasons[status] ?? ''

/** Only `None` is a documented error type of results; the other word is ours. */
export const httpError = ({ isUnavailable }: Sample, responseCode: number): JsonObject =>
  isUnavailable
    ? { errorType: 'HTTP', errorDetails: `${responseCode} ${reasonOf(responseCode)}` }
    : { errorType: 'None' }
