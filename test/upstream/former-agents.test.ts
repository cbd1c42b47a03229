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
  leftBehind,
  minute,
  recordOf,
  roundsOf,
  scheduleCalls,
  start,
} from './schedule-calls.ts'

const agentId = '110201'
const cellOf = ({ roundId, agent }: ResultRow): string => `${roundId - start} ${agent.agentId}`

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const { create, change, rowsOf } = scheduleCalls(cloudAndEnterprise, () => calls)
const cells = async (id: string, query?: string): Promise<readonly string[]> =>
  (await rowsOf(id, query)).map(cellOf)
const assign = (id: string) =>
  done(calls, 'POST', `/agents/${agentId}/tests/assign`, { body: { testIds: [id] } })
const unassign = (id: string) =>
  done(calls, 'POST', `/agents/${agentId}/tests/unassign`, { body: { testIds: [id] } })

/** The ways in which a test loses its enterprise agent. */
const ways: readonly (readonly [string, (id: string) => Promise<unknown>])[] = [
  ['by an update of the test', (id) => change(id, { agents: [{ agentId: '3' }] })],
  ['from the side of the agent', unassign],
  [
    'by an update of the agent',
    () => done(calls, 'PUT', `/agents/${agentId}`, { body: { agentName: 'Elsewhere', tests: [] } }),
  ],
  [
    'as the agent runs other tests instead',
    () => done(calls, 'POST', `/agents/${agentId}/tests/override`, { body: { testIds: ['110303'] } }),
  ],
]

describe('an agent that is taken from a test', () => {
  test.each(ways)('%s keeps what it measured, and measures no more', async (_, take) => {
    const id = await create()
    calls.clock.advance(90)
    const withoutName = ({ agent: { agentName: _name, ...agent }, ...row }: ResultRow) => ({ ...row, agent })
    const before = (await rowsOf(id)).map(withoutName)
    await take(id)
    expect((await rowsOf(id)).map(withoutName)).toEqual(before)
    calls.clock.advance(60)
    expect(await cells(id)).toEqual(['120 3', '60 3', '60 110201', '0 3', '0 110201'])
    expect(await cells(id, '')).toEqual(['120 3'])
    const { body } = await calls.call('GET', `${cloudAndEnterprise.path}/${id}`, { query: 'expand=agent' })
    expect(body.agents.map((agent: ResultRow) => agent['agentId'])).toEqual(['3'])
  })

  test('has what it measured in every kind of results, while it had the test', async () => {
    const id = await create()
    calls.clock.advance(90)
    await unassign(id)
    calls.clock.advance(60)
    await assign(id)
    calls.clock.advance(60)
    const path = (round: number) => `/test-results/${id}/path-vis/agent/${agentId}/round/${start + round}`
    const statuses = [60, 120, 180].map(async (round) => (await calls.call('GET', path(round))).status)
    expect(await Promise.all(statuses)).toEqual([200, 404, 200])
    const hops = await allRows(calls, `/test-results/${id}/path-vis`, 'window=1d')
    const expected = ['180 3', '180 110201', '120 3', '60 3', '60 110201', '0 3', '0 110201']
    expect(hops.map(cellOf)).toEqual(expected)
    expect(await cells(id)).toEqual(expected)
    const again = await openCalls(calls)
    expect(await allRows(again, `/test-results/${id}/network`, 'window=1d')).toEqual(await rowsOf(id))
  })

  test('is still one of those of the alerts and events that it was in', async () => {
    const id = await create({ alertRules: [await createLossRule(calls)], alertsEnabled: true })
    calls.clock.advance(20 * 24 * hour)
    const alerts = () => alertsOf(calls, id, 'window=20d')
    const events = () => eventsOf(calls, 'window=20d')
    const before = [await alerts(), await events()]
    expect((await alerts()).map(({ violationCount }) => violationCount)).toContain(2)
    await unassign(id)
    expect([await alerts(), await events()]).toEqual(before)
    calls.clock.advance(20 * 24 * hour)
    const later = await alertsOf(calls, id, 'window=19d')
    expect(later.length).toBeGreaterThan(0)
    expect(new Set(later.map(({ violationCount }) => violationCount))).toEqual(new Set([1]))
  })

  test('is in a snapshot of the time before', async () => {
    const id = await create()
    calls.clock.advance(2 * hour)
    await unassign(id)
    calls.clock.advance(hour)
    const snapshot = await done(calls, 'POST', `/tests/${id}/snapshot`, {
      body: { displayName: 'Before', startDate: isoAt(hour), endDate: isoAt(3 * hour) },
    })
    const of = async (wanted: string) =>
      roundsOf((await rowsOf(snapshot.testId)).filter(({ agent }) => agent.agentId === wanted))
    expect([(await of(agentId)).at(0), (await of(agentId)).at(-1)]).toEqual([hour, 2 * hour])
    expect((await of('3')).at(-1)).toBe(3 * hour)
  })

  test('was there until the last second of it, be the test without agents now', async () => {
    const id = await create({ agents: [{ agentId }] })
    calls.clock.advance(60)
    await unassign(id)
    calls.clock.advance(60)
    expect(await cells(id)).toEqual([`60 ${agentId}`, `0 ${agentId}`])
    expect(await cells(id, '')).toEqual([`60 ${agentId}`])
    expect((await calls.call('GET', `${cloudAndEnterprise.path}/${id}`)).body.enabled).toBe(false)
  })

  test('takes its results along when it is deleted', async () => {
    const id = await create()
    calls.clock.advance(90)
    await unassign(id)
    await done(calls, 'DELETE', `/agents/${agentId}`)
    expect(await cells(id)).toEqual(['60 3', '0 3'])
  })

  test('comes and goes as often as it likes, of which a bounded number is remembered and none shown', async () => {
    const id = await create()
    for (let times = 0; times < 450; times += 1) {
      calls.clock.advance(minute)
      await change(id, { agents: times % 2 === 1 ? [{ agentId }, { agentId: '3' }] : [{ agentId: '3' }] })
    }
    const { value } = await recordOf(calls, ['tests', id])
    expect(JSON.parse(value).fields.links.agents[agentId]).toHaveLength(200)
    const read = await calls.call('GET', `${cloudAndEnterprise.path}/${id}`)
    const old = await calls.call('GET', `${cloudAndEnterprise.path}/${id}`, { query: 'versionId=300' })
    expect(read.text + old.text).not.toContain('"links"')
  })

  test('by an earlier version, or given back by one, follows the fields of the test from then on', async () => {
    const id = await create()
    calls.clock.advance(90)
    await unassign(id)
    calls.clock.advance(minute)
    const modified = () => new Date(calls.clock.now()).toISOString()
    const agents = [{ agentId: '3' }, { agentId }]
    calls = await leftBehind(calls, ['tests', id], (fields) => ({
      ...fields,
      agents,
      modifiedDate: modified(),
    }))
    calls.clock.advance(minute)
    const enterprise = async () => (await cells(id)).filter((cell) => cell.endsWith(` ${agentId}`))
    expect(await enterprise()).toEqual(['180 110201', '60 110201', '0 110201'])
    await change(id, { description: 'Kept', agents })
    calls = await leftBehind(calls, ['tests', id], (fields) => ({
      ...fields,
      agents: [{ agentId: '3' }],
      modifiedDate: modified(),
    }))
    calls.clock.advance(minute)
    await change(id, { description: 'Kept too', agents: [{ agentId: '3' }] })
    calls.clock.advance(minute)
    expect(await enterprise()).toEqual(['180 110201', '60 110201', '0 110201'])
  })

  test('and never was, when the clock is set back behind it', async () => {
    const id = await create()
    calls.clock.advance(2 * hour)
    await unassign(id)
    calls.clock.advance(-hour)
    await change(id, { description: 'As it was' })
    await assign(id)
    calls.clock.advance(hour)
    expect(await cells(id)).toHaveLength(2 * 121)
  })
})

describe('an agent that is given to a test', () => {
  test('has results from then on', async () => {
    const id = await create({ agents: [{ agentId: '3' }] })
    calls.clock.advance(90)
    await assign(id)
    calls.clock.advance(60)
    expect(await cells(id)).toEqual(['120 3', '120 110201', '60 3', '0 3'])
  })
})

describe('the network measurements of a test of something else', () => {
  test('stay when they are switched off, and go on when they are switched on again', async () => {
    const body = { testName: 'Web', url: 'https://acme.example', interval: minute, agents: [{ agentId }] }
    const { testId } = await done(calls, 'POST', '/tests/http-server', { body })
    const turn = (networkMeasurements: boolean) =>
      done(calls, 'PUT', `/tests/http-server/${testId}`, { body: { ...body, networkMeasurements } })
    calls.clock.advance(90)
    await turn(false)
    calls.clock.advance(minute)
    await turn(true)
    calls.clock.advance(minute)
    const minutes = async (results: string) =>
      roundsOf(await allRows(calls, `/test-results/${testId}/${results}`, 'window=1h')).map(
        (second) => second / minute,
      )
    expect(await minutes('network')).toEqual([0, 1, 3])
    expect(await minutes('path-vis')).toEqual([0, 1, 3])
    expect(await minutes('http-server')).toEqual([0, 1, 2, 3])
    const path = (round: number) =>
      `/test-results/${testId}/path-vis/agent/${agentId}/round/${start + round * minute}`
    expect((await calls.call('GET', path(1))).status).toBe(200)
    expect((await calls.call('GET', path(2))).status).toBe(404)
  })
})

describe('the monitors of a test', () => {
  const monitorsOf = async (path: string): Promise<readonly string[]> =>
    (await allRows(calls, path, 'window=1d')).map(
      ({ roundId, monitor }) => `${(roundId - start) / 900} ${monitor.monitorId}`,
    )

  test('keep what they saw when they are taken from it', async () => {
    const body = { testName: 'Prefix', prefix: '192.0.2.0/24', usePublicBgp: false, monitors: ['62', '63'] }
    const { testId } = await done(calls, 'POST', '/tests/bgp', { body })
    calls.clock.advance(960)
    await done(calls, 'PUT', `/tests/bgp/${testId}`, { body: { ...body, monitors: ['63', '64'] } })
    calls.clock.advance(900)
    const expected = ['2 63', '2 64', '1 62', '1 63', '0 62', '0 63']
    expect(await monitorsOf(`/test-results/${testId}/bgp`)).toEqual(expected)
    const [row] = await allRows(calls, `/test-results/${testId}/bgp`, 'window=1d')
    const routes = await done(
      calls,
      'GET',
      `/test-results/${testId}/bgp/routes/prefix/${row?.['prefixId']}/round/${start + 900}`,
    )
    const seen = new Set(routes.results.map(({ monitor }: ResultRow) => monitor.monitorId))
    expect(seen).toEqual(new Set(['62', '63']))
  })

  test('keep what they saw when the test measures routes no more', async () => {
    const id = await create()
    calls.clock.advance(900)
    const before = await monitorsOf(`/test-results/${id}/bgp`)
    await change(id, { bgpMeasurements: false })
    calls.clock.advance(900)
    expect(await monitorsOf(`/test-results/${id}/bgp`)).toEqual(before)
    expect(before.length).toBeGreaterThan(2)
  })
})
