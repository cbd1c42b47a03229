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
  for (const agent of state.all('agents')) {
    if (agent.orgId !== caller.orgId || agent.aid === aid) continue
    const others = textsOf(agent.fields['accountGroups']).filter((group) => group !== aid)
    const accountGroups = agentIds.includes(agent.id) ? [...others, aid] : others
    state.put({ ...agent, fields: { ...agent.fields, accountGroups } })
  }
}
