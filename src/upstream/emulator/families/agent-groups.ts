import type { Call } from '../call.ts'
import { type JsonObject, textsOf } from '../json.ts'
import { showAgent } from './agent-show.ts'

/** Enterprise agents belong to one account group and may be given to others of the organization (`accountGroups`). */
export const agentsOfGroup = (aid: string, call: Call): readonly JsonObject[] =>
  call.state
    .all('agents')
    .filter((agent) => agent.aid === aid || textsOf(agent.fields['accountGroups']).includes(aid))
    .map((agent) => showAgent(agent, { ...call, expand: new Set() }))

/** Gives the account group exactly these agents besides its own. */
export function setAgentGroups(aid: string, agentIds: readonly string[], { state, caller }: Call): void {
  const wanted = new Set(agentIds)
  for (const agent of state.all('agents')) {
    if (agent.orgId !== caller.orgId || agent.aid === aid) continue
    const groups = textsOf(agent.fields['accountGroups'])
    if (groups.includes(aid) === wanted.has(agent.id)) continue
    const others = groups.filter((group) => group !== aid)
    const accountGroups = wanted.has(agent.id) ? [...others, aid] : others
    state.put({ ...agent, fields: { ...agent.fields, accountGroups } })
  }
}
