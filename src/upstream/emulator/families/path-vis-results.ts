import type { Answerers, Call } from '../call.ts'
import { type Json, type JsonObject, present, textOf } from '../json.ts'
import { hosting, networkText } from '../measurements/networks.ts'
import { type PathEnd, type Trace, traceOf } from '../measurements/path.ts'
import type { Target } from '../measurements/target.ts'
import type { Entry } from '../state.ts'
import { publicAddressOf } from './agent-address.ts'
import { agentRound, pagedResults, type ResultKind, shownDirection } from './result-kinds.ts'
import { rowFrame, type Sample } from './result-rows.ts'

const pathVis: ResultKind = { name: 'path-vis', ways: ['to-target', 'from-target'], isNetwork: true }

const agentEnd = (agent: Entry): PathEnd => ({
  ipAddress: publicAddressOf(agent),
  prefix: textOf(agent.fields['prefix']) ?? '203.0.113.0/24',
  network: textOf(agent.fields['network']) ?? '',
  location: textOf(agent.fields['location']),
})

const targetEnd = ({ ipAddress }: Target): PathEnd => ({
  ipAddress,
  prefix: `${ipAddress.replace(/\.\d+$/, '.0')}/24`,
  network: networkText(hosting),
  location: undefined,
})

const usualTraces = 3

/** The attempts of one measurement, all in its direction. */
function tracesOf(sample: Sample): readonly Trace[] {
  const { pair, draw, network, agent, target, direction, test } = sample
  const ends = [agentEnd(agent), targetEnd(target)] as const
  const [source, destination] = direction === 'from-target' ? [ends[1], ends[0]] : ends
  const count = Number(test.fields['numPathTraces'] ?? usualTraces)
  return Array.from({ length: count }, (_, number) =>
    traceOf({ pair, sample: draw, source, destination, latency: network.avgLatency, number }),
  )
}

function frame(sample: Sample, call: Call): JsonObject {
  const { agent, target, test, round } = sample
  const end = agentEnd(agent)
  return {
    ...rowFrame(sample, call, `path-vis/agent/${agent.id}/round/${round}`),
    ...shownDirection(sample),
    server: target.server,
    serverIp: target.ipAddress,
    sourceIp: end.ipAddress,
    sourcePrefix: end.prefix,
    targetIsProxy: test.fields['targetIsProxy'] === true,
  }
}

const summary = (sample: Sample, call: Call): JsonObject => ({
  ...frame(sample, call),
  pathTraces: tracesOf(sample).map(({ pathId, hops, responseTime }) => ({
    pathId,
    ipAddress: hops.at(-1)?.ipAddress ?? '',
    numberOfHops: hops.length,
    responseTime,
    mss: Number(sample.test.fields['mss'] ?? 1_460),
    pathMtu: 1_500,
  })),
})

const detail = (sample: Sample, call: Call): JsonObject => ({
  ...frame(sample, call),
  pathTraces: tracesOf(sample).map(
    ({ pathId, hops }): Json => ({
      pathId,
      hops: hops.map((hop) => present({ ...hop })),
    }),
  ),
})

/** `GET /test-results/{testId}/path-vis`, and its detail by agent and round. */
export const pathVisResults = (): Answerers => ({
  getTestPathVisResults: pagedResults(pathVis, summary),
  getTestPathVisAgentRoundResults: agentRound(pathVis, detail),
})
