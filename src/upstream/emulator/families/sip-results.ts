import type { Answerers, Call } from '../call.ts'
import { type JsonObject, objectOf, present, textOf } from '../json.ts'
import { type SipNumbers, sipNumbers } from '../measurements/sip.ts'
import { publicAddressOf } from './agent-address.ts'
import { ownResults, pagedResults } from './result-kinds.ts'
import { rowFrame, type Sample } from './result-rows.ts'

const sip = ownResults('sip-server')

const lines = (...all: readonly string[]): string => all.map((line) => `${line}\r\n`).join('')

const reasons: Readonly<Record<number, string>> = { 200: 'OK', 503: 'Service Unavailable' }

/** What both sides of the last OPTIONS say (RFC 3261 §11); credentials are left out of it. */
function optionsOf(sample: Sample, { responseCode }: SipNumbers): JsonObject {
  const { test, agent, target, draw } = sample
  const { user, protocol } = objectOf(test.fields['targetSipCredentials'])
  const transport = textOf(protocol) ?? 'tcp'
  const address = `${publicAddressOf(agent)}:${draw.whole('port', [49_152, 65_535])}`
  const subject = `sip:${textOf(user) ?? 'anonymous'}@${target.host}`
  const common = [
    `Via: SIP/2.0/${transport.toUpperCase()} ${address};branch=z9hG4bK${draw.hex('branch', 10)};rport`,
    `From: <${subject}>;tag=${draw.hex('tag', 10)}`,
    `To: <${subject}>`,
    `Call-ID: ${draw.hex('call', 10)}@${publicAddressOf(agent)}`,
    'CSeq: 4 OPTIONS',
  ]
  return {
    optionsRequest: lines(
      `OPTIONS ${subject} SIP/2.0`,
      ...common,
      'Max-Forwards: 70',
      'Content-Length: 0',
      '',
    ),
    optionsResponse: lines(
      `SIP/2.0 ${responseCode} ${reasons[responseCode]}`,
      ...common,
      ...(responseCode === 200 ? ['Allow: OPTIONS, REGISTER, INVITE, ACK, BYE, CANCEL'] : []),
      'Content-Length: 0',
      '',
    ),
  }
}

/** What was measured, without the form of the answer. */
export const sipNumbersOf = ({ test, draw, network, isUnavailable }: Sample): SipNumbers =>
  sipNumbers({
    sample: draw,
    latency: network.avgLatency,
    isConnected: objectOf(test.fields['targetSipCredentials'])['protocol'] !== 'udp',
    registers: test.fields['registerEnabled'] === true,
    suffers: isUnavailable,
  })

function show(sample: Sample, call: Call): JsonObject {
  const { target, isUnavailable } = sample
  const numbers = sipNumbersOf(sample)
  return present({
    ...rowFrame(sample, call, sip.name),
    ...numbers,
    ...optionsOf(sample, numbers),
    serverIp: target.ipAddress,
    numRedirects: 0,
    availability: isUnavailable ? 0 : 100,
    errorType: isUnavailable ? 'option' : 'none',
    problemDetail: isUnavailable ? `${numbers.responseCode} ${reasons[numbers.responseCode]}` : undefined,
  })
}

/** `GET /test-results/{testId}/sip-server`. */
export const sipResults = (): Answerers => ({ getTestSipServerResults: pagedResults(sip, show) })
