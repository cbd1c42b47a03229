import type { Answer, Answerers, Call } from '../call.ts'
import { isoDate } from '../iso-date.ts'
import { type Json, type JsonObject, only, present } from '../json.ts'
import { askedPage, declaredPageLinks } from '../paging.ts'
import { invalidField, isV7Refusal, notFound, type V7Refusal } from '../refusals.ts'
import { rangeEcho, type TimeRange, timeRangeOf } from '../time-range.ts'
import { agentFacets, declaredFilters } from './endpoint-agent-facets.ts'
import { ownEndpointAgents } from './endpoint-agent-relations.ts'
import { searchedPage } from './endpoint-grid.ts'
import { coordinatesOf, proxyOf } from './endpoint-machine.ts'
import {
  loadOf,
  localNetworkOf,
  machineProfile,
  networkProfile,
  systemMetrics,
} from './endpoint-machine-profile.ts'
import { showPing } from './endpoint-pings.ts'
import {
  type Probe,
  type ProbedTarget,
  probedTargets,
  probeNamed,
  probesOf,
  scoreOf,
} from './endpoint-probes.ts'
import { qualityOf } from './endpoint-scores.ts'
import { exactly, type Facets, filterOf, type Measures, searchOf } from './endpoint-search.ts'
import { tracerouteOf, traceTo } from './endpoint-traces.ts'

const typeFacets: Facets<ProbedTarget> = { type: exactly(({ type }) => [type]) }

const measures: Measures<Probe> = {
  'vpn-score': (probe) => (probe.type === 'vpn' ? scoreOf(probe) : undefined),
  'avg-rtt': ({ ping }) => ping.avgRtt,
  'mean-dev-rtt': ({ ping }) => ping.meanDevRtt,
  loss: ({ ping }) => ping.loss,
}

const graded = (score: number): JsonObject => ({ score, quality: qualityOf(score) })

const scoreKeys: Readonly<Record<string, string>> = {
  gateway: 'gatewayScore',
  proxy: 'proxyScore',
  vpn: 'vpnScore',
}

/** How busy the machine is, and how well it gets on with what it probed. */
function scores(probe: Probe): JsonObject {
  const own = scoreKeys[probe.type]
  const agentScore = Math.round(100 * (1 - loadOf(probe.agent, probe.draw).cpu))
  return {
    ...(own !== undefined && { [own]: graded(scoreOf(probe)) }),
    connectionScore: graded(scoreOf(probe)),
    agentScore: graded(agentScore),
  }
}

const applications = ['Browser', 'Mail', 'Meetings'] as const

/** A few applications that share what the machine is busy with. */
function systemMetricDetails({ agent, draw }: Probe): JsonObject {
  const { cpu, totalMemory } = loadOf(agent, draw)
  const rows = applications.map((name, index): Json => {
    const totalCpu = Math.round((cpu / (index + 2)) * 100) / 100
    const totalMemoryPercentage = draw.number(`memory of ${name}`, [0.03, 0.18], 2)
    const totalMemoryBytes = Math.round(totalMemory * totalMemoryPercentage)
    const process = {
      name,
      pid: draw.whole(`pid of ${name}`, [300, 30_000]),
      cpu: totalCpu,
      memoryPercentage: totalMemoryPercentage,
      memoryBytes: totalMemoryBytes,
    }
    return { name, totalCpu, totalMemoryPercentage, totalMemoryBytes, processes: [process] }
  })
  return { topCpuApplications: rows, topMemoryApplications: rows }
}

function summary(probe: Probe, { expand }: Call): JsonObject {
  const { agent, id, round, type, target, port, ping, draw } = probe
  return present({
    networkTopologyId: id,
    agentId: agent.id,
    roundId: round,
    date: isoDate(round * 1000),
    type,
    target,
    targetPort: port,
    icmpPing: showPing(ping),
    isIcmpBlocked: false,
    tcpConnect: port === undefined ? undefined : { rtt: ping.avgRtt },
    dnsServerTest:
      type === 'dns' ? { resolutionTime: ping.avgRtt + draw.whole('lookup', [0, 12]) } : undefined,
    systemMetrics: systemMetrics(loadOf(agent, draw), round),
    systemMetricDetails: expand.has('system-metric-detail') ? systemMetricDetails(probe) : undefined,
    ...scores(probe),
    ...only(machineProfile(agent), ['platform', 'batteryMetrics']),
  })
}

/** A gateway is one hop away; what is farther stands behind it. */
function traceroute(probe: Probe): JsonObject {
  const { agent, type, target, ping, pair, draw } = probe
  if (type !== 'proxy' && type !== 'vpn')
    return { destination: target, hops: [{ hop: 1, ipAddress: target, delay: ping.avgRtt }] }
  return tracerouteOf(target, traceTo(agent, target, { pair, draw, latency: ping.avgRtt }))
}

const detail = (probe: Probe, call: Call): JsonObject => ({
  ...summary(probe, call),
  coordinates: coordinatesOf(probe.agent),
  networkProfile: networkProfile(probe.agent, proxyOf(probe.agent, call.state)),
  icmpTraceroute: traceroute(probe),
  icmpTraceroutes: [traceroute(probe)],
})

/** At most so much at once (official document); that more is refused, not cut, is ours. */
const longestMs = 12 * 3_600_000

const isTooLong = (range: TimeRange | undefined): boolean =>
  range !== undefined && range.endAt - range.startAt > longestMs

function search(call: Call): Answer | V7Refusal {
  const asked = askedPage(call)
  if (isV7Refusal(asked)) return asked
  const range = timeRangeOf(call, asked.asOf)
  if (range && isV7Refusal(range)) return range
  if (isTooLong(range)) return invalidField('window', 'must be at most 12 hours.')
  const filters = declaredFilters(call)
  const found = searchOf<Probe>(call.body, { filters: {}, facets: {}, measures })
  if (isV7Refusal(found)) return found
  const keepsAgent = filterOf(filters, agentFacets(call.state)) ?? (() => true)
  const keepsType = filterOf(filters, typeFacets) ?? (() => true)
  const probed = probedTargets(call).filter((one) => keepsAgent(one.agent) && keepsType(one))
  const page = searchedPage(asked, probesOf(probed, call, { range, asOf: asked.asOf }), found)
  if (isV7Refusal(page)) return page
  return {
    status: 200,
    varies: true,
    body: {
      results: page.rows.map((probe) => summary(probe, call)),
      ...rangeEcho(range),
      _links: declaredPageLinks(call, asked, page.left),
    },
  }
}

/** The networks that the agents of the account group are in, each once. */
function networks(call: Call): Answer {
  const found = ownEndpointAgents(call).map(localNetworkOf)
  const byId = new Map(found.map((network) => [network.networkId, network]))
  return {
    status: 200,
    body: {
      localNetworks: [...byId.values()].map((network) => ({ ...network })),
      _links: { self: { href: call.href(call.row.path) } },
    },
  }
}

/** Local networks, and the probes of what lies between machines and the internet. */
export const localNetworkResults = (): Answerers => ({
  getLocalNetworksTestResults: networks,
  filterLocalNetworksTestResultsTopologies: search,
  getLocalNetworksTestResultsTopology(call) {
    const id = call.parameters['networkTopologyId'] ?? ''
    const probe = probeNamed(id, call)
    if (!probe) return notFound
    const self = { href: call.href(`/endpoint/test-results/local-networks/topologies/${id}`) }
    return { status: 200, varies: true, body: { results: [detail(probe, call)], _links: { self } } }
  },
})
