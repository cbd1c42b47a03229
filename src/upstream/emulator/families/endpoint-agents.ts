import type { Answer, Answerer, Answerers, Call } from '../call.ts'
import { type Accepted, crud, type Family, named, shown, visible } from '../crud.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, objectOf, objectsOf, without } from '../json.ts'
import type { Model } from '../model.ts'
import { askedPage, pageLinks, sliceOf } from '../paging.ts'
import { invalid, isV7Refusal, notFound, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { isDeleted } from './endpoint-agent-relations.ts'

const expandable = ['clients', 'vpnProfiles', 'networkInterfaceProfiles']

/** An agent that may measure was seen within the last minute. */
const lastSeen = ({ fields }: Entry, now: number): JsonObject =>
  fields['status'] === 'disabled' || fields['deleted'] === true
    ? {}
    : { lastSeen: isoDate(Math.floor(now / 60_000) * 60_000) }

const show = (agent: Entry, { expand, now }: Call): JsonObject => ({
  ...without(
    agent.fields,
    expandable.filter((key) => !expand.has(key)),
  ),
  aid: agent.aid ?? '',
  numberOfClients: objectsOf(agent.fields['clients']).length,
  ...lastSeen(agent, now),
})

/** The account groups whose agents are asked for. */
const groupsAsked = ({ query, caller, aid }: Call): readonly string[] =>
  query.get('useAllPermittedAids') === 'true' ? caller.groups : [aid]

const changeable = ['name', 'licenseType']

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
  const current = stored ? show(stored, { ...call, expand: new Set(expandable) }) : {}
  const wrong = Object.entries(objectOf(call.body))
    .filter(
      ([key, value]) => !changeable.includes(key) && JSON.stringify(current[key]) !== JSON.stringify(value),
    )
    .map(([field]) => ({ field, message: 'cannot be changed.' }))
  return wrong.length > 0 ? invalid(wrong) : { fields: merged }
}

const endpointAgent: Family = {
  path: '/endpoint/agents',
  collection: 'endpoint-agents',
  idKey: 'id',
  owner: 'account-group',
  newId: () => '',
  sees: (agent, call) =>
    agent.orgId === call.caller.orgId &&
    groupsAsked(call).includes(agent.aid ?? '') &&
    (!isDeleted(agent) || call.query.get('includeDeleted') === 'true'),
  lists: ({ fields }, { query }) =>
    ['agentName', 'computerName'].every((parameter) => {
      const wanted = query.get(parameter)
      return wanted === null || fields[parameter === 'agentName' ? 'name' : parameter] === wanted
    }),
  show,
  accept,
}

function list(call: Call): Answer | V7Refusal {
  const asked = askedPage(call)
  if (isV7Refusal(asked)) return asked
  const agents = visible(endpointAgent, call)
  const { rows, left } = sliceOf(asked, agents)
  const schema = call.model.schema('EndpointAgent')
  return {
    status: 200,
    varies: true,
    body: {
      totalAgents: agents.length,
      agents: rows.map((agent) => shown(endpointAgent, agent, { ...call, schema })),
      _links: pageLinks(call, asked, left),
    },
  }
}

const one = (agent: Entry, call: Call): Answer => ({
  status: 200,
  varies: true,
  body: shown(endpointAgent, agent, { ...call, schema: call.model.schema('EndpointAgent') }),
})

/** Puts fields on the agent that the path names. */
const change =
  (fields: JsonObject, answer: (agent: Entry, call: Call) => Answer): Answerer =>
  (call) => {
    const agent = named(endpointAgent, call)
    if (!agent) return notFound
    call.state.put({ ...agent, fields: { ...agent.fields, ...fields } })
    return answer({ ...agent, fields: { ...agent.fields, ...fields } }, call)
  }

/** `/endpoint/agents`: what installs itself elsewhere and registers, so that nothing creates one here. */
export const endpointAgents = (model: Model): Answerers => ({
  ...crud(endpointAgent, model),
  getEndpointAgents: list,
  getEndpointAgent(call) {
    const agent = named(endpointAgent, call)
    return agent ? one(agent, call) : notFound
  },
  deleteEndpointAgent: change({ deleted: true }, () => ({ status: 204 })),
  enableEndpointAgent: change({ status: 'enabled' }, one),
  disableEndpointAgent: change({ status: 'disabled' }, one),
})
