import type { Call } from '../call.ts'
import { isOwn } from '../crud.ts'
import { objectOf, objectsOf, textOf, textsOf } from '../json.ts'
import type { Draft, Entry, Objects } from '../state.ts'

/** Endpoint agents that are deleted stay in the state and show themselves on demand alone (`includeDeleted`). */
export const isDeleted = ({ fields }: Entry): boolean => fields['deleted'] === true

/** An agent that is disabled or deleted measures nothing. */
export const isMeasuring = (agent: Entry): boolean =>
  !isDeleted(agent) && agent.fields['status'] !== 'disabled'

/** Endpoint agents of the account group, deleted ones left out. */
export const ownEndpointAgents = (call: Call): readonly Entry[] =>
  call.state.all('endpoint-agents').filter((agent) => isOwn(agent, call) && !isDeleted(agent))

/**
 * The account groups that a call is for: its own, or on demand all in which the caller may do the same. Only operations that
 * have the parameter know it: the gateway judges no other one by it.
 */
export function groupsAsked(call: Call): readonly string[] {
  const known = groupsOfCalls.get(call)
  if (known) return known
  const { query, caller, aid, row, permissions } = call
  const groups =
    'useAllPermittedAids' in row.query && query.get('useAllPermittedAids') === 'true'
      ? caller.groups.filter((group) => permissions.missing(row, caller.permissionsIn(group)) === undefined)
      : [aid]
  groupsOfCalls.set(call, groups)
  return groups
}

/** Asked for each agent of a list. */
const groupsOfCalls = new WeakMap<Call, readonly string[]>()

const mostMachines = 25

const isTagged = (agent: Entry, tagIds: readonly string[]): boolean =>
  textsOf(agent.fields['tagIds']).some((id) => tagIds.includes(id))

/** The agents that run an endpoint test: those that its selector names, at most so many. */
export function agentsSelected({ aid, fields }: Entry, state: Objects): readonly Entry[] {
  const all = state.all('endpoint-agents').filter((agent) => agent.aid === aid && isMeasuring(agent))
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

/** What names endpoint agents by their ids, and under which key. */
const namedIn: readonly (readonly [collection: string, key: string])[] = [
  ['endpoint-tests', 'agents'],
  ['endpoint-proxies', 'agentIds'],
]

/** Takes an agent that leaves its account group out of everything there that names it. */
export function dropReferences({ id, aid }: Entry, state: Draft): void {
  for (const [collection, key] of namedIn)
    for (const entry of state.all(collection)) {
      const ids = textsOf(entry.fields[key])
      if (entry.aid === aid && ids.includes(id))
        state.put({ ...entry, fields: { ...entry.fields, [key]: ids.filter((one) => one !== id) } })
    }
  for (const profile of state.all('endpoint-real-user-tests')) {
    const settings = objectOf(profile.fields['monitoringSettings'])
    const ids = textsOf(settings['agentIds'])
    if (profile.aid !== aid || !ids.includes(id)) continue
    const monitoringSettings = { ...settings, agentIds: ids.filter((one) => one !== id) }
    state.put({ ...profile, fields: { ...profile.fields, monitoringSettings } })
  }
}

/** The users of the agent's machine, as far as it tells them. */
export const usersOf = ({ fields }: Entry, key: 'userName' | 'userPrincipalName'): readonly string[] =>
  objectsOf(fields['clients']).flatMap((client) => textOf(objectOf(client['userProfile'])[key]) ?? [])
