import type { Answerers, Call } from '../call.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, objectOf, present } from '../json.ts'
import { networkNumbers } from '../measurements/network.ts'
import { notFound } from '../refusals.ts'
import { coordinatesOf, proxyOf, vpnTargetOf } from './endpoint-machine.ts'
import { loadOf, networkProfile, systemMetrics } from './endpoint-machine-profile.ts'
import { farPing, nearPing, showPing } from './endpoint-pings.ts'
import { pagesShown } from './endpoint-session-pages.ts'
import { type SessionRows, searchSessions } from './endpoint-session-search.ts'
import { browserOf, networkOfSession, type Session, sessionNamed } from './endpoint-sessions.ts'
import { tracerouteOf, traceTo } from './endpoint-traces.ts'
import { experienceOf, pagesOf, type SessionPage } from './endpoint-visited-pages.ts'

/** How long it takes until a session is here, seconds (ours). */
const commitSeconds = 30

const base = (session: Session, pages: readonly SessionPage[]): JsonObject => {
  const { agent, id, round, startedAt, site } = session
  return present({
    id,
    agentId: agent.id,
    roundId: round,
    date: isoDate(startedAt * 1000),
    committed: isoDate((startedAt + commitSeconds) * 1000),
    experienceScore: experienceOf(pages),
    numberOfPages: pages.length,
    organizationName: objectOf(agent.fields['asnDetails'])['asName'],
    port: 443,
    protocol: 'https',
    sourceAddress: agent.fields['publicIP'],
    visitedSite: site,
  })
}

/** What lies behind the gateway of the machine, and how far. */
function networkDetails(session: Session, { state }: Call): JsonObject {
  const { agent, target, pair, draw, startedAt } = session
  const network = networkOfSession(session)
  const vpn = vpnTargetOf(agent)
  const vpnNetwork = networkNumbers(pair.of('vpn'), draw.of('vpn'), false)
  return present({
    networkProfile: networkProfile(agent, proxyOf(agent, state)),
    systemMetrics: systemMetrics(loadOf(agent, draw), startedAt),
    gatewayPing: showPing(nearPing(draw.of('gateway'), [1, 8])),
    ping: showPing(farPing(network)),
    traceroute: tracerouteOf(
      target.ipAddress,
      traceTo(agent, target.ipAddress, { pair, draw, latency: network.avgLatency }),
    ),
    connectRtt: network.avgLatency,
    isIcmpBlocked: false,
    errors: [],
    ...(vpn !== undefined && {
      vpnPing: showPing(farPing(vpnNetwork)),
      vpnTraceroute: tracerouteOf(
        vpn,
        traceTo(agent, vpn, { pair: pair.of('vpn'), draw, latency: vpnNetwork.avgLatency }),
      ),
    }),
  })
}

const detail = (session: Session, call: Call): JsonObject => ({
  ...base(session, pagesOf(session)),
  browser: browserOf(session),
  coordinates: coordinatesOf(session.agent),
  pages: pagesShown(session),
  network: networkDetails(session, call),
})

const asSessions: SessionRows<Session> = {
  rowsOf: (sessions) => sessions,
  sessionOf: (session) => session,
  show: (session) => {
    const pages = pagesOf(session)
    return present({ ...base(session, pages), pageId: pages[0]?.pageId })
  },
}

/** Latency, jitter and loss on the way to an address. */
function metricsTo(target: string | undefined, session: Session, way: string): JsonObject | undefined {
  if (target === undefined) return undefined
  const { pair, draw } = session
  const numbers =
    way === 'destination' ? networkOfSession(session) : networkNumbers(pair.of(way), draw.of(way), false)
  return {
    target,
    latency: Math.round(numbers.avgLatency),
    jitter: Math.round(numbers.jitter),
    loss: numbers.loss,
  }
}

const asNetworks = ({ state }: Call): SessionRows<Session> => ({
  ...asSessions,
  show: (session) => {
    const { agent, id, round, startedAt, draw, target } = session
    return present({
      id,
      agentId: agent.id,
      roundId: round,
      date: isoDate(startedAt * 1000),
      destination: metricsTo(target.ipAddress, session, 'destination'),
      vpn: metricsTo(vpnTargetOf(agent), session, 'vpn'),
      proxy: metricsTo(proxyOf(agent, state)?.target.ipAddress, session, 'proxy'),
      systemMetrics: systemMetrics(loadOf(agent, draw), startedAt),
    })
  },
})

/** Sessions of real user tests: searched for, one in detail, and what their networks were like. */
export const endpointSessionResults = (): Answerers => ({
  filterRealUserTestsResults: (call) => searchSessions(call, asSessions),
  filterRealUserTestsNetworkResults: (call) => searchSessions(call, asNetworks(call)),
  getRealUserTestResults(call) {
    const id = call.parameters['id'] ?? ''
    const session = sessionNamed(id, call)
    if (!session) return notFound
    const self = { href: call.href(`/endpoint/test-results/real-user-tests/${id}`) }
    return { status: 200, varies: true, body: { results: [detail(session, call)], _links: { self } } }
  },
})
