import type { Call } from '../call.ts'
import { isOwn } from '../crud.ts'
import { textOf, textsOf } from '../json.ts'
import type { Entry, Objects } from '../state.ts'

/** Endpoint agents that are deleted stay in the state and show themselves on demand alone (`includeDeleted`). */
export const isDeleted = ({ fields }: Entry): boolean => fields['deleted'] === true

/** Endpoint agents of the account group, deleted ones left out. */
export const ownEndpointAgents = (call: Call): readonly Entry[] =>
  call.state.all('endpoint-agents').filter((agent) => isOwn(agent, call) && !isDeleted(agent))

const mostMachines = 25

const isTagged = (agent: Entry, tagIds: readonly string[]): boolean =>
  textsOf(agent.fields['tagIds']).some((id) => tagIds.includes(id))

/** The agents that run an endpoint test: those that its selector names, at most so many. */
export function agentsSelected({ aid, fields }: Entry, state: Objects): readonly Entry[] {
  const all = state
    .all('endpoint-agents')
    .filter((agent) => agent.aid === aid && !isDeleted(agent) && agent.fields['status'] !== 'disabled')
  const ids = textsOf(fields['agents'])
  const tagIds = textsOf(fields['tagIds'])
  const selected: Readonly<Record<string, (agent: Entry) => boolean>> = {
    'all-agents': () => true,
    'specific-agents': ({ id }) => ids.includes(id),
    'agent-tags': (agent) => isTagged(agent, tagIds),
  }
  const isSelected = selected[textOf(fields['agentSelectorType']) ?? 'all-agents'] ?? (() => false)
  return all.filter(isSelected).slice(0, Number(fields['maxMachines'] ?? mostMachines))
}
