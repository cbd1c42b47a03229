import type { Answerer, Answerers, Call } from '../call.ts'
import { type JsonObject, present, textOf } from '../json.ts'
import { mappingOf, type Question, questionOf, type TracedQuery, traceQueries } from '../measurements/dns.ts'
import { notFound } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { ownResults, pagedResults, testWith } from './result-kinds.ts'
import { rowFrame, type Sample } from './result-rows.ts'
import { type AimedAt, targetsEver } from './test-measured.ts'

const server = ownResults('dns-server')
const trace = ownResults('dns-trace')
const dnssec = ownResults('dnssec')

/** What went wrong: no source shows ThousandEyes' own words. */
const wordings = {
  noAnswer: 'Query timed out: no answer from the server.',
  noSignature: 'No valid signature of the zone was found.',
}

const askedOf = ({ fields }: Entry): Question => questionOf(textOf(fields['domain']) ?? '')

/** A query to a test's server takes the way there and back, and what the server needs. Without an answer it takes no time. */
export const resolutionTimeOf = ({ draw, network, isUnavailable }: Sample): number | undefined =>
  isUnavailable ? undefined : Math.max(1, Math.round(network.avgLatency)) + draw.whole('resolution', [0, 12])

function showServer(sample: Sample, call: Call): JsonObject {
  const { test, target, isUnavailable } = sample
  const answer = isUnavailable ? { errorDetails: wordings.noAnswer } : { mappings: mappingOf(askedOf(test)) }
  return present({
    ...rowFrame(sample, call, server.name),
    serverId: target.serverId,
    server: target.server,
    resolutionTime: resolutionTimeOf(sample),
    ...answer,
  })
}

/** The results of one server that the test has or had. */
const ofOneServer: Answerer = (call) => {
  const test = testWith(server, call)
  const isAsked = ({ target }: Pick<AimedAt, 'target'>): boolean =>
    target.serverId === call.parameters['serverId']
  if (!test || !targetsEver(test, call.state).some(isAsked)) return notFound
  return pagedResults(server, showServer, isAsked)(call)
}

/** One query as `dig +trace` prints it, the form of the document's example. */
const printed = ({ server: name, ipAddress, time, records }: TracedQuery): string => {
  const lines = records.map((record) => `${record}\n`).join('')
  return `${lines};; Received ${lines.length + 64} bytes from ${ipAddress}(${name}) in ${time} ms\n\n`
}

const tracedOf = ({ test, draw, network }: Sample): readonly TracedQuery[] =>
  traceQueries(askedOf(test), { sample: draw, latency: network.avgLatency })

export const traceQueryCountOf = (sample: Sample): number => tracedOf(sample).length

/** The last query, which is the one that fails when the target does. */
export const traceTimeOf = (sample: Sample): number | undefined =>
  sample.isUnavailable ? undefined : tracedOf(sample).at(-1)?.time

function showTrace(sample: Sample, call: Call): JsonObject {
  const { test, isUnavailable } = sample
  const question = askedOf(test)
  const queries = tracedOf(sample)
  const answered = isUnavailable ? queries.slice(0, -1) : queries
  return present({
    ...rowFrame(sample, call, trace.name),
    output: answered.map(printed).join(''),
    queries: queries.length,
    failedQueries: queries.length - answered.length,
    finalServerQueried: queries.at(-1)?.server,
    finalQueryTime: traceTimeOf(sample),
    mappings: isUnavailable ? undefined : mappingOf(question),
    errorDetails: isUnavailable ? wordings.noAnswer : undefined,
  })
}

const showDnssec = (sample: Sample, call: Call): JsonObject =>
  present({
    ...rowFrame(sample, call, dnssec.name),
    isValid: !sample.isUnavailable,
    errorDetails: sample.isUnavailable ? wordings.noSignature : undefined,
  })

/** `GET /test-results/{testId}/dns-server` with its servers, `dns-trace` and `dnssec`. */
export const dnsResults = (): Answerers => ({
  getTestDnsServersResults: pagedResults(server, showServer),
  getTestDnsServerResult: ofOneServer,
  getTestDnsTraceResults: pagedResults(trace, showTrace),
  getTestDnsSecResults: pagedResults(dnssec, showDnssec),
})
