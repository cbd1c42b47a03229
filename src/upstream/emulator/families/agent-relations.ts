import type { Call } from '../call.ts'
import { isOwn } from '../crud.ts'
import { type Json, objectsOf, textsOf } from '../json.ts'
import type { Entry, Objects } from '../state.ts'
import { changeTest } from './test-history.ts'

/** Cloud agents are everybody's; enterprise agents belong to one account group and may be given to more of its organization. */
export const seesAgent = (agent: Entry, call: Call): boolean =>
  isOwn(agent, call) || textsOf(agent.fields['accountGroups']).includes(call.aid)

/** Tests by agent, for each list of all tests that the state has had. */
const testsByAgent = new WeakMap<readonly Entry[], ReadonlyMap<string, readonly Entry[]>>()

function byAgent(tests: readonly Entry[]): ReadonlyMap<string, readonly Entry[]> {
  const known = testsByAgent.get(tests)
  if (known) return known
  const made = new Map<string, Entry[]>()
  for (const test of tests)
    for (const agentId of new Set(
      objectsOf(test.fields['agents']).map((agent) => String(agent['agentId'])),
    )) {
      const found = made.get(agentId) ?? []
      made.set(agentId, found)
      found.push(test)
    }
  testsByAgent.set(tests, made)
  return made
}

/** The tests of the account group that run on the agent, instant ones left out. */
export const testsOn = (agentId: string, state: Objects, aid: string): readonly Entry[] =>
  (byAgent(state.all('tests')).get(agentId) ?? []).filter(
    (test) => test.aid === aid && test.fields['instant'] !== true,
  )

/** Makes the agent run exactly these tests of the account group. A test that loses its last agent is disabled. */
export function setAgentTests(agentId: string, wanted: ReadonlySet<string>, call: Call): void {
  const { state, aid } = call
  const before = new Set(testsOn(agentId, state, aid).map(({ id }) => id))
  for (const test of state.all('tests')) {
    if (test.aid !== aid || before.has(test.id) === wanted.has(test.id)) continue
    const others = objectsOf(test.fields['agents']).filter((agent) => agent['agentId'] !== agentId)
    const agents = wanted.has(test.id) ? [...others, { agentId }] : others
    const enabled = agents.length === 0 ? false : (test.fields['enabled'] ?? true)
    changeTest(test, { agents, enabled }, call)
  }
}

/**
 * Takes agents from every test: a test that loses its last agent is disabled, and each is changed now (v7-notes section 2). One
 * that measures such an agent is disabled too, and still names it, as answers must have a target; that is ours.
 */
export function takeFromTests(agentIds: ReadonlySet<string>, call: Call): void {
  const isTaken = (id: Json | undefined): boolean => agentIds.has(String(id))
  for (const test of call.state.all('tests')) {
    const named = objectsOf(test.fields['agents'])
    const agents = named.filter(({ agentId }) => !isTaken(agentId))
    const isTarget = isTaken(test.fields['targetAgentId'])
    if (agents.length === named.length && !isTarget) continue
    const enabled = agents.length === 0 || isTarget ? false : (test.fields['enabled'] ?? true)
    changeTest(test, { agents, enabled }, call)
  }
}
