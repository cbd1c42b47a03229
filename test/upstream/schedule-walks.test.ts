import { describe, expect, test } from 'vitest'
import { type Draw, drawOf } from '#upstream/emulator/measurements/draw.ts'
import { type Calls, done, openCalls } from './emulator-calls.ts'
import { allRows } from './result-calls.ts'

/** Half a minute behind a round, so that no change falls on one. */
const start = 1_893_456_030
const agents = ['110201', '110202'] as const

const body = {
  testName: 'Walked',
  server: 'acme.example:443',
  agents: agents.map((agentId) => ({ agentId })),
}

interface Walk {
  readonly calls: Calls
  readonly id: string
  /** What was measured up to now: agents in rounds. */
  readonly had: Set<string>
}

/** What can be read, and what is billed: each a list of agents in rounds. */
async function seen({
  calls,
  id,
}: Walk): Promise<{ readonly rows: readonly string[]; readonly billed: number }> {
  const rows = await allRows(calls, `/test-results/${id}/network`, 'window=2d')
  const { breakdowns } = (await calls.call('GET', '/usage/units/tests')).body
  const { enterpriseUnitsUsed } = breakdowns.find(({ testId }: { testId: string }) => testId === id)
  return {
    rows: rows.map(({ agent, roundId }) => `${roundId} ${agent.agentId}`).toSorted(),
    billed: enterpriseUnitsUsed / 5,
  }
}

/** What a test and its agents are, as the walk has left them. */
interface Switches {
  enabled: boolean
  interval: number
  readonly on: Set<string>
  /** The agents that the test has. */
  readonly given: Set<string>
}

/** What is measured from one second to another, looked at second by second. */
function measuredBetween(
  { enabled, interval, on, given }: Switches,
  from: number,
  to: number,
): readonly string[] {
  const seconds = Array.from({ length: to - from }, (_, index) => from + 1 + index)
  const rounds = enabled ? seconds.filter((second) => second % interval === 0) : []
  const measuring = agents.filter((agent) => on.has(agent) && given.has(agent))
  return rounds.flatMap((round) => measuring.map((agent) => `${round} ${agent}`))
}

/** Gives the test an agent or takes it away, unless it is its last one. */
async function giveOrTake(
  { calls, id }: Pick<Walk, 'calls' | 'id'>,
  { given }: Switches,
  agent: string,
): Promise<void> {
  const others = [...given].filter((one) => one !== agent)
  if (others.length === 0) return
  const isTaken = given.delete(agent)
  if (!isTaken) given.add(agent)
  await done(calls, 'POST', `/agents/${agent}/tests/${isTaken ? 'unassign' : 'assign'}`, {
    body: { testIds: [id] },
  })
}

/** One change by chance: of the test, of an agent, or of what they have to do with each other. */
async function change({ calls, id }: Walk, switches: Switches, draw: Draw): Promise<void> {
  const choice = draw.whole('choice', [0, 5])
  if (choice >= 4) return await giveOrTake({ calls, id }, switches, agents[choice - 4] ?? agents[0])
  if (choice >= 2) {
    const agent = agents[choice - 2] ?? agents[0]
    const enabled = !switches.on.delete(agent)
    if (enabled) switches.on.add(agent)
    await done(calls, 'PUT', `/agents/${agent}`, { body: { enabled } })
    return
  }
  if (choice === 0) switches.enabled = !switches.enabled
  else switches.interval = [60, 120, 300][draw.whole('interval', [0, 2])] ?? 60
  const { enabled, interval } = switches
  const given = [...switches.given].map((agentId) => ({ agentId }))
  await done(calls, 'PUT', `/tests/agent-to-server/${id}`, {
    body: { ...body, agents: given, interval, enabled },
  })
}

/** Changes by chance, with time between them or none, and looks after each whether all is as if measured second by second. */
async function walk(seed: number): Promise<void> {
  const calls = await openCalls()
  calls.clock.advance(30)
  const { testId } = await done(calls, 'POST', '/tests/agent-to-server', { body: { ...body, interval: 60 } })
  const one: Walk = { calls, id: testId, had: new Set(agents.map((agent) => `${start - 30} ${agent}`)) }
  const switches: Switches = { enabled: true, interval: 60, on: new Set(agents), given: new Set(agents) }
  let now = start
  for (let step = 0; step < 35; step += 1) {
    const draw = drawOf(`walk ${seed} ${step}`)
    const lasts = draw.whole('lasts', [0, 1]) * draw.whole('seconds', [0, 900])
    for (const cell of measuredBetween(switches, now, now + lasts)) one.had.add(cell)
    now += lasts
    calls.clock.advance(lasts)
    await change(one, switches, draw)
    expect(await seen(one)).toEqual({ rows: [...one.had].toSorted(), billed: one.had.size })
  }
}

describe('a test and its agents, switched, given, taken and changed by chance', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'have the rounds that were measured, and are billed for them: walk %d',
    walk,
  )
})
