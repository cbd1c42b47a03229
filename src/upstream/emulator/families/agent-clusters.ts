import type { Answer, Answerers, Call } from '../call.ts'
import { isJsonObject, type JsonObject, objectsOf, only, textOf, textsOf, without } from '../json.ts'
import { project } from '../project.ts'
import { invalidField, notFound, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { seesAgent, takeFromTests } from './agent-relations.ts'
import { showAgent } from './agent-show.ts'

const memberKeys = [
  'ipAddresses',
  'publicIpAddresses',
  'network',
  'errorDetails',
  'lastSeen',
  'agentState',
  'targetForTests',
  'serialNumber',
  'utilization',
]

/** A member is known by an id of its own and keeps what makes it an agent again when it leaves. */
const memberOf = (agent: Entry, memberId: string): JsonObject => ({
  ...only(agent.fields, memberKeys),
  memberId,
  name: agent.fields['agentName'] ?? '',
  agent: agent.fields,
})

function details(agent: Entry, call: Call): JsonObject {
  const body = project(call.model, call.model.schema('AgentDetails'), showAgent(agent, call))
  return {
    ...(isJsonObject(body) ? body : {}),
    _links: { self: { href: call.href(`/agents/${agent.id}`) } },
  }
}

const enterpriseAgent = (id: string, call: Call): Entry | undefined => {
  const agent = call.state.find('agents', id)
  const isEnterprise = agent?.fields['agentType'] !== 'cloud'
  return agent && isEnterprise && seesAgent(agent, call) ? agent : undefined
}

/** The named agent becomes a cluster, or is one, and takes the agents in (v7-notes section 10, 1). */
function assign(call: Call): Answer | V7Refusal {
  const agent = enterpriseAgent(call.parameters['agentId'] ?? '', call)
  if (!agent) return notFound
  if (!isJsonObject(call.body) || call.body['agents'] === undefined)
    return invalidField('agents', 'Agents is empty.')
  const ids = textsOf(call.body['agents'])
  if (ids.includes(agent.id)) return invalidField('agents', 'The agent of the path must not be in the list.')
  const joining = ids.map((id) => call.state.find('agents', id))
  const stray = ids.find(
    (_, index) => joining[index]?.fields['agentType'] !== 'enterprise' || joining[index]?.aid !== agent.aid,
  )
  if (stray !== undefined)
    return invalidField('agents', `There is no enterprise agent ${stray} in this account group.`)
  const isCluster = agent.fields['agentType'] === 'enterprise-cluster'
  const own = isCluster ? objectsOf(agent.fields['clusterMembers']) : [memberOf(agent, call.state.nextId())]
  const joined = joining.flatMap((one) => (one ? [memberOf(one, call.state.nextId())] : []))
  for (const id of ids) {
    takeFromTests(new Set([id]), call)
    call.state.remove('agents', id)
  }
  call.state.put({
    ...agent,
    fields: { ...agent.fields, agentType: 'enterprise-cluster', clusterMembers: [...own, ...joined] },
  })
  return { status: 200, body: details(call.state.find('agents', agent.id) as Entry, call) }
}

/** A freed member becomes an agent again, under the id given. */
function free(member: JsonObject, { cluster, id, call }: { cluster: Entry; id: string; call: Call }): Entry {
  const stored = isJsonObject(member['agent']) ? member['agent'] : {}
  const fields: JsonObject = {
    ...without(cluster.fields, ['clusterMembers', ...memberKeys]),
    ...only(member, memberKeys),
    ...without(stored, ['clusterMembers']),
    agentName: member['name'] ?? '',
    agentType: 'enterprise',
  }
  call.state.put({ ...cluster, id, fields })
  return call.state.find('agents', id) as Entry
}

/** Frees members under new ids; the last member of a cluster that empties inherits the cluster's id. */
function unassign(call: Call): Answer | V7Refusal {
  const cluster = enterpriseAgent(call.parameters['agentId'] ?? '', call)
  if (cluster?.fields['agentType'] !== 'enterprise-cluster') return notFound
  if (!isJsonObject(call.body) || call.body['members'] === undefined)
    return invalidField('members', 'Members is empty.')
  const asked = textsOf(call.body['members'])
  const members = objectsOf(cluster.fields['clusterMembers'])
  const stray = asked.find((id) => !members.some((member) => member['memberId'] === id))
  if (stray !== undefined) return invalidField('members', `There is no member ${stray} in this cluster.`)
  const leaving = asked.flatMap((id) => members.filter((member) => member['memberId'] === id))
  const staying = members.filter((member) => !asked.includes(textOf(member['memberId']) ?? ''))
  if (staying.length > 0)
    call.state.put({ ...cluster, fields: { ...cluster.fields, clusterMembers: staying } })
  const freed = leaving.map((member, index) => {
    const inherits = staying.length === 0 && index === leaving.length - 1
    return free(member, { cluster, id: inherits ? cluster.id : call.state.nextId(), call })
  })
  const kept = staying.length > 0 ? [call.state.find('agents', cluster.id) as Entry] : []
  const item = call.model.schema('CloudEnterpriseAgent')
  return {
    status: 200,
    body: {
      agents: [...kept, ...freed].map((agent) => project(call.model, item, showAgent(agent, call))),
      _links: { self: { href: call.href(`/agents/${cluster.id}/cluster/unassign`) } },
    },
  }
}

export const agentClusters = (): Answerers => ({
  assignAgentToCluster: assign,
  unassignAgentFromCluster: unassign,
})
