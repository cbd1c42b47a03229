import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, ops, origin, viewer } from './emulator-calls.ts'
import { pagesOf } from './paged-calls.ts'
import { violations } from './schema-check.ts'

/** The clock of the tests starts with a month (test/support/fake-clock.ts); a test of a minute has 60 rounds an hour. */
const hour = 3_600
const day = 24 * hour

interface TestRow {
  readonly testId: string
  readonly testName: string
  readonly aid: string
  readonly cloudUnitsUsed: number
  readonly cloudUnitsProjected?: number
  readonly enterpriseUnitsUsed: number
  readonly enterpriseUnitsProjected?: number
}

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const usage = async (query = '', as?: string) =>
  (await calls.call('GET', '/usage', { query, ...(as && { as }) })).body.usage

/** Runs on two cloud agents and one enterprise agent every minute. */
const body = {
  testName: 'Each minute',
  interval: 60,
  server: 'acme.example:443',
  agents: [{ agentId: '3' }, { agentId: '4' }, { agentId: '110201' }],
}
const newTest = async (aid = '1101'): Promise<string> => {
  const { status, body: made } = await calls.call('POST', '/tests/agent-to-server', { body, aid })
  expect(status).toBe(201)
  return made.testId
}
const rowsOf = async (query = ''): Promise<readonly TestRow[]> =>
  (await calls.call('GET', '/usage/units/tests', { query })).body.breakdowns
const rowOf = async (id: string, query = ''): Promise<TestRow | undefined> =>
  (await rowsOf(query)).find(({ testId }) => testId === id)

/** Whole minutes left in the month of the clock. */
function minutesLeft(now: number): number {
  const at = new Date(now)
  return Math.floor((Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1) - now) / 60_000)
}

describe('GET /usage', () => {
  test('tells of the calendar month and of what the organization has', async () => {
    const answer = await calls.call('GET', '/usage')
    expect(answer.status).toBe(200)
    expect(violations('Usage', answer.body)).toEqual([])
    const { quota, ...used } = answer.body.usage
    const { monthStart, monthEnd } = quota
    expect([Date.parse(monthStart) <= calls.clock.now(), Date.parse(monthEnd) > calls.clock.now()]).toEqual([
      true,
      true,
    ])
    expect(monthStart).toMatch(/-01T00:00:00Z$/)
    expect(used).toMatchObject({ enterpriseAgentsUsed: 4, connectedDevicesUnitsUsed: 0 })
    expect(used.cloudUnitsUsed).toBeGreaterThan(0)
    expect(used.cloudUnitsProjected).toBeGreaterThan(used.cloudUnitsUsed)
    expect(answer.body._links.self.href).toBe(`${origin}/v7/usage`)
  })

  test.each([
    ['test', 'tests', 'testId'],
    ['enterprise-agent', 'enterpriseAgents', 'enterpriseAgentsUsed'],
    ['enterprise-agent-unit', 'enterpriseAgentUnits', 'agentId'],
    ['endpoint-agent', 'endpointAgents', 'endpointAgentsUsed'],
    ['endpoint-agent-essential', 'endpointAgentsEssentials', 'endpointAgentsEssentialsUsed'],
    ['endpoint-agent-embedded', 'endpointAgentsEmbedded', 'endpointAgentsEmbeddedUsed'],
  ])('shows with expand=%s the rows of %s alone', async (expand, key, field) => {
    const answer = await calls.call('GET', '/usage', { query: `expand=${expand}` })
    expect(violations('Usage', answer.body)).toEqual([])
    const lists = Object.entries(answer.body.usage).filter(([, value]) => Array.isArray(value))
    expect(lists.map(([name]) => name)).toEqual([key])
    const rows = answer.body.usage[key]
    expect(rows.length).toBeGreaterThan(0)
    for (const row of rows)
      expect(row).toMatchObject({ [field]: expect.anything(), accountGroupName: expect.any(String) })
    expect(new Set(rows.map(({ aid }: { aid: string }) => aid))).toEqual(new Set(['1101', '1102']))
  })

  test.each([60, 2 * hour])('adds its rows up to its totals %i s after a new test', async (seconds) => {
    await newTest()
    calls.clock.advance(seconds)
    const found = await usage('expand=test,enterprise-agent,enterprise-agent-unit,endpoint-agent')
    const sum = (rows: readonly Record<string, number>[], key: string): number =>
      rows.reduce((all, row) => all + (row[key] ?? 0), 0)
    expect(sum(found.tests, 'cloudUnitsUsed')).toBe(found.cloudUnitsUsed)
    // A test without a projection counts with what it has used.
    const projected = found.tests.map((row: TestRow) => ({
      units: row.cloudUnitsProjected ?? row.cloudUnitsUsed,
    }))
    expect(sum(projected, 'units')).toBe(found.cloudUnitsProjected)
    for (const key of ['enterpriseUnitsUsed', 'enterpriseUnitsProjected'])
      expect(sum(found.enterpriseAgentUnits, key)).toBe(found[key])
    expect(sum(found.enterpriseAgents, 'enterpriseAgentsUsed')).toBe(found.enterpriseAgentsUsed)
    expect(sum(found.endpointAgents, 'endpointAgentsUsed')).toBe(found.endpointAgentsUsed)
  })

  test('counts an endpoint agent that is disabled or deleted for this month, and for no later one', async () => {
    const before = await usage()
    const [first, second] = (await calls.call('GET', '/endpoint/agents')).body.agents
    await calls.call('POST', `/endpoint/agents/${first.id}/disable`)
    await calls.call('DELETE', `/endpoint/agents/${second.id}`)
    const totalOf = (found: Record<string, number>): number =>
      (found['endpointAgentsUsed'] ?? 0) +
      (found['endpointAgentsEssentialsUsed'] ?? 0) +
      (found['endpointAgentsEmbeddedUsed'] ?? 0)
    expect(totalOf(await usage())).toBe(totalOf(before))
    calls.clock.advance(31 * day)
    expect(totalOf(await usage())).toBe(totalOf(before) - 2)
  })

  test('is for who may view the billing', async () => {
    for (const as of [viewer, ops]) expect((await calls.call('GET', '/usage', { as })).status).toBe(403)
  })

  test('is of the caller’s organization alone', async () => {
    const { tests } = await usage('expand=test', 'us2.2001')
    expect(new Set(tests.map(({ aid }: { aid: string }) => aid))).toEqual(new Set(['2101']))
  })
})

describe('units of a test', () => {
  test('follow its agents, its interval and the clock', async () => {
    const id = await newTest()
    const atFirst = await rowOf(id)
    calls.clock.advance(hour)
    const later = await rowOf(id)
    const rounds = 60
    expect((later?.cloudUnitsUsed ?? 0) - (atFirst?.cloudUnitsUsed ?? 0)).toBe(rounds * 2 * 5)
    expect((later?.enterpriseUnitsUsed ?? 0) - (atFirst?.enterpriseUnitsUsed ?? 0)).toBe(rounds * 5)
  })

  test('have a projection from the next hour on, of all rounds in the month', async () => {
    const left = minutesLeft(calls.clock.now())
    const id = await newTest()
    const row = await rowOf(id)
    expect(row).not.toHaveProperty('cloudUnitsProjected')
    expect(row).not.toHaveProperty('enterpriseUnitsProjected')
    calls.clock.advance(hour)
    const { cloudUnitsProjected = 0 } = (await rowOf(id)) ?? {}
    expect(Math.abs(cloudUnitsProjected - left * 2 * 5)).toBeLessThanOrEqual(2 * 5)
  })

  test('of an instant test are those of one round', async () => {
    const { server, agents } = body
    const instant = { server, agents }
    const made = await calls.call('POST', '/tests/agent-to-server/instant', { body: instant })
    expect(made.status).toBe(201)
    calls.clock.advance(2 * hour)
    const row = await rowOf(made.body.testId)
    expect(row).toMatchObject({ isInstantTest: true, cloudUnitsUsed: 10, enterpriseUnitsUsed: 5 })
    expect(row).toMatchObject({ cloudUnitsProjected: 10 })
  })
})

describe.each([
  ['/usage/units/tests', 'TestsUsage'],
  ['/usage/units/enterprise-agents', 'EnterpriseAgentsUsage'],
])('GET %s', (path, schema) => {
  test('answers what the document declares, and adds up to the usage of the month', async () => {
    const answer = await calls.call('GET', path)
    expect(answer.status).toBe(200)
    expect(violations(schema, answer.body)).toEqual([])
    const { enterpriseUnitsUsed } = await usage()
    const used = answer.body.breakdowns.map((row: TestRow) => row.enterpriseUnitsUsed)
    expect(used.reduce((sum: number, one: number) => sum + one, 0)).toBe(enterpriseUnitsUsed)
  })

  test('tells of the span that is asked for', async () => {
    await newTest()
    calls.clock.advance(3 * day)
    const at = (ago: number): string => new Date(calls.clock.now() - ago * 1000).toISOString()
    const sumOf = async (query: string): Promise<number> => {
      const { status, body: found } = await calls.call('GET', path, { query })
      expect(status).toBe(200)
      return found.breakdowns.reduce((sum: number, row: TestRow) => sum + row.enterpriseUnitsUsed, 0)
    }
    const oneDay = await sumOf(`startDate=${at(day)}`)
    const before = await sumOf(`startDate=${at(2 * day)}&endDate=${at(day + 1)}`)
    expect(oneDay).toBeGreaterThan(0)
    expect(await sumOf(`startDate=${at(2 * day)}`)).toBe(oneDay + before)
    expect(await sumOf(`startDate=${at(day)}&endDate=${at(-day)}`)).toBe(oneDay)
  })

  test.each([
    'startDate=yesterday',
    'startDate=2025-01-02T00:00:00Z&endDate=2025-01-01T00:00:00Z',
    'endDate=2025-01-02T00:00:00Z',
    'window=1d&startDate=2025-01-02T00:00:00Z',
    'cursor=nope',
    'cursor=WzEsMSwxXQ',
  ])('refuses %s', async (query) => {
    const { status, headers } = await calls.call('GET', path, { query })
    expect([status, headers['content-type']]).toEqual([400, 'application/problem+json;charset=UTF-8'])
  })

  test('ignores a window, which it does not have', async () => {
    expect((await calls.call('GET', path, { query: 'window=1d' })).body.breakdowns).toEqual(
      (await calls.call('GET', path)).body.breakdowns,
    )
  })

  test('is for who may view the usage of the organization', async () => {
    for (const as of [viewer, ops]) expect((await calls.call('GET', path, { as })).status).toBe(403)
  })
})

describe('GET /usage/units/enterprise-agents', () => {
  test('gives a shared agent to the account groups whose tests it runs', async () => {
    await calls.call('PUT', '/agents/110201', { body: { accountGroups: ['1101', '1102'] } })
    await newTest('1102')
    calls.clock.advance(hour)
    const { breakdowns } = (await calls.call('GET', '/usage/units/enterprise-agents')).body
    const rows = breakdowns.filter(({ agentId }: { agentId: string }) => agentId === '110201')
    expect(rows.map(({ aid }: { aid: string }) => aid).toSorted()).toEqual(['1101', '1102'])
    const { enterpriseAgentUnits } = await usage('expand=enterprise-agent-unit')
    const owned = enterpriseAgentUnits.filter(({ agentId }: { agentId: string }) => agentId === '110201')
    expect(owned).toMatchObject([{ aid: '1101' }])
    const sum = rows.reduce((all: number, row: TestRow) => all + row.enterpriseUnitsUsed, 0)
    expect(owned[0].enterpriseUnitsUsed).toBe(sum)
  })
})

describe('GET /usage/units/tests', () => {
  test('comes in pages that hold each test once, as of the first one', async () => {
    for (let number = 0; number < 105; number += 1) {
      const numbered = { ...body, testName: `Each minute ${number}` }
      await calls.call('POST', '/tests/agent-to-server', { body: numbered })
    }
    const first = await calls.call('GET', '/usage/units/tests')
    expect(first.body.breakdowns).toHaveLength(100)
    expect(violations('TestsUsage', first.body)).toEqual([])
    calls.clock.advance(day)
    await calls.call('POST', '/tests/agent-to-server', { body })
    const pages = await pagesOf(calls, first, 'breakdowns')
    const rows = pages.flat() as readonly TestRow[]
    const { tests } = await usage('expand=test')
    expect(rows).toHaveLength(tests.length - 1)
    expect(new Set(rows.map(({ testId }) => testId)).size).toBe(rows.length)
  })
})
