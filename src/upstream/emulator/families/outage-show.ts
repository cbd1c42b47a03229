import type { Call } from '../call.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, present } from '../json.ts'
import type { Entry } from '../state.ts'
import { type HitPlace, type HitTest, placesHitBy } from './outage-reach.ts'
import { type Outage, roundSeconds } from './provider-outages.ts'

const roundOf = (at: number): number => Math.floor(at / 1000 / roundSeconds) * roundSeconds

/** When it was. While it goes on it has no end, and lasts until now. */
const times = ({ startAt, endAt }: Outage, now: number): JsonObject =>
  present({
    startDate: isoDate(startAt),
    startRoundId: roundOf(startAt),
    endDate: endAt === undefined ? undefined : isoDate(endAt),
    endRoundId: endAt === undefined ? undefined : roundOf(endAt),
    duration: Math.floor(((endAt ?? now) - startAt) / 1000),
  })

const providerOf = ({ provider }: Outage): JsonObject => ({
  providerName: provider.fields['providerName'] ?? '',
  providerType: provider.fields['providerType'] ?? '',
})

const self = ({ kind, id }: Outage, { href }: Call): JsonObject => ({
  _links: { self: { href: href(`/internet-insights/outages/${kind}/${id}`) } },
})

/** An outage as the list has it. */
export function listedOutage(outage: Outage, hit: readonly HitTest[], call: Call): JsonObject {
  const { id, kind, name, asn } = outage
  const places = placesHitBy(outage)
  const count = places.reduce((sum, place) => sum + place.count, 0)
  return {
    id,
    type: kind,
    ...providerOf(outage),
    name,
    ...times(outage, call.now),
    affectedTestsCount: hit.length,
    affectedLocationsCount: places.length,
    ...(asn === undefined ? { affectedServersCount: count } : { affectedInterfacesCount: count, asn }),
    ...self(outage, call),
  }
}

/** Here the ids of tests and agents are numbers (official document). */
const numbered = ({ id, fields }: Entry, nameKey: string): JsonObject =>
  present({ id: Number(id), name: fields[nameKey] })

/** From a range for documentation (RFC 5737); neighbours, so that none stands twice. */
const interfaces = ({ count, draw }: HitPlace, asn: number): readonly string[] => {
  const first = draw.whole(`interface of ${asn}`, [1, 250])
  return Array.from({ length: count }, (_, index) => `198.51.100.${first + index}`)
}

const servers = ({ count, draw }: HitPlace, domains: readonly string[]): readonly JsonObject[] => {
  const first = draw.whole('prefix', [0, 15])
  return Array.from({ length: count }, (_, index) => ({
    domain: domains[index % domains.length] ?? '',
    prefix: `192.0.2.${((first + index) % 16) * 16}/28`,
  }))
}

const errors = ['HTTP_SERVER_TIMEOUT', 'HTTP_5XX', 'CONNECT_FAILED'] as const

/** An outage as it is read by itself. */
export function detailedOutage(outage: Outage, hit: readonly HitTest[], call: Call): JsonObject {
  const { id, name, asn, domains, draw } = outage
  const agents = new Map(hit.flatMap((one) => one.agents.map((agent) => [agent.id, agent] as const)))
  const places = placesHitBy(outage)
  return {
    id,
    ...providerOf(outage),
    ...times(outage, call.now),
    affectedTests: hit.map(({ test }) => numbered(test, 'testName')),
    affectedAgents: [...agents.values()].map((agent) => numbered(agent, 'agentName')),
    ...(asn === undefined
      ? {
          applicationName: name,
          affectedDomains: domains,
          errors: [errors[draw.whole('error', [0, errors.length - 1])] ?? errors[0]],
          affectedLocations: places.map((place) => ({
            location: place.location,
            affectedServers: servers(place, domains),
          })),
        }
      : {
          networkName: name,
          asn,
          affectedDomains: [...new Set(hit.flatMap(({ hosts }) => hosts))],
          affectedLocations: places.map((place) => ({
            location: place.location,
            affectedInterfaces: interfaces(place, asn),
          })),
        }),
    ...self(outage, call),
  }
}
