import type { Answerers, Call } from '../call.ts'
import { type JsonObject, textOf } from '../json.ts'
import { type Codec, codecOf } from '../measurements/codecs.ts'
import { type RtpNumbers, rtpNumbers } from '../measurements/rtp.ts'
import { ownResults, pagedResults } from './result-kinds.ts'
import { rowFrame, type Sample } from './result-rows.ts'

const rtp = ownResults('rtp-server')

/** Names of code points (RFC 2474, RFC 2597, RFC 3246, RFC 5865), in the form of the document's two examples. */
const named: Readonly<Record<string, string>> = {
  '0': 'Best Effort',
  '10': 'AF11',
  '12': 'AF12',
  '14': 'AF13',
  '18': 'AF21',
  '20': 'AF22',
  '22': 'AF23',
  '26': 'AF31',
  '28': 'AF32',
  '30': 'AF33',
  '34': 'AF41',
  '36': 'AF42',
  '38': 'AF43',
  '44': 'Voice Admit',
  '46': 'EF',
}

const dscpName = (id: string): string => `${named[id] ?? `CS ${Number(id) / 8}`} (DSCP ${id})`

const usualBuffer = 40

const codecUsed = ({ test }: Sample): Codec => codecOf(textOf(test.fields['codecId']) ?? '0')

/** What was measured, without the form of the answer. */
export const rtpNumbersOf = (sample: Sample): RtpNumbers =>
  rtpNumbers(sample.draw, {
    network: sample.network,
    codec: codecUsed(sample),
    jitterBuffer: Number(sample.test.fields['jitterBuffer'] ?? usualBuffer),
  })

/** The network on the way marks nothing anew: what the agent sends arrives. */
function show(sample: Sample, call: Call): JsonObject {
  const dscp = textOf(sample.test.fields['dscpId']) ?? '0'
  return {
    ...rowFrame(sample, call, rtp.name),
    ...rtpNumbersOf(sample),
    serverIp: sample.target.ipAddress,
    dscp,
    dscpName: dscpName(dscp),
    codecName: codecUsed(sample).name,
  }
}

/** `GET /test-results/{testId}/rtp-server`. */
export const rtpResults = (): Answerers => ({ getTestRtpServerResults: pagedResults(rtp, show) })
