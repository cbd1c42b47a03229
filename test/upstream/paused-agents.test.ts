import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, done, openCalls } from './emulator-calls.ts'
import { allRows, type ResultRow } from './result-calls.ts'
import {
  alertsOf,
  cloudAndEnterprise,
  createLossRule,
  eventsOf,
  hour,
  minute,
  recordsOf,
  scheduleCalls,
  start,
} from './schedule-calls.ts'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

describe('an agent that is switched off', () => {
  const agentId = '110201'
  const { create, change, rowsOf } = scheduleCalls(cloudAndEnterprise, () => calls)
  const turn = (enabled: boolean, id = agentId) => done(calls, 'PUT', `/agents/${id}`, { body: { enabled } })
  const cells = async (id: string, query?: string): Promise<readonly string[]> =>
    (await rowsOf(id, query)).map(({ roundId, agent }) => `${roundId - start} ${agent.agentId}`)
  const enterpriseRounds = async (id: string): Promise<number> => {
    const { body } = await calls.call('GET', '/usage/units/tests')
    return body.breakdowns.find(({ testId }: { testId: string }) => testId === id).enterpriseUnitsUsed / 5
  }

  test('keeps what it measured, and is missing from the rounds of the time', async () => {
    const id = await create()
    calls.clock.advance(90)
    const before = await rowsOf(id)
    await turn(false)
    expect(await rowsOf(id)).toEqual(before)
    calls.clock.advance(60)
    await turn(true)
    calls.clock.advance(60)
    const expected = ['180 3', '180 110201', '120 3', '60 3', '60 110201', '0 3', '0 110201']
    expect(await cells(id)).toEqual(expected)
    expect((await rowsOf(id)).slice(-4)).toEqual(before)
    const path = (round: number) => `/test-results/${id}/path-vis/agent/${agentId}/round/${start + round}`
    const statuses = [60, 120, 180].map(async (round) => (await calls.call('GET', path(round))).status)
    expect(await Promise.all(statuses)).toEqual([200, 404, 200])
    const again = await openCalls(calls)
    expect(await allRows(again, `/test-results/${id}/network`, 'window=1d')).toEqual(await rowsOf(id))
  })

  test('is missing from the most recent round, which is the last one of all when none is on', async () => {
    const id = await create({ agents: [{ agentId: '110201' }, { agentId: '110202' }] })
    calls.clock.advance(minute)
    await turn(false)
    calls.clock.advance(minute)
    expect(await cells(id, '')).toEqual(['120 110202'])
    await turn(false, '110202')
    calls.clock.advance(minute)
    expect(await cells(id, '')).toEqual(['120 110202'])
  })

  test('is in pages that hold each cell once', async () => {
    const id = await create()
    for (let times = 0; times < 20; times += 1) {
      calls.clock.advance(17 * minute)
      await turn(times % 2 === 1)
    }
    const seen = await cells(id)
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen.filter((cell) => cell.endsWith(' 3'))).toHaveLength(20 * 17 + 1)
    expect(seen.filter((cell) => cell.endsWith(' 110201'))).toHaveLength(10 * 17 + 1)
    const first = (await calls.call('GET', `/test-results/${id}/network`, { query: 'window=1d' })).body
      .results
    expect(first.map(({ roundId, agent }: ResultRow) => `${roundId - start} ${agent.agentId}`)).toEqual(
      seen.slice(0, first.length),
    )
  })

  test('is billed for the rounds that it had, without a record for each test', async () => {
    const id = await create()
    calls.clock.advance(hour)
    await turn(false)
    expect(await recordsOf(calls, 'unit-history')).toEqual([])
    expect(await enterpriseRounds(id)).toBe(61)
    calls.clock.advance(hour)
    expect(await enterpriseRounds(id)).toBe(61)
    await turn(true)
    calls.clock.advance(hour)
    expect(await enterpriseRounds(id)).toBe(121)
    await change(id, { interval: 120 })
    expect(await enterpriseRounds(id)).toBe(121)
    await done(calls, 'DELETE', `/agents/${agentId}`)
    expect(await enterpriseRounds(id)).toBe(121)
    await done(calls, 'DELETE', `${cloudAndEnterprise.path}/${id}`)
    expect(await enterpriseRounds(id)).toBe(121)
  })

  test('remembers a bounded number of times, and is billed for all of them', async () => {
    const id = await create()
    for (let times = 0; times < 500; times += 1) {
      calls.clock.advance(minute)
      await turn(times % 2 === 1)
    }
    const [{ value } = { value: '' }] = (await recordsOf(calls, 'agents')).filter(({ key }) =>
      key.endsWith(':110201'),
    )
    expect(JSON.parse(value).fields.runs).toHaveLength(200)
    expect(await enterpriseRounds(id)).toBe(251)
    expect((await calls.call('GET', `/agents/${agentId}`)).text).not.toContain('"runs"')
  })

  test('is one of those of an alert that it was in when the incident began', async () => {
    const id = await create({ alertRules: [await createLossRule(calls)], alertsEnabled: true })
    calls.clock.advance(20 * 24 * hour)
    const alerts = () => alertsOf(calls, id, 'window=20d')
    const events = () => eventsOf(calls, 'window=20d')
    const [alertsBefore, eventsBefore, rowsBefore] = [await alerts(), await events(), await rowsOf(id)]
    expect(alertsBefore.map(({ violationCount }: { violationCount: number }) => violationCount)).toContain(2)
    await turn(false)
    expect(await alerts()).toEqual(alertsBefore)
    expect(await events()).toEqual(eventsBefore)
    expect(await rowsOf(id)).toEqual(rowsBefore)
  })
})
