import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls } from './emulator-calls.ts'
import { allRows, type ResultRow } from './result-calls.ts'

/** 1 January 2030, where the tests' clock stands, in epoch seconds. */
const start = 1_893_456_000
const minute = 60
const hour = 3_600
const laptop = '3fde6422-f119-40e1-ae32-000000001101'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

async function done(method: string, path: string, body?: object) {
  const answer = await calls.call(method, path, body && { body })
  expect([path, answer.status < 300 ? 'done' : answer.text]).toEqual([path, 'done'])
  return answer.body
}

const ofAgents = {
  server: 'acme.example:443',
  agents: [{ agentId: '3' }, { agentId: '110201' }],
}
const ofMachines = { server: 'acme.example', agentSelectorType: 'specific-agents', agents: [laptop] }

/** How tests of both worlds are made, changed and read. */
const worlds = [
  {
    name: 'a test of cloud and enterprise agents',
    path: '/tests/agent-to-server',
    body: ofAgents,
    key: 'enabled',
    results: 'network',
    resultsPath: '/test-results',
    change: 'PUT',
    collection: 'tests',
  },
  {
    name: 'a scheduled test of endpoint agents',
    path: '/endpoint/tests/scheduled-tests/agent-to-server',
    body: ofMachines,
    key: 'isEnabled',
    results: 'path-vis',
    resultsPath: '/endpoint/test-results/scheduled-tests',
    change: 'PATCH',
    collection: 'endpoint-tests',
  },
] as const

const [agentWorld] = worlds

describe.each(worlds)('$name', (world) => {
  const create = async (more: object = {}): Promise<string> =>
    (await done('POST', world.path, { ...world.body, testName: 'Each minute', interval: minute, ...more }))
      .testId
  const change = (id: string, more: object) =>
    done(world.change, `${world.path}/${id}`, {
      ...(world.change === 'PUT' && { ...world.body, testName: 'Each minute' }),
      ...more,
    })
  const off = (id: string) => change(id, { [world.key]: false })
  const on = (id: string) => change(id, { [world.key]: true })
  const rowsOf = (id: string, query = 'window=1d'): Promise<readonly ResultRow[]> =>
    allRows(calls, `${world.resultsPath}/${id}/${world.results}`, query)
  /** In seconds since the start, the oldest first. */
  const rounds = async (id: string, query?: string): Promise<readonly number[]> =>
    [...new Set((await rowsOf(id, query)).map(({ roundId }) => roundId - start))].sort((a, b) => a - b)
  const stored = async (id: string) => {
    const records = await calls.store.list('v7:us1', { limit: 100_000 })
    return records.find(({ key }) => key.endsWith(`:${world.collection}:${id}`)) as {
      key: string
      value: string
    }
  }
  /** Writes the fields of a test as another version of Panoptes left them, and opens the state anew. */
  async function leave(id: string, to: (fields: Record<string, unknown>) => object): Promise<void> {
    const { key, value } = await stored(id)
    const entry = JSON.parse(value)
    const changed = JSON.stringify({ ...entry, fields: to(entry.fields) })
    const put = { kind: 'put' as const, key, value: changed, expected: 'any' as const, indexes: ['v7:us1'] }
    await calls.store.commit([{ ...put, expiresAt: Number.MAX_SAFE_INTEGER }])
    calls = await openCalls(calls)
  }

  test('keeps what it measured while it is switched off, and goes on with the next round', async () => {
    const id = await create()
    calls.clock.advance(150)
    const before = await rowsOf(id)
    await off(id)
    expect(await rowsOf(id)).toEqual(before)
    calls.clock.advance(200)
    expect(await rowsOf(id)).toEqual(before)
    await on(id)
    expect(await rowsOf(id)).toEqual(before)
    calls.clock.advance(100)
    expect(await rounds(id)).toEqual([0, 60, 120, 360, 420])
    expect((await rowsOf(id)).filter(({ roundId }) => roundId <= start + 120)).toEqual(before)
  })

  test('shows its last round while it is switched off, when no time is asked for', async () => {
    const id = await create()
    calls.clock.advance(150)
    await off(id)
    calls.clock.advance(hour)
    expect(await rounds(id, '')).toEqual([120])
  })

  test('has no rounds in a span that lies in a pause', async () => {
    const id = await create()
    calls.clock.advance(150)
    await off(id)
    calls.clock.advance(hour)
    await on(id)
    calls.clock.advance(minute)
    const at = (second: number): string => new Date((start + second) * 1000).toISOString()
    expect(await rounds(id, `startDate=${at(151)}&endDate=${at(150 + hour)}`)).toEqual([])
    expect(await rounds(id, `startDate=${at(125)}&endDate=${at(150 + hour)}`)).toEqual([120])
    expect(await rounds(id, `startDate=${at(0)}&endDate=${at(90)}`)).toEqual([0, 60])
  })

  test('has pages that hold each round once though it is switched off between them', async () => {
    const id = await create({ interval: minute })
    calls.clock.advance(5 * hour)
    const path = `${world.resultsPath}/${id}/${world.results}`
    const first = await calls.call('GET', path, { query: 'window=1d' })
    await off(id)
    calls.clock.advance(hour)
    await on(id)
    calls.clock.advance(hour)
    const next = new URL(first.body._links.next.href)
    const rest = await allRows(calls, path, next.searchParams.toString())
    const seen = [...first.body.results, ...rest].map(
      ({ roundId, agent, agentId }: ResultRow) => `${agentId ?? agent.agentId} ${roundId}`,
    )
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen.length).toBe((5 * 60 + 1) * (world.key === 'enabled' ? 2 : 1))
  })

  test('keeps the rounds of the interval that it had', async () => {
    const id = await create()
    calls.clock.advance(200)
    const before = await rowsOf(id)
    await change(id, { interval: 300 })
    expect(await rowsOf(id)).toEqual(before)
    calls.clock.advance(600)
    await change(id, { interval: 120 })
    calls.clock.advance(200)
    expect(await rounds(id)).toEqual([0, 60, 120, 180, 300, 600, 840, 960])
  })

  test('reads its rounds one by one, and none of a pause', async () => {
    const id = await create()
    calls.clock.advance(90)
    await off(id)
    calls.clock.advance(300)
    await on(id)
    calls.clock.advance(60)
    const agent = world.key === 'enabled' ? '3' : laptop
    const of = async (round: number): Promise<number> => {
      const path = `${world.resultsPath}/${id}/path-vis/agent/${agent}/round/${start + round}`
      return (await calls.call('GET', path)).status
    }
    expect([await of(60), await of(120), await of(360), await of(420), await of(480)]).toEqual([
      200, 404, 404, 200, 404,
    ])
  })

  test('shows nothing of it in answers, and takes nothing of it from a body', async () => {
    const id = await create()
    const runs = [{ interval: 60, from: 0 }]
    await calls.call(world.change, `${world.path}/${id}`, {
      body: { ...world.body, testName: 'Each minute', [world.key]: false, runs },
    })
    calls.clock.advance(minute)
    expect(await rounds(id)).toEqual([0])
    expect(JSON.parse((await stored(id)).value).fields.runs).toEqual([
      { interval: 60, from: start, to: start },
    ])
    const paths = [world.path, `${world.path}/${id}`, `${world.resultsPath}/${id}/${world.results}`]
    for (const path of [...paths, ...(world.key === 'enabled' ? ['/tests', `/tests/${id}/history`] : [])])
      expect((await calls.call('GET', path)).text).not.toContain('"runs"')
  })

  test('that an earlier version switched off before this one kept anything has what comes from then on', async () => {
    const id = await create()
    calls.clock.advance(150)
    await leave(id, ({ runs: _, ...fields }) => ({ ...fields, [world.key]: false }))
    expect(await rounds(id)).toEqual([])
    await on(id)
    calls.clock.advance(100)
    expect(await rounds(id)).toEqual([180, 240])
  })

  test('that an earlier version changed in between follows its fields from then on', async () => {
    const id = await create()
    calls.clock.advance(90)
    await off(id)
    calls.clock.advance(90)
    await on(id)
    calls.clock.advance(90)
    const modifiedDate = new Date(calls.clock.now()).toISOString()
    await leave(id, (fields) => ({ ...fields, [world.key]: false, modifiedDate }))
    calls.clock.advance(90)
    expect(await rounds(id)).toEqual([0, 60, 240])
    await on(id)
    calls.clock.advance(90)
    expect(await rounds(id)).toEqual([0, 60, 240, 420])
  })

  test('is the same in another process', async () => {
    const id = await create()
    calls.clock.advance(90)
    await off(id)
    calls.clock.advance(90)
    await on(id)
    calls.clock.advance(90)
    const before = await rowsOf(id)
    calls = await openCalls(calls)
    expect(await rowsOf(id)).toEqual(before)
  })

  test('is not changed by being switched off and on within one instant', async () => {
    const id = await create()
    for (let times = 0; times < 20; times += 1) {
      await off(id)
      await on(id)
    }
    calls.clock.advance(90)
    for (let times = 0; times < 20; times += 1) {
      await off(id)
      await on(id)
    }
    await off(id)
    expect(await rounds(id)).toEqual([0, 60])
    expect(JSON.parse((await stored(id)).value).fields.runs).toHaveLength(1)
  })

  test('begins anew where the clock is set back to, and keeps what was before', async () => {
    const id = await create()
    calls.clock.advance(100)
    await off(id)
    calls.clock.advance(100)
    await on(id)
    calls.clock.advance(200)
    expect(await rounds(id)).toEqual([0, 60, 240, 300, 360])
    calls.clock.advance(-250)
    expect(await rounds(id)).toEqual([0, 60])
    await off(id)
    calls.clock.advance(250)
    expect(await rounds(id)).toEqual([0, 60])
    calls.clock.advance(-hour)
    await on(id)
    calls.clock.advance(130)
    expect(await rounds(id, 'window=2h')).toEqual([-3_180, -3_120])
  })

  test('forgets moments that no round fell into', async () => {
    const id = await create()
    for (let times = 0; times < 300; times += 1) {
      calls.clock.advance(20)
      await (times % 2 === 0 ? off(id) : on(id))
    }
    // It was on when every other minute began, and is now.
    const had = Array.from({ length: 50 }, (_, index) => minute + 2 * minute * index)
    expect(await rounds(id)).toEqual([0, ...had])
    expect(JSON.parse((await stored(id)).value).fields.runs).toHaveLength(1 + had.length + 1)
  })

  test('remembers its youngest runs, and no more of them than a bound', async () => {
    const id = await create()
    for (let times = 0; times < 600; times += 1) {
      calls.clock.advance(minute + 1)
      await (times % 2 === 0 ? off(id) : on(id))
    }
    const { value } = await stored(id)
    expect(JSON.parse(value).fields.runs).toHaveLength(200)
    expect(value.length).toBeLessThan(12_000)
    const had = await rounds(id, 'window=2d')
    expect(had.length).toBeGreaterThanOrEqual(199)
    expect(had.at(-1)).toBeGreaterThan(600 * minute - 2 * minute)
  })
})

describe('what hangs on the schedule of a test', () => {
  const create = async (body: object = {}): Promise<string> =>
    (await done('POST', agentWorld.path, { ...ofAgents, testName: 'Each minute', interval: minute, ...body }))
      .testId
  const off = (id: string) =>
    done('PUT', `${agentWorld.path}/${id}`, { ...ofAgents, testName: 'Each minute', enabled: false })
  const on = (id: string) =>
    done('PUT', `${agentWorld.path}/${id}`, { ...ofAgents, testName: 'Each minute', enabled: true })
  const alertsOf = async (id: string, query: string) =>
    (await calls.call('GET', '/alerts', { query: `${query}max=1000` })).body.alerts.filter(
      ({ _links }: { _links: { test: { href: string } } }) => _links.test.href.endsWith(`/${id}`),
    )
  const eventsOf = async (query: string) => (await calls.call('GET', '/events', { query })).body.events

  /** A test with a rule that one bad round violates, at a moment at which its alert is active. */
  async function alerting(): Promise<string> {
    const rule = await done('POST', '/alerts/rules', {
      ruleName: 'Loss',
      alertType: 'end-to-end-server',
      expression: '((loss >= 5%))',
      roundsViolatingOutOf: 1,
      roundsViolatingRequired: 1,
      minimumSources: 1,
    })
    const id = await create({ alertRules: [rule.ruleId], alertsEnabled: true })
    for (let times = 0; times < 5_000; times += 1) {
      if ((await alertsOf(id, '')).length > 0) return id
      calls.clock.advance(minute)
    }
    throw new Error('no alert')
  }

  test('a test that is created switched off has no rounds before it is switched on', async () => {
    const id = await create({ enabled: false })
    const rounds = async () => [
      ...new Set(
        (await allRows(calls, `/test-results/${id}/network`, 'window=1d')).map(
          ({ roundId }) => roundId - start,
        ),
      ),
    ]
    calls.clock.advance(hour)
    expect(await rounds()).toEqual([])
    await on(id)
    expect(await rounds()).toEqual([])
    calls.clock.advance(2 * minute)
    expect(await rounds()).toEqual([hour + 2 * minute, hour + minute])
  })

  test('an active alert is cleared when the test is switched off, and does not come back with it', async () => {
    const id = await alerting()
    calls.clock.advance(70)
    const [{ id: alertId, startDate }] = await alertsOf(id, '')
    const [during] = await eventsOf('window=1h&ongoing=true')
    expect(during.startDate).toBe(startDate)
    const at = new Date(calls.clock.now()).toISOString().replace('.000', '')
    await off(id)
    expect(await alertsOf(id, '')).toEqual([])
    const cleared = { id: alertId, startDate, endDate: at, alertState: 'clear' }
    expect(await alertsOf(id, 'window=1h&')).toMatchObject([cleared])
    calls.clock.advance(90)
    await on(id)
    expect(await alertsOf(id, '')).toEqual([])
    calls.clock.advance(30)
    const detail = (await calls.call('GET', `/alerts/${alertId}`)).body
    expect(detail).toMatchObject(cleared)
    expect(detail.details[0].start.metrics).toMatch(/^Packet Loss: (?!0%)/)
    expect(detail.details[0]).not.toHaveProperty('end')
    const [event] = (await eventsOf('window=1h')).filter(({ id: one }: { id: string }) => one === during.id)
    expect(event).toMatchObject({ startDate, endDate: at })
  })

  test('an alert that had cleared stays when the test is switched off, and one of a pause never was', async () => {
    const id = await alerting()
    calls.clock.advance(16 * hour)
    const before = await alertsOf(id, 'window=1d&')
    await off(id)
    expect(await alertsOf(id, 'window=1d&')).toEqual(before)
    calls.clock.advance(20 * 24 * hour)
    const later = await alertsOf(id, 'window=30d&')
    expect(later.map(({ id: one }: { id: string }) => one)).toEqual(
      before.map(({ id: one }: { id: string }) => one),
    )
    await on(id)
    calls.clock.advance(10 * 24 * hour)
    const all = await alertsOf(id, 'window=30d&')
    expect(all.length).toBeGreaterThan(before.length)
    for (const { startDate } of all) {
      const at = Date.parse(startDate) / 1000
      const pauseEnd = calls.clock.now() / 1000 - 10 * 24 * hour
      expect(at <= pauseEnd - 20 * 24 * hour || at > pauseEnd).toBe(true)
    }
  })

  test('an incident goes on when the interval changes in it', async () => {
    const id = await alerting()
    const [alert] = await alertsOf(id, '')
    const path = `/test-results/${id}/network`
    const before = await allRows(calls, path, 'window=1h')
    await done('PUT', `${agentWorld.path}/${id}`, { ...ofAgents, testName: 'Each minute', interval: 120 })
    expect(await alertsOf(id, '')).toEqual([alert])
    expect(await allRows(calls, path, 'window=1h')).toEqual(before)
  })

  test('nothing is used in a pause, and nothing given back', async () => {
    const id = await create()
    const used = async () => {
      const { body } = await calls.call('GET', '/usage', { query: 'expand=test' })
      return body.usage.tests.find(({ testId }: { testId: string }) => testId === id).cloudUnitsUsed
    }
    calls.clock.advance(hour)
    const atFirst = await used()
    expect(atFirst).toBe(61 * 5)
    await off(id)
    calls.clock.advance(hour)
    expect(await used()).toBe(atFirst)
    await on(id)
    expect(await used()).toBe(atFirst)
    calls.clock.advance(hour)
    expect(await used()).toBe(atFirst + 60 * 5)
    const rows = await allRows(calls, `/test-results/${id}/network`, 'window=1d')
    expect(rows.filter(({ agent }) => agent.agentId === '3')).toHaveLength(121)
  })

  test('nothing is used twice when the clock is set back', async () => {
    const id = await create()
    const used = async () => {
      const { body } = await calls.call('GET', '/usage', { query: 'expand=test' })
      return body.usage.tests.find(({ testId }: { testId: string }) => testId === id).cloudUnitsUsed / 5
    }
    calls.clock.advance(2 * hour)
    await off(id)
    calls.clock.advance(-hour)
    await on(id)
    calls.clock.advance(hour)
    await off(id)
    expect(await used()).toBeGreaterThanOrEqual(120)
    expect(await used()).toBeLessThanOrEqual(121)
  })

  test('a snapshot of a time before the pause shows it, whatever happens to the test', async () => {
    const id = await create()
    calls.clock.advance(2 * hour)
    await off(id)
    calls.clock.advance(hour)
    const iso = (second: number): string => new Date((start + second) * 1000).toISOString()
    const snapshot = await done('POST', `/tests/${id}/snapshot`, {
      displayName: 'Before',
      startDate: iso(hour + 1800),
      endDate: iso(2 * hour + 1800),
    })
    await on(id)
    calls.clock.advance(hour)
    const rows = await allRows(calls, `/test-results/${snapshot.testId}/network`, 'window=1d')
    const rounds = [...new Set(rows.map(({ roundId }) => roundId - start))]
    expect(rounds).toHaveLength(31)
    expect([rounds.at(0), rounds.at(-1)]).toEqual([2 * hour, hour + 1800])
    const own = await allRows(
      calls,
      `/test-results/${id}/network`,
      `startDate=${iso(hour + 1800)}&endDate=${iso(2 * hour)}`,
    )
    const bare = ({ _links: _, ...row }: ResultRow) => row
    expect(rows.map(bare)).toEqual(own.map(bare))
  })

  test('a BGP test keeps its rounds of a quarter of an hour', async () => {
    const body = { testName: 'Prefix', prefix: '192.0.2.0/24', usePublicBgp: true }
    const { testId } = await done('POST', '/tests/bgp', body)
    calls.clock.advance(hour)
    await done('PUT', `/tests/bgp/${testId}`, { ...body, enabled: false })
    calls.clock.advance(hour)
    await done('PUT', `/tests/bgp/${testId}`, { ...body, enabled: true })
    calls.clock.advance(hour)
    const rows = await allRows(calls, `/test-results/${testId}/bgp`, 'window=1d')
    const rounds = [...new Set(rows.map(({ roundId }) => (roundId - start) / 900))].sort((a, b) => a - b)
    expect(rounds).toEqual([0, 1, 2, 3, 4, 9, 10, 11, 12])
  })

  test('an instant test shows each of its runs, the most recent one when no time is asked for', async () => {
    const { testId } = await done('POST', '/tests/agent-to-server/instant', ofAgents)
    calls.clock.advance(100)
    await done('POST', `/tests/${testId}/run`)
    const path = `/test-results/${testId}/network`
    const of = async (query: string) => [
      ...new Set((await allRows(calls, path, query)).map(({ roundId }) => roundId - start)),
    ]
    expect(await of('window=1h')).toEqual([100, 0])
    expect(await of('')).toEqual([100])
    calls.clock.advance(100)
    await done('DELETE', '/agents/110201')
    expect(await of('window=1h')).toEqual([100, 0])
  })
})

describe('an agent that is switched off', () => {
  const agentId = '110201'
  const create = async (body: object = {}): Promise<string> =>
    (await done('POST', agentWorld.path, { ...ofAgents, testName: 'Each minute', interval: minute, ...body }))
      .testId
  const turn = (enabled: boolean, id = agentId) => done('PUT', `/agents/${id}`, { enabled })
  const rowsOf = (id: string, query = 'window=1d') => allRows(calls, `/test-results/${id}/network`, query)
  const cells = async (id: string, query?: string): Promise<readonly string[]> =>
    (await rowsOf(id, query)).map(({ roundId, agent }) => `${roundId - start} ${agent.agentId}`)
  const enterpriseRounds = async (id: string): Promise<number> => {
    const { body } = await calls.call('GET', '/usage/units/tests')
    return body.breakdowns.find(({ testId }: { testId: string }) => testId === id).enterpriseUnitsUsed / 5
  }
  const records = async (collection: string) =>
    (await calls.store.list('v7:us1', { limit: 100_000 })).filter(({ key }) =>
      key.includes(`:${collection}:`),
    )

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
    expect(await records('unit-history')).toEqual([])
    expect(await enterpriseRounds(id)).toBe(61)
    calls.clock.advance(hour)
    expect(await enterpriseRounds(id)).toBe(61)
    await turn(true)
    calls.clock.advance(hour)
    expect(await enterpriseRounds(id)).toBe(121)
    await done('PUT', `${agentWorld.path}/${id}`, { ...ofAgents, testName: 'Each minute', interval: 120 })
    expect(await enterpriseRounds(id)).toBe(121)
    await done('DELETE', `/agents/${agentId}`)
    expect(await enterpriseRounds(id)).toBe(121)
    await done('DELETE', `${agentWorld.path}/${id}`)
    expect(await enterpriseRounds(id)).toBe(121)
  })

  test('remembers a bounded number of times, and is billed for all of them', async () => {
    const id = await create()
    for (let times = 0; times < 500; times += 1) {
      calls.clock.advance(minute)
      await turn(times % 2 === 1)
    }
    const [{ value } = { value: '' }] = (await records('agents')).filter(({ key }) => key.endsWith(':110201'))
    expect(JSON.parse(value).fields.runs).toHaveLength(200)
    expect(await enterpriseRounds(id)).toBe(251)
    expect((await calls.call('GET', `/agents/${agentId}`)).text).not.toContain('"runs"')
  })

  test('is one of those of an alert that it was in when the incident began', async () => {
    const rule = await done('POST', '/alerts/rules', {
      ruleName: 'Loss',
      alertType: 'end-to-end-server',
      expression: '((loss >= 5%))',
      roundsViolatingOutOf: 1,
      roundsViolatingRequired: 1,
      minimumSources: 1,
    })
    const id = await create({ alertRules: [rule.ruleId], alertsEnabled: true })
    calls.clock.advance(20 * 24 * hour)
    const alerts = async () =>
      (await calls.call('GET', '/alerts', { query: 'window=20d&max=1000' })).body.alerts.filter(
        ({ _links }: { _links: { test: { href: string } } }) => _links.test.href.endsWith(`/${id}`),
      )
    const events = async () => (await calls.call('GET', '/events', { query: 'window=20d' })).body.events
    const [alertsBefore, eventsBefore, rowsBefore] = [await alerts(), await events(), await rowsOf(id)]
    expect(alertsBefore.map(({ violationCount }: { violationCount: number }) => violationCount)).toContain(2)
    await turn(false)
    expect(await alerts()).toEqual(alertsBefore)
    expect(await events()).toEqual(eventsBefore)
    expect(await rowsOf(id)).toEqual(rowsBefore)
  })
})
