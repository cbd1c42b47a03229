import type { Answer, Answerer, Answerers, Call } from '../call.ts'
import { type Json, type JsonObject, present } from '../json.ts'
import { hasRound } from '../measurements/measurements.ts'
import type { Trace } from '../measurements/path.ts'
import { runAt } from '../measurements/schedule.ts'
import { notFound, type V7Refusal } from '../refusals.ts'
import { dynamicKeys, protocolOf } from './endpoint-protocols.ts'
import {
  type EndpointSample,
  endpointFrame,
  endpointResults,
  endpointSample,
  endpointTestNamed,
  measuredByAgents,
  measuredEndpointTest,
  testOfResults,
} from './endpoint-samples.ts'
import { resultsPath } from './endpoint-test-kinds.ts'
import { sourceOf, traceTo } from './endpoint-traces.ts'

/** In every round one attempt is made (official document). */
const tracesOf = ({ pair, draw, network, agent, target }: EndpointSample): readonly Trace[] => [
  traceTo(agent, target.ipAddress, { pair, draw, latency: network.avgLatency }),
]

function frame(sample: EndpointSample): JsonObject {
  const { agent, target } = sample
  const source = sourceOf(agent)
  return present({
    ...endpointFrame(sample),
    asnDetails: agent.fields['asnDetails'],
    server: target.server,
    sourceIp: source.ipAddress,
    sourcePrefix: source.prefix,
    ...dynamicKeys(sample.test),
  })
}

const summary = (sample: EndpointSample): JsonObject => ({
  ...frame(sample),
  location: sourceOf(sample.agent).location ?? '',
  pathTraces: tracesOf(sample).map(({ pathId, hops, responseTime }) => ({
    pathId,
    ipAddress: sample.target.ipAddress,
    numberOfHops: hops.length,
    protocol: protocolOf(sample.test),
    responseTime,
  })),
})

const detail = (sample: EndpointSample): JsonObject => ({
  ...frame(sample),
  pathTraces: tracesOf(sample).map(
    ({ pathId, hops }): Json => ({
      pathId,
      protocol: protocolOf(sample.test),
      hops: hops.map((hop) => present({ ...hop })),
    }),
  ),
})

interface PathVis {
  readonly isDynamic: boolean
  /** How results show the test. */
  readonly testSchema: string
}

const list =
  ({ isDynamic, testSchema }: PathVis): Answerer =>
  (call) => {
    const test = endpointTestNamed(call, isDynamic)
    return test ? endpointResults(call, { test, testSchema }, summary) : notFound
  }

const agentRound =
  ({ isDynamic, testSchema }: PathVis): Answerer =>
  (call: Call): Answer | V7Refusal => {
    const { agentId = '', roundId = '' } = call.parameters
    const test = endpointTestNamed(call, isDynamic)
    const round = /^\d{1,12}$/.test(roundId) ? Number(roundId) : Number.NaN
    if (!test || !hasRound(measuredEndpointTest(test, call), round, call.now)) return notFound
    const whole = measuredByAgents(test, call)
    const source = whole.sources.find(({ entry }) => entry.id === agentId)
    if (!source || !runAt(source.on, round)) return notFound
    const sample = endpointSample(whole, source.entry, round)
    const path = `${resultsPath({ isDynamic })}/${test.id}/path-vis/agent/${agentId}/round/${roundId}`
    return {
      status: 200,
      varies: true,
      body: {
        results: [detail(sample)],
        test: testOfResults(test, call, testSchema),
        _links: { self: { href: call.href(path) } },
      },
    }
  }

const scheduled: PathVis = { isDynamic: false, testSchema: 'EndpointScheduledTest' }
const dynamic: PathVis = { isDynamic: true, testSchema: 'DynamicTest' }

/** Path visualization of scheduled and dynamic endpoint tests, by list and by agent and round. */
export const endpointPathVis = (): Answerers => ({
  getScheduledTestPathVisResults: list(scheduled),
  getScheduledTestPathVisAgentRoundResults: agentRound(scheduled),
  getDynamicTestPathVisResults: list(dynamic),
  getDynamicTestPathVisAgentRoundResults: agentRound(dynamic),
})
