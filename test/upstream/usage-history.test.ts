import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, done, openCalls } from './emulator-calls.ts'
import { pagesOf } from './paged-calls.ts'
import { violations } from './schema-check.ts'

/** The clock of the tests starts with a month of 31 days. */
const hour = 3_600
const day = 24 * hour
const daysInMonth = 31

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

/** Runs on two cloud agents and one enterprise agent every minute; a round of an agent costs 5 units. */
const body = {
  testName: 'Each minute',
  interval: 60,
  server: 'acme.example:443',
  agents: [{ agentId: '3' }, { agentId: '4' }, { agentId: '110201' }],
}

const newTest = async (more: object = {}, aid = '1101'): Promise<string> =>
  (await done(calls, 'POST', '/tests/agent-to-server', { body: { ...body, ...more }, aid })).testId
const change = (id: string, more: object) =>
  done(calls, 'PUT', `/tests/agent-to-server/${id}`, { body: { ...body, ...more } })
const remove = (id: string) => done(calls, 'DELETE', `/tests/agent-to-server/${id}`)

const everything = 'expand=test,enterprise-agent-unit'
const usage = async (query = everything, as?: string) => {
  const answer = await calls.call('GET', '/usage', { query, ...(as && { as }) })
  expect(violations('Usage', answer.body)).toEqual([])
  return answer.body.usage
}
interface UnitRow {
  readonly aid: string
  readonly accountGroupName: string
  readonly agentId: string
  readonly agentName: string
  readonly testId: string
  readonly testName: string
  readonly cloudUnitsUsed: number
  readonly cloudUnitsProjected: number
  readonly enterpriseUnitsUsed: number
  readonly enterpriseUnitsProjected: number
}
const units = async (kind: 'tests' | 'enterprise-agents', query = ''): Promise<readonly UnitRow[]> => {
  const first = await calls.call('GET', `/usage/units/${kind}`, { query })
  expect(first.status).toBe(200)
  return (await pagesOf(calls, first, 'breakdowns')).flat() as readonly UnitRow[]
}
const rowOf = async (id: string, query = ''): Promise<UnitRow | undefined> =>
  (await units('tests', query)).find(({ testId }) => testId === id)

type NumberKey = 'cloudUnitsUsed' | 'enterpriseUnitsUsed' | 'enterpriseUnitsProjected' | 'cloudUnitsProjected'
const sum = (rows: readonly UnitRow[], key: NumberKey): number => rows.reduce((all, row) => all + row[key], 0)

/** What was used, in the words of all three operations, which must agree. */
async function used(): Promise<{ readonly cloud: number; readonly enterprise: number }> {
  const found = await usage()
  const [tests, agents] = [await units('tests'), await units('enterprise-agents')]
  const { cloudUnitsUsed: cloud, enterpriseUnitsUsed: enterprise } = found
  expect([sum(found.tests, 'cloudUnitsUsed'), sum(tests, 'cloudUnitsUsed')]).toEqual([cloud, cloud])
  expect(sum(tests, 'enterpriseUnitsUsed')).toBe(enterprise)
  expect(sum(agents, 'enterpriseUnitsUsed')).toBe(enterprise)
  for (const key of ['enterpriseUnitsUsed', 'enterpriseUnitsProjected'] as const)
    expect(sum(found.enterpriseAgentUnits, key)).toBe(found[key])
  return { cloud, enterprise }
}

const history = async (): Promise<readonly { readonly key: string; readonly value: string }[]> =>
  (await calls.store.list('v7:us1', { limit: 100_000 })).filter(({ key }) => key.includes(':unit-history:'))

/** Each is told the id of a test that has run for a day. */
const changes: readonly (readonly [string, (id: string) => Promise<unknown>])[] = [
  ['is deleted', remove],
  ['is disabled', (id) => change(id, { enabled: false })],
  ['runs less often', (id) => change(id, { interval: 3_600 })],
  ['runs on fewer agents', (id) => change(id, { agents: [{ agentId: '3' }] })],
  ['runs on other agents', (id) => change(id, { agents: [{ agentId: '8' }, { agentId: '110202' }] })],
  [
    'has its enterprise agent disabled',
    () => done(calls, 'PUT', '/agents/110201', { body: { enabled: false } }),
  ],
  ['has its enterprise agent deleted', () => done(calls, 'DELETE', '/agents/110201')],
  ['loses its enterprise agent', () => done(calls, 'PUT', '/agents/110201', { body: { tests: [] } })],
  [
    'is taken from an agent',
    (id) => done(calls, 'POST', '/agents/110201/tests/unassign', { body: { testIds: [id] } }),
  ],
]

describe('what a test has used stays on the bill when it', () => {
  test.each(changes)('%s', async (_, makeChange) => {
    const id = await newTest()
    calls.clock.advance(day)
    const before = await used()
    const rounds = 24 * 60 + 1
    const row = { cloudUnitsUsed: rounds * 2 * 5, enterpriseUnitsUsed: rounds * 5 }
    expect(await rowOf(id)).toMatchObject(row)
    await makeChange(id)
    expect(await used()).toEqual(before)
    expect(await rowOf(id)).toMatchObject({ ...row, testName: 'Each minute', aid: '1101' })
  })

  test.each(changes)('%s, and is there in the units of a span too', async (_, makeChange) => {
    const id = await newTest()
    calls.clock.advance(2 * day)
    const iso = (ago: number): string => new Date(calls.clock.now() - ago * 1000).toISOString()
    const spans = [
      `startDate=${iso(day)}`,
      `startDate=${iso(2 * day)}&endDate=${iso(day + 1)}`,
      `startDate=${iso(2 * day)}`,
    ]
    const asked = async (): Promise<readonly UnitRow[]> =>
      Promise.all(spans.map(async (span) => (await rowOf(id, span)) as UnitRow))
    const before = await asked()
    await makeChange(id)
    const after = await asked()
    for (const [index, row] of after.entries()) {
      const rounds = Math.abs(row.cloudUnitsUsed - (before[index]?.cloudUnitsUsed ?? 0)) / 10
      expect(rounds).toBeLessThanOrEqual(1)
    }
    const [second, first, both] = after
    expect((first?.cloudUnitsUsed ?? 0) + (second?.cloudUnitsUsed ?? 0)).toBe(both?.cloudUnitsUsed)
  })

  test('goes with its account group', async () => {
    await done(calls, 'PUT', '/agents/110201', { body: { accountGroups: ['1101', '1102'] } })
    const id = await newTest({}, '1102')
    calls.clock.advance(day)
    const before = await used()
    await done(calls, 'DELETE', '/account-groups/1102')
    expect(await used()).toEqual(before)
    expect(await rowOf(id)).toMatchObject({ aid: '1102', accountGroupName: 'Acme Branches' })
  })

  test('is run again, as an instant one', async () => {
    const { server, agents } = body
    const path = '/tests/agent-to-server/instant'
    const { testId } = await done(calls, 'POST', path, { body: { server, agents } })
    for (const runs of [1, 2, 3]) {
      expect(await rowOf(testId)).toMatchObject({ cloudUnitsUsed: runs * 10, enterpriseUnitsUsed: runs * 5 })
      calls.clock.advance(30)
      await done(calls, 'POST', `/tests/${testId}/run`)
    }
  })
})

describe('after a change', () => {
  test('rounds are counted by what the test is now', async () => {
    const id = await newTest()
    calls.clock.advance(hour)
    await change(id, { interval: 120, agents: [{ agentId: '3' }] })
    calls.clock.advance(hour)
    await change(id, { enabled: false })
    calls.clock.advance(hour)
    await change(id, { enabled: true })
    calls.clock.advance(hour)
    const cloud = (61 * 2 + 30 + 60 * 2) * 5
    expect(await rowOf(id)).toMatchObject({ cloudUnitsUsed: cloud, enterpriseUnitsUsed: (61 + 60) * 5 })
    await used()
  })

  test('projections follow what the test is now', async () => {
    const id = await newTest()
    calls.clock.advance(day)
    const { cloudUnitsUsed, cloudUnitsProjected } = (await rowOf(id)) as UnitRow
    expect(cloudUnitsProjected).toBe(daysInMonth * 24 * 60 * 2 * 5)
    await change(id, { interval: 3_600 })
    const hoursLeft = (daysInMonth - 1) * 24 - 1
    expect((await rowOf(id))?.cloudUnitsProjected).toBe(cloudUnitsUsed + hoursLeft * 2 * 5)
    const next = (await usage()).cloudUnitsNextBillingPeriod
    await remove(id)
    const gone = await rowOf(id)
    expect(gone).toMatchObject({ cloudUnitsUsed, cloudUnitsProjected: cloudUnitsUsed })
    expect((await usage()).cloudUnitsNextBillingPeriod).toBe(next - 28 * 24 * 2 * 5)
  })

  test('a test that is changed within the round it was created in used that round once', async () => {
    const id = await newTest()
    for (let times = 0; times < 5; times += 1) {
      await change(id, { enabled: false })
      await change(id, { enabled: true })
    }
    expect(await rowOf(id)).toMatchObject({ cloudUnitsUsed: 10, enterpriseUnitsUsed: 5 })
  })

  test('an agent that is gone has its row, by the name that it had', async () => {
    const id = await newTest()
    calls.clock.advance(hour)
    const [{ agentName }] = (await usage()).enterpriseAgentUnits.filter(
      ({ agentId }: UnitRow) => agentId === '110201',
    )
    await remove(id)
    await done(calls, 'DELETE', '/agents/110201')
    const named = { agentId: '110201', agentName, aid: '1101', accountGroupName: 'Acme HQ' }
    for (const rows of [(await usage()).enterpriseAgentUnits, await units('enterprise-agents')])
      expect(rows.filter(({ agentId }: UnitRow) => agentId === '110201')).toMatchObject([named])
  })

  test('that changes nothing of what is used, nothing is kept', async () => {
    const id = await newTest()
    calls.clock.advance(hour)
    await change(id, { testName: 'Renamed', description: 'x' })
    expect(await history()).toEqual([])
    expect(await rowOf(id)).toMatchObject({ testName: 'Renamed', cloudUnitsUsed: 61 * 10 })
  })

  test('another organization is told nothing of it', async () => {
    const before = await usage('expand=test', 'us2.2001')
    const id = await newTest()
    calls.clock.advance(hour)
    await remove(id)
    const after = await usage('expand=test', 'us2.2001')
    const idsIn = (found: typeof after): readonly string[] => found.tests.map(({ testId }: UnitRow) => testId)
    expect(idsIn(after)).toEqual(idsIn(before))
  })
})

describe('the month', () => {
  test('starts with nothing, and the one before can still be asked for', async () => {
    const id = await newTest()
    calls.clock.advance(day)
    await remove(id)
    calls.clock.advance(daysInMonth * day)
    expect(await rowOf(id)).toBeUndefined()
    await used()
    const january = 'startDate=2030-01-01T00:00:00Z&endDate=2030-01-31T23:59:59Z'
    expect(await rowOf(id, january)).toMatchObject({ cloudUnitsUsed: (24 * 60 + 1) * 10 })
  })

  test('of a test that is changed in the next one is cut where it ends', async () => {
    const id = await newTest()
    calls.clock.advance((daysInMonth + 1) * day)
    await change(id, { enabled: false })
    expect(await rowOf(id)).toMatchObject({ cloudUnitsUsed: (24 * 60 + 1) * 10 })
    const january = 'startDate=2030-01-01T00:00:00Z&endDate=2030-01-31T23:59:59Z'
    expect(await rowOf(id, january)).toMatchObject({ cloudUnitsUsed: daysInMonth * 24 * 60 * 10 })
  })

  test('is forgotten once the next one has passed', async () => {
    const old = await newTest()
    calls.clock.advance(day)
    await remove(old)
    expect(await history()).toHaveLength(1)
    calls.clock.advance(daysInMonth * day)
    const inFebruary = await newTest()
    calls.clock.advance(day)
    await remove(inFebruary)
    expect(await history()).toHaveLength(2)
    calls.clock.advance(28 * day)
    const other = await newTest()
    await remove(other)
    const kept = (await history()).map(({ key }) => key.split(':').at(-1))
    expect(kept.toSorted()).toEqual([inFebruary, other].toSorted())
  })
})

test('many changes are counted exactly, and kept in a record that does not grow with them', async () => {
  const id = await newTest()
  for (let times = 0; times < 200; times += 1) {
    calls.clock.advance(60)
    await change(id, times % 2 === 0 ? { agents: [{ agentId: '3' }] } : {})
  }
  // Rounds with two cloud agents and one enterprise agent, and rounds with one cloud agent, in turn.
  expect(await rowOf(id)).toMatchObject({
    cloudUnitsUsed: (101 * 2 + 100) * 5,
    enterpriseUnitsUsed: 101 * 5,
  })
  const [{ value } = { value: '' }] = await history()
  expect(JSON.parse(value).fields.stretches.length).toBeLessThanOrEqual(50)
})

test('of deleted tests an organization has the youngest five thousand on its bill, whatever others delete', async () => {
  await remove(await newTest())
  const [{ key, value } = { key: '', value: '' }] = await history()
  const record = JSON.parse(value)
  const put = (id: string, more: object, since: number) => ({
    kind: 'put' as const,
    key: key.replace(record.id, id),
    value: JSON.stringify({ ...record, ...more, id, fields: { ...record.fields, since } }),
    expiresAt: Number.MAX_SAFE_INTEGER,
    expected: 'any' as const,
    indexes: ['v7:us1'],
  })
  const former = Array.from({ length: 4_999 }, (_, index) => put(`former${index}`, {}, index))
  await calls.store.commit([...former, put('stranger', { orgId: '999' }, 0)])
  calls = await openCalls(calls)
  const youngest = await newTest()
  await remove(youngest)
  const ids = new Set((await history()).map((kept) => JSON.parse(kept.value).id))
  expect(ids.size).toBe(5_001)
  expect(['former0', 'former1', 'stranger', record.id, youngest].map((id) => ids.has(id))).toEqual([
    false,
    true,
    true,
    true,
    true,
  ])
})

test('is kept by the store', async () => {
  const id = await newTest()
  calls.clock.advance(day)
  await remove(id)
  const before = [await used(), await rowOf(id)]
  calls = await openCalls(calls)
  expect([await used(), await rowOf(id)]).toEqual(before)
})

test('pages hold each test once though one is deleted between them', async () => {
  const ids: string[] = []
  for (let number = 0; number < 105; number += 1)
    ids.push(await newTest({ testName: `Each minute ${number}` }))
  calls.clock.advance(hour)
  const first = await calls.call('GET', '/usage/units/tests')
  calls.clock.advance(60)
  await remove(ids[0] ?? '')
  const rows = (await pagesOf(calls, first, 'breakdowns')).flat() as readonly UnitRow[]
  expect(new Set(rows.map(({ testId }) => testId)).size).toBe(rows.length)
  expect(ids.filter((id) => !rows.some(({ testId }) => testId === id))).toEqual([])
})
