import type { Answerers, Call } from '../call.ts'
import { type JsonObject, present } from '../json.ts'
import { type FtpNumbers, ftpNumbers } from '../measurements/ftp.ts'
import { ownResults, pagedResults } from './result-kinds.ts'
import { rowFrame, type Sample } from './result-rows.ts'

const ftp = ownResults('ftp-server')

/** Only downloads are limited (official document, `downloadLimit`). */
function limitOf({ test: { fields } }: Sample): number {
  const limit = Number(fields['downloadLimit'] ?? 0)
  return fields['requestType'] === 'download' && limit > 0 ? limit : Number.POSITIVE_INFINITY
}

/** What was measured, without the form of the answer. */
export const ftpNumbersOf = (sample: Sample): FtpNumbers =>
  ftpNumbers({
    pair: sample.pair,
    sample: sample.draw,
    latency: sample.network.avgLatency,
    limit: limitOf(sample),
    suffers: sample.isUnavailable,
  })

function show(sample: Sample, call: Call): JsonObject {
  const { target, isUnavailable } = sample
  return present({
    ...rowFrame(sample, call, ftp.name),
    ...ftpNumbersOf(sample),
    serverIp: target.ipAddress,
    // Only `None` is a documented error type of these results; the other word is ours.
    errorType: isUnavailable ? 'FTP' : 'None',
    errorDetails: isUnavailable ? '421 Service not available' : undefined,
  })
}

/** `GET /test-results/{testId}/ftp-server`. */
export const ftpResults = (): Answerers => ({ getTestFtpServerResults: pagedResults(ftp, show) })
