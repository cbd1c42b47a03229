import type { Call } from '../call.ts'
import { isOwn } from '../crud.ts'
import { isJsonObject, type JsonObject, textOf, textsOf } from '../json.ts'
import type { Draft, Entry, Objects } from '../state.ts'
import { isInGroup } from './endpoint-agent-groups.ts'
import { isDeleted } from './endpoint-agent-states.ts'

/** Endpoint agents of the account group, those that are deleted too. */
export const endpointAgentsEverOwn = (call: Call): readonly Entry[] =>
  call.state.all('endpoint-agents').filter((agent) => isOwn(agent, call))

/** Endpoint agents of the account group, deleted ones left out. */
export const ownEndpointAgents = (call: Call): readonly Entry[] =>
  endpointAgentsEverOwn(call).filter((agent) => !isDeleted(agent))

const mostMachines = 25

/** Whether an agent has one of the tags: as its own, or as one of those that a dynamic tag is for. */
export const hasTag = (agent: Entry, tagIds: readonly string[], state: Objects): boolean =>
  tagIds.some((id) => {
    const tag = state.find('tags', id)
    return (
      textsOf(agent.fields['tagIds']).includes(id) ||
      (tag !== undefined && tag.aid === agent.aid && isInGroup(agent, tag, state))
    )
  })

export const hasLabel = (agent: Entry, labelIds: readonly string[], state: Objects): boolean =>
  labelIds.some((id) => {
    const label = state.find('endpoint-labels', id)
    return label !== undefined && label.aid === agent.aid && isInGroup(agent, label, state)
  })

/** How many agents run an endpoint test at once. */
export const mostMachinesOf = ({ fields }: Entry): number => Number(fields['maxMachines'] ?? mostMachines)

/** The agents that the selector of an endpoint test names, those that are switched off too. */
export function agentsSelected(
  { aid, fields }: Pick<Entry, 'fields'> & { readonly aid?: string },
  state: Objects,
): readonly Entry[] {
  const all = state.all('endpoint-agents').filter((agent) => agent.aid === aid)
  const ids = textsOf(fields['agents'])
  const tagIds = textsOf(fields['tagIds'])
  const labelIds = textsOf(fields['endpointAgentLabels'])
  const selected: Readonly<Record<string, (agent: Entry) => boolean>> = {
    'all-agents': () => true,
    'specific-agents': ({ id }) => ids.includes(id),
    'agent-labels': (agent) => hasLabel(agent, labelIds, state),
    'agent-tags': (agent) => hasTag(agent, tagIds, state),
  }
  const isSelected = selected[textOf(fields['agentSelectorType']) ?? 'all-agents'] ?? (() => false)
  return all.filter(isSelected)
}

/** What endpoint agents and groups of them are named in, by their ids, and under which keys. */
const namedIn: Readonly<Record<NamedKind, readonly (readonly [collection: string, key: string])[]>> = {
  agent: [
    ['endpoint-tests', 'agents'],
    ['endpoint-proxies', 'agentIds'],
    ['endpoint-real-user-tests', 'agentIds'],
  ],
  label: [
    ['endpoint-tests', 'endpointAgentLabels'],
    ['endpoint-real-user-tests', 'labelIds'],
  ],
  tag: [
    ['endpoint-tests', 'tagIds'],
    ['endpoint-real-user-tests', 'tagIds'],
  ],
  test: [['endpoint-proxies', 'testIds']],
}

export type NamedKind = 'agent' | 'label' | 'tag' | 'test'

/** The object without an id in one of its lists; profiles have theirs one level down. */
function unnamed(fields: JsonObject, key: string, id: string): JsonObject | undefined {
  const ids = textsOf(fields[key])
  if (ids.includes(id)) return { ...fields, [key]: ids.filter((one) => one !== id) }
  const settings = fields['monitoringSettings']
  const inner = isJsonObject(settings) ? unnamed(settings, key, id) : undefined
  return inner && { ...fields, monitoringSettings: inner }
}

/** Takes what leaves its account group, or is deleted, out of everything there that names it. */
export function dropReferences(kind: NamedKind, { id, aid }: Entry, state: Draft): void {
  for (const [collection, key] of namedIn[kind])
    for (const entry of state.all(collection)) {
      const fields = entry.aid === aid ? unnamed(entry.fields, key, id) : undefined
      if (fields) state.put({ ...entry, fields })
    }
}
