import type { Call } from '../call.ts'
import { isOwn } from '../crud.ts'
import { seesAgent } from '../families/agent-relations.ts'
import { ownEndpointAgents } from '../families/endpoint-agent-relations.ts'
import { type JsonObject, objectOf, present, textOf, textsOf } from '../json.ts'
import type { Entry } from '../state.ts'
import type { Question } from './measured-series.ts'

type Status = 'online' | 'offline' | 'disabled'

function enterpriseStatus({ fields }: Entry): Status {
  if (fields['enabled'] === false) return 'disabled'
  return fields['agentState'] === 'offline' ? 'offline' : 'online'
}

const endpointStatus = ({ fields }: Entry): Status =>
  fields['status'] === 'disabled' ? 'disabled' : 'online'

const isIpv6 = (address: string): boolean => address.includes(':')

/** Coordinates, and the name of the place, where the agent has them. */
const placeOf = (coordinates: JsonObject, name: string | undefined): JsonObject =>
  present({
    latitude: coordinates['latitude'],
    longitude: coordinates['longitude'],
    locationName: name,
  })

function enterpriseAgent(agent: Entry): JsonObject {
  const { agentName, location, coordinates, ipAddresses, publicIpAddresses } = agent.fields
  const own = textsOf(ipAddresses)
  return present({
    agentId: agent.id,
    agentName,
    status: enterpriseStatus(agent),
    ipInfo: present({
      publicIp: textsOf(publicIpAddresses)[0],
      privateIp: own.find((address) => !isIpv6(address)),
      ipv6: own.find(isIpv6),
    }),
    location: placeOf(objectOf(coordinates), textOf(location)),
  })
}

function endpointAgent(agent: Entry): JsonObject {
  const { name, computerName, publicIP, osVersion, location } = agent.fields
  const place = objectOf(location)
  return present({
    agentId: agent.id,
    agentName: name ?? computerName,
    status: endpointStatus(agent),
    ipInfo: present({ publicIp: publicIP, operativeSystemVersion: osVersion }),
    location: placeOf(place, textOf(place['locationName'])),
  })
}

/** Enterprise agents: the account group's own, or also those that it was given. */
function enterpriseAgents(widget: JsonObject, call: Call): readonly JsonObject[] {
  const isShown = widget['show'] === 'Owned Agents' ? isOwn : seesAgent
  return call.state
    .all('agents')
    .filter((agent) => agent.fields['agentType'] !== 'cloud' && isShown(agent, call))
    .map(enterpriseAgent)
}

/** An Agent Status: how many agents are in each state now, and each of them. Time does not matter to it. */
export function agentStatusContent({ measuring: widget, call }: Question): JsonObject {
  const agents =
    widget['agents'] === 'Endpoint Agents'
      ? ownEndpointAgents(call).map(endpointAgent)
      : enterpriseAgents(widget, call)
  const count = (status: Status): number => agents.filter((agent) => agent['status'] === status).length
  return {
    data: {
      summary: { online: count('online'), offline: count('offline'), disabled: count('disabled') },
      agents,
    },
  }
}
