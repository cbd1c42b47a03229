import type { Call } from '../call.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, objectOf, present, textOf } from '../json.ts'
import { hosting } from '../measurements/networks.ts'
import type { DetectedEvent, EventType } from './detected-events.ts'

/** The type names are examples of the document; the causes are ours. */
const wordings: Readonly<Record<EventType, { readonly typeName: string; readonly cause: string }>> = {
  network: { typeName: 'Network Path Issue', cause: 'Packet loss' },
  dns: { typeName: 'DNS Issue', cause: 'DNS queries without an answer' },
  target: { typeName: 'Server Issue', cause: 'Error responses of the server' },
}

const counted = (total: number): JsonObject => ({ total, inAccountGroup: total })

const base = ({ id, type, startAt, endAt, hitsAll }: DetectedEvent, call: Call): JsonObject => ({
  id,
  type,
  typeName: wordings[type].typeName,
  state: endAt === undefined ? 'active' : 'resolved',
  startDate: isoDate(startAt),
  // Null and not left out: so the document has it for events that go on.
  endDate: endAt === undefined ? null : isoDate(endAt),
  severity: hitsAll ? 'high' : 'medium',
  agentType: 'cloud-enterprise-agent',
  _links: { self: { href: call.href(`/events/${id}`) } },
})

/** An event as the list shows it. */
export const listedEvent = (event: DetectedEvent, call: Call): JsonObject => ({
  ...base(event, call),
  title: `${wordings[event.type].typeName}: ${event.target.host}`,
  affectedTests: counted(1),
  affectedTargets: counted(1),
  affectedAgents: counted(event.agents.length),
})

function groupingOf({ type, target, agents }: DetectedEvent): JsonObject {
  const source = agents[0]?.fields
  switch (type) {
    case 'target':
      return { target: target.host }
    case 'dns':
      return { rootDomain: target.host.split('.').slice(-2).join('.') }
    case 'network':
      return present({
        sourceAsn: objectOf(source?.['networkProviderInfo'])['asn'],
        sourceCountryCode: source?.['countryId'],
        destAsn: hosting.asn,
      })
    default:
      return type satisfies never
  }
}

const affectedTest = ({ test, target, agents }: DetectedEvent, call: Call): JsonObject => ({
  testId: test.id,
  testType: textOf(test.fields['type']) ?? '',
  name: textOf(test.fields['testName']) ?? '',
  affectedTargetIds: [target.server],
  affectedAgentIds: agents.map(({ id }) => id),
  _links: { test: { href: call.href(`/tests/${test.fields['type']}/${test.id}`) } },
})

const affectedAgents = ({ test, target, agents }: DetectedEvent, call: Call): readonly JsonObject[] =>
  agents.map(({ id, fields }) =>
    present({
      agentId: id,
      type: fields['agentType'],
      name: fields['agentName'],
      location: fields['location'],
      countryCode: fields['countryId'],
      affectedTargetIds: [target.server],
      affectedTestIds: [test.id],
      _links: { agent: { href: call.href(`/agents/${id}`) } },
    }),
  )

/** An event as its own address shows it. */
export function detailedEvent(event: DetectedEvent, call: Call): JsonObject {
  const { type, test, target, agents } = event
  const { cause } = wordings[type]
  return {
    ...base(event, call),
    aid: call.aid,
    summary: `${cause}: ${target.host}`,
    cause: [cause],
    grouping: groupingOf(event),
    affectedTests: { ...counted(1), tests: [affectedTest(event, call)] },
    affectedTargets: {
      ...counted(1),
      targets: [
        {
          serverId: target.server,
          name: target.host,
          ip: target.ipAddress,
          affectedTestIds: [test.id],
          affectedAgentIds: agents.map(({ id }) => id),
        },
      ],
    },
    affectedAgents: { ...counted(agents.length), agents: affectedAgents(event, call) },
  }
}
