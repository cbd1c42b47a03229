import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, done, openCalls } from './emulator-calls.ts'
import { endpoint, hour, minute, recordOf, scheduleCalls, start } from './schedule-calls.ts'

const [laptop, mac, desk] = [1, 2, 3].map((n) => `3fde6422-f119-40e1-ae32-00000000110${n}`) as [
  string,
  string,
  string,
]

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const { create, rowsOf } = scheduleCalls(endpoint, () => calls)
const post = (path: string, body?: object) => done(calls, 'POST', path, body && { body })
const two = { agents: [laptop, mac] }

/** Cells by minute and the last digit of the agent, the newest first. */
const cells = async (id: string, query?: string): Promise<string> =>
  (await rowsOf(id, query))
    .map(({ roundId, agentId }) => `${(roundId - start) / minute}:${agentId.at(-1)}`)
    .join(' ')

/** The ways in which an endpoint agent measures for a test no more. */
const ways: readonly (readonly [string, object, () => Promise<unknown>])[] = [
  ['is disabled', two, () => post(`/endpoint/agents/${mac}/disable`)],
  ['is deleted', two, () => done(calls, 'DELETE', `/endpoint/agents/${mac}`)],
  [
    'is deleted, where all are selected',
    { agentSelectorType: 'all-agents', agents: undefined },
    async () => {
      await done(calls, 'DELETE', `/endpoint/agents/${mac}`)
      await post(`/endpoint/agents/${desk}/disable`)
    },
  ],
]

describe('an endpoint agent', () => {
  test.each(ways)('that %s keeps what it measured for the test', async (_, body, end) => {
    const id = await create(body)
    calls.clock.advance(90)
    const before = await rowsOf(id)
    await end()
    expect(await rowsOf(id)).toEqual(before)
    calls.clock.advance(minute)
    const past = (await cells(id, 'window=1d')).split(' ')
    expect(past.filter((cell) => cell.endsWith(':2'))).toEqual(['1:2', '0:2'])
    expect(past[0]).toBe('2:1')
    expect(await cells(id, '')).toBe('2:1')
    const round = (minutes: number) =>
      calls.call(
        'GET',
        `/endpoint/test-results/scheduled-tests/${id}/path-vis/agent/${mac}/round/${start + minutes * minute}`,
      )
    expect([(await round(1)).status, (await round(2)).status]).toEqual([200, 404])
    calls = await openCalls(calls)
    expect((await cells(id, 'window=1d')).split(' ')).toEqual(past)
  })

  test('that comes and goes has the rounds of the time in which it was there', async () => {
    const id = await create(two)
    calls.clock.advance(30)
    await post(`/endpoint/agents/${mac}/disable`)
    calls.clock.advance(minute)
    await post(`/endpoint/agents/${mac}/enable`)
    calls.clock.advance(minute)
    expect(await cells(id)).toBe('2:1 2:2 1:1 0:1 0:2')
  })

  test('that is selected by a label measures from the time on in which it is in its group, and until it is no more', async () => {
    const label = (computerName: string) => ({
      name: 'Macs',
      color: '#ffbf00',
      matchType: 'and',
      filters: [{ key: 'hostname', values: [computerName], mode: 'in' }],
    })
    const names = (await done(calls, 'GET', '/endpoint/agents')).agents
    const nameOf = (agent: string): string =>
      names.find(({ id }: { id: string }) => id === agent).computerName
    const { id: labelId } = await post('/endpoint/labels', label(nameOf(laptop)))
    const id = await create({
      agentSelectorType: 'agent-labels',
      agents: undefined,
      endpointAgentLabels: [labelId],
    })
    calls.clock.advance(30)
    await done(calls, 'PATCH', `/endpoint/labels/${labelId}`, { body: label(nameOf(mac)) })
    calls.clock.advance(minute)
    expect(await cells(id)).toBe('1:2 0:1')
  })

  test('that takes the place of one that is off measures from then on, and gives it back', async () => {
    const id = await create({ agentSelectorType: 'all-agents', agents: undefined, maxMachines: 2 })
    calls.clock.advance(30)
    await post(`/endpoint/agents/${laptop}/disable`)
    calls.clock.advance(minute)
    await post(`/endpoint/agents/${laptop}/enable`)
    calls.clock.advance(minute)
    expect(await cells(id)).toBe('2:1 2:2 1:2 1:3 0:1 0:2')
  })

  test('that is moved to another account group takes its results along, and measures there from then on', async () => {
    const id = await create(two)
    const there = scheduleCalls(endpoint, () => ({
      ...calls,
      call: (method, path, options) => calls.call(method, path, { ...options, aid: '1102' }),
    }))
    const other = await there.create({ agentSelectorType: 'all-agents', agents: undefined })
    await post(`/endpoint/agents/${mac}/transfer`, { toAid: '1102' })
    calls.clock.advance(90)
    expect(await cells(id)).toBe('1:1 0:1')
    const rounds = (await there.rowsOf(other))
      .filter(({ agentId }) => agentId === mac)
      .map(({ roundId }) => (roundId - start) / minute)
    expect(rounds).toEqual([1])
  })

  test('that is switched for ever is remembered a bounded number of times, of which none is shown', async () => {
    const id = await create({ agentSelectorType: 'all-agents', agents: undefined })
    for (let times = 0; times < 450; times += 1) {
      calls.clock.advance(minute)
      await post(`/endpoint/agents/${mac}/${times % 2 === 0 ? 'disable' : 'enable'}`)
    }
    const { value } = await recordOf(calls, ['endpoint-agents', mac])
    expect(JSON.parse(value).fields.runs).toHaveLength(200)
    expect((await calls.call('GET', `/endpoint/agents/${mac}`)).text).not.toContain('"runs"')
    const rows = (await rowsOf(id)).filter(({ agentId }) => agentId === mac)
    expect(rows.length).toBe(199)
    expect((await rowsOf(id, 'window=1h')).length).toBeGreaterThan((hour / minute) * 2)
  })
})
