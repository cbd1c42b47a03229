import { isDeepStrictEqual } from 'node:util'
import type { Answer, Answerer, Answerers, Call } from '../call.ts'
import { type Accepted, crud, type Family, named, shown, visible } from '../crud.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, objectOf, objectsOf, without } from '../json.ts'
import type { Model } from '../model.ts'
import { type AskedPage, askedPage, declaredPageLinks, sliceOf } from '../paging.ts'
import { invalid, isV7Refusal, notFound, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { dropReferences } from './endpoint-agent-relations.ts'
import { isDeleted, isMeasuring, withStateChange } from './endpoint-agent-states.ts'
import { groupsAsked } from './groups-asked.ts'

const expandable = ['clients', 'vpnProfiles', 'networkInterfaceProfiles']

/** An agent that may measure was seen within the last minute. @returns epoch ms */
export const lastSeenAt = (agent: Entry, now: number): number | undefined =>
  isMeasuring(agent) ? Math.floor(now / 60_000) * 60_000 : undefined

function lastSeen(agent: Entry, now: number): JsonObject {
  const at = lastSeenAt(agent, now)
  return at === undefined ? {} : { lastSeen: isoDate(at) }
}

const show = (agent: Entry, { expand, now }: Call): JsonObject => ({
  ...without(
    agent.fields,
    expandable.filter((key) => !expand.has(key)),
  ),
  aid: agent.aid ?? '',
  numberOfClients: objectsOf(agent.fields['clients']).length,
  ...lastSeen(agent, now),
})

const changeable = ['name', 'licenseType']

/** What moves by itself, so that a client which sends back what it read cannot know it (ours). */
const passed = [...changeable, 'lastSeen', '_links']

/** Only name and licence may change; another key must say what is there already (official document). */
function accept({
  call,
  merged,
  stored,
}: {
  call: Call
  merged: JsonObject
  stored: Entry | undefined
}): Accepted | V7Refusal {
  const current: JsonObject = stored
    ? { ...show(stored, { ...call, expand: new Set(expandable) }), id: stored.id }
    : {}
  const wrong = Object.entries(objectOf(call.body))
    .filter(([key, value]) => !passed.includes(key) && !isDeepStrictEqual(current[key], value))
    .map(([field]) => ({ field, message: 'cannot be changed.' }))
  return wrong.length > 0 ? invalid(wrong) : { fields: merged }
}

const showsDeleted = ({ query, row }: Call): boolean =>
  'includeDeleted' in row.query && query.get('includeDeleted') === 'true'

export const endpointAgent: Family = {
  path: '/endpoint/agents',
  collection: 'endpoint-agents',
  idKey: 'id',
  owner: 'account-group',
  newId: () => '',
  sees: (agent, call) =>
    agent.orgId === call.caller.orgId &&
    groupsAsked(call).includes(agent.aid ?? '') &&
    (!isDeleted(agent) || showsDeleted(call)),
  lists: ({ fields }, { query, row }) =>
    ['agentName', 'computerName'].every((parameter) => {
      const wanted = parameter in row.query ? query.get(parameter) : null
      return wanted === null || fields[parameter === 'agentName' ? 'name' : parameter] === wanted
    }),
  show,
  accept,
}

/** A page of agents, with how many there are in all. */
export function agentsAnswer(
  call: Call,
  page: {
    readonly rows: readonly Entry[]
    readonly total: number
    readonly asked: AskedPage
    readonly left: number
  },
): Answer {
  const schema = call.model.schema('EndpointAgent')
  return {
    status: 200,
    varies: true,
    body: {
      totalAgents: page.total,
      agents: page.rows.map((agent) => shown(endpointAgent, agent, { ...call, schema })),
      _links: declaredPageLinks(call, page.asked, page.left),
    },
  }
}

function list(call: Call): Answer | V7Refusal {
  const asked = askedPage(call)
  if (isV7Refusal(asked)) return asked
  const agents = visible(endpointAgent, call)
  return agentsAnswer(call, { ...sliceOf(asked, agents), total: agents.length, asked })
}

const one = (agent: Entry, call: Call): Answer => ({
  status: 200,
  varies: true,
  body: shown(endpointAgent, agent, { ...call, schema: call.model.schema('EndpointAgent') }),
})

/** Enables or disables the agent that the path names; one that is so already stays as it is (official document). */
const switchTo =
  (status: 'enabled' | 'disabled'): Answerer =>
  (call) => {
    const agent = named(endpointAgent, call)
    if (!agent || agent.fields['status'] === status) return agent ? one(agent, call) : notFound
    const switched = withStateChange({ ...agent, fields: { ...agent.fields, status } }, status, call.now)
    call.state.put(switched)
    return one(switched, call)
  }

/** `/endpoint/agents`: what installs itself elsewhere and registers, so that nothing creates one here. */
export const endpointAgents = (model: Model): Answerers => ({
  ...crud(endpointAgent, model),
  getEndpointAgents: list,
  getEndpointAgent(call) {
    const agent = named(endpointAgent, call)
    return agent ? one(agent, call) : notFound
  },
  deleteEndpointAgent(call) {
    const agent = named(endpointAgent, call)
    if (!agent) return notFound
    dropReferences('agent', agent, call.state)
    call.state.put(
      withStateChange({ ...agent, fields: { ...agent.fields, deleted: true } }, 'deleted', call.now),
    )
    return { status: 204 }
  },
  enableEndpointAgent: switchTo('enabled'),
  disableEndpointAgent: switchTo('disabled'),
})
