import { type Json, objectsOf } from '../json.ts'
import type { NewEntry } from '../state.ts'

/** Endpoint agents that are deleted stay in the state and show themselves on demand alone (`includeDeleted`). */
export const isDeleted = ({ fields }: Pick<NewEntry, 'fields'>): boolean => fields['deleted'] === true

/** An agent that is disabled or deleted measures nothing. */
export const isMeasuring = (agent: Pick<NewEntry, 'fields'>): boolean =>
  !isDeleted(agent) && agent.fields['status'] !== 'disabled'

/** What happened to an agent here, in the words of its logs. */
export type StateChange = 'enabled' | 'disabled' | 'deleted'

/** How many an agent remembers (ours). */
const remembered = 100

/** The agent with a change noted, which its logs tell of. @param at epoch ms */
export function withStateChange<Agent extends NewEntry>(
  agent: Agent,
  change: StateChange,
  at: number,
): Agent {
  const stateChanges: readonly Json[] = [...objectsOf(agent.fields['stateChanges']), { change, at }]
  return { ...agent, fields: { ...agent.fields, stateChanges: stateChanges.slice(-remembered) } }
}

/** The changes of an agent, the oldest first. At epoch ms. */
export const stateChangesOf = ({
  fields,
}: Pick<NewEntry, 'fields'>): readonly { readonly change: string; readonly at: number }[] =>
  objectsOf(fields['stateChanges']).map(({ change, at }) => ({ change: String(change), at: Number(at) }))

/** Whether the agent was switched off then, as far as its changes tell; before them it was what the first one ended. */
export function wasDisabled(agent: Pick<NewEntry, 'fields'>, at: number): boolean {
  const changes = stateChangesOf(agent)
  const last = changes.findLast((one) => one.at <= at)
  if (last) return last.change !== 'enabled'
  const [first] = changes
  return first ? first.change === 'enabled' : agent.fields['status'] === 'disabled'
}
