import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, done, openCalls } from './emulator-calls.ts'
import { allRows, type ResultRow } from './result-calls.ts'
import {
  alertsOf,
  cloudAndEnterprise,
  createLossRule,
  eventsOf,
  hour,
  isoAt,
  minute,
  roundsOf,
  scheduleCalls,
} from './schedule-calls.ts'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

describe('what hangs on the schedule of a test', () => {
  const { create, change, off, on, rowsOf, rounds } = scheduleCalls(cloudAndEnterprise, () => calls)
  const alerts = (id: string, query?: string) => alertsOf(calls, id, query)
  const used = async (id: string) => {
    const { usage } = await done(calls, 'GET', '/usage', { query: 'expand=test' })
    return usage.tests.find(({ testId }: { testId: string }) => testId === id).cloudUnitsUsed
  }

  /** A test with a rule that one bad round violates, at a moment at which its alert is active. */
  async function alerting(): Promise<string> {
    const id = await create({ alertRules: [await createLossRule(calls)], alertsEnabled: true })
    for (let times = 0; times < 5_000; times += 1) {
      if ((await alerts(id)).length > 0) return id
      calls.clock.advance(minute)
    }
    throw new Error('no alert')
  }

  test('a test that is created switched off has no rounds before it is switched on', async () => {
    const id = await create({ enabled: false })
    calls.clock.advance(hour)
    expect(await rounds(id)).toEqual([])
    await on(id)
    expect(await rounds(id)).toEqual([])
    calls.clock.advance(2 * minute)
    expect(await rounds(id)).toEqual([hour + minute, hour + 2 * minute])
  })

  test('an active alert is cleared when the test is switched off, and does not come back with it', async () => {
    const id = await alerting()
    calls.clock.advance(70)
    const [{ id: alertId, startDate }] = await alerts(id)
    const [during] = await eventsOf(calls, 'window=1h&ongoing=true')
    expect(during.startDate).toBe(startDate)
    const at = new Date(calls.clock.now()).toISOString().replace('.000', '')
    await off(id)
    expect(await alerts(id)).toEqual([])
    const cleared = { id: alertId, startDate, endDate: at, alertState: 'clear' }
    expect(await alerts(id, 'window=1h')).toMatchObject([cleared])
    calls.clock.advance(90)
    await on(id)
    expect(await alerts(id)).toEqual([])
    calls.clock.advance(30)
    const detail = (await calls.call('GET', `/alerts/${alertId}`)).body
    expect(detail).toMatchObject(cleared)
    expect(detail.details[0].start.metrics).toMatch(/^Packet Loss: (?!0%)/)
    expect(detail.details[0]).not.toHaveProperty('end')
    const [event] = (await eventsOf(calls, 'window=1h')).filter(
      ({ id: one }: { id: string }) => one === during.id,
    )
    expect(event).toMatchObject({ startDate, endDate: at })
  })

  test('an alert that had cleared stays when the test is switched off, and one of a pause never was', async () => {
    const id = await alerting()
    calls.clock.advance(16 * hour)
    const before = await alerts(id, 'window=1d')
    await off(id)
    expect(await alerts(id, 'window=1d')).toEqual(before)
    calls.clock.advance(20 * 24 * hour)
    const later = await alerts(id, 'window=30d')
    expect(later.map(({ id: one }: { id: string }) => one)).toEqual(
      before.map(({ id: one }: { id: string }) => one),
    )
    await on(id)
    calls.clock.advance(10 * 24 * hour)
    const all = await alerts(id, 'window=30d')
    expect(all.length).toBeGreaterThan(before.length)
    for (const { startDate } of all) {
      const at = Date.parse(startDate) / 1000
      const pauseEnd = calls.clock.now() / 1000 - 10 * 24 * hour
      expect(at <= pauseEnd - 20 * 24 * hour || at > pauseEnd).toBe(true)
    }
  })

  test('an incident goes on when the interval changes in it', async () => {
    const id = await alerting()
    const [alert] = await alerts(id)
    const before = await rowsOf(id, 'window=1h')
    await change(id, { interval: 120 })
    expect(await alerts(id)).toEqual([alert])
    expect(await rowsOf(id, 'window=1h')).toEqual(before)
  })

  test('nothing is used in a pause, and nothing given back', async () => {
    const id = await create()
    calls.clock.advance(hour)
    const atFirst = await used(id)
    expect(atFirst).toBe(61 * 5)
    await off(id)
    calls.clock.advance(hour)
    expect(await used(id)).toBe(atFirst)
    await on(id)
    expect(await used(id)).toBe(atFirst)
    calls.clock.advance(hour)
    expect(await used(id)).toBe(atFirst + 60 * 5)
    const rows = await rowsOf(id)
    expect(rows.filter(({ agent }) => agent.agentId === '3')).toHaveLength(121)
  })

  test('nothing is used twice when the clock is set back', async () => {
    const id = await create()
    calls.clock.advance(2 * hour)
    await off(id)
    calls.clock.advance(-hour)
    await on(id)
    calls.clock.advance(hour)
    await off(id)
    const rounds = (await used(id)) / 5
    expect(rounds).toBeGreaterThanOrEqual(120)
    expect(rounds).toBeLessThanOrEqual(121)
  })

  test('a snapshot of a time before the pause shows it, whatever happens to the test', async () => {
    const id = await create()
    calls.clock.advance(2 * hour)
    await off(id)
    calls.clock.advance(hour)
    const snapshot = await done(calls, 'POST', `/tests/${id}/snapshot`, {
      body: {
        displayName: 'Before',
        startDate: isoAt(hour + 1800),
        endDate: isoAt(2 * hour + 1800),
      },
    })
    await on(id)
    calls.clock.advance(hour)
    const rows = await rowsOf(snapshot.testId)
    const seen = roundsOf(rows)
    expect(seen).toHaveLength(31)
    expect([seen.at(0), seen.at(-1)]).toEqual([hour + 1800, 2 * hour])
    const own = await rowsOf(id, `startDate=${isoAt(hour + 1800)}&endDate=${isoAt(2 * hour)}`)
    const bare = ({ _links: _, ...row }: ResultRow) => row
    expect(rows.map(bare)).toEqual(own.map(bare))
  })

  test('a BGP test keeps its rounds of a quarter of an hour', async () => {
    const body = { testName: 'Prefix', prefix: '192.0.2.0/24', usePublicBgp: true }
    const { testId } = await done(calls, 'POST', '/tests/bgp', { body })
    calls.clock.advance(hour)
    await done(calls, 'PUT', `/tests/bgp/${testId}`, { body: { ...body, enabled: false } })
    calls.clock.advance(hour)
    await done(calls, 'PUT', `/tests/bgp/${testId}`, { body: { ...body, enabled: true } })
    calls.clock.advance(hour)
    const rows = await allRows(calls, `/test-results/${testId}/bgp`, 'window=1d')
    expect(roundsOf(rows).map((second) => second / 900)).toEqual([0, 1, 2, 3, 4, 9, 10, 11, 12])
  })

  test('an instant test shows each of its runs, the most recent one when no time is asked for', async () => {
    const { testId } = await done(calls, 'POST', '/tests/agent-to-server/instant', {
      body: cloudAndEnterprise.body,
    })
    calls.clock.advance(100)
    await done(calls, 'POST', `/tests/${testId}/run`)
    expect(await rounds(testId, 'window=1h')).toEqual([0, 100])
    expect(await rounds(testId, '')).toEqual([100])
    calls.clock.advance(100)
    await done(calls, 'DELETE', '/agents/110201')
    expect(await rounds(testId, 'window=1h')).toEqual([0, 100])
  })
})
