import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, origin, viewer } from './emulator-calls.ts'
import { allRows, createTest, type ResultRow } from './result-calls.ts'
import { violations } from './schema-check.ts'

/** 1 January 2030, where the tests' clock stands, in epoch seconds. */
const now = 1_893_456_000
const quarter = 900
const path = '/test-results/110307/bgp'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const create = async (body: object): Promise<string> => {
  const created = await calls.call('POST', '/tests/bgp', { body: { testName: 'New prefix', ...body } })
  expect(created.status).toBe(201)
  return created.body.testId
}

const routesOf = async ({ prefixId, roundId }: ResultRow, of = path): Promise<readonly ResultRow[]> =>
  (await calls.call('GET', `${of}/routes/prefix/${prefixId}/round/${roundId}`)).body.results

const monitorOf = ({ monitor }: ResultRow): string => monitor.monitorId

describe('GET /test-results/{testId}/bgp', () => {
  test('shows the most recent round of every monitor of the test, in the form of the document', async () => {
    const { status, body } = await calls.call('GET', path)
    expect(status).toBe(200)
    expect(violations('BgpTestResults', body)).toEqual([])
    expect(body.results.map(monitorOf)).toEqual(['62', '63', '64', '65', '66', '67'])
    for (const row of body.results)
      expect(row).toMatchObject({ roundId: now, endTime: now + quarter, prefix: '203.0.113.0/24' })
    expect(new Set(body.results.map(({ prefixId }: ResultRow) => prefixId)).size).toBe(1)
    expect(body._links).toEqual({ self: { href: `${origin}/v7${path}` } })
  })

  test('stays the same while the round lasts; the next shows another time', async () => {
    const first = (await calls.call('GET', path)).body.results
    calls.clock.advance(quarter - 1)
    expect((await calls.call('GET', path)).body.results).toEqual(first)
    calls.clock.advance(1)
    expect((await calls.call('GET', path)).body.results[0].roundId).toBe(now + quarter)
  })

  test('watches what the test covers, from the monitors that it names alone', async () => {
    const id = await create({
      prefix: '198.18.0.0/20',
      includeCoveredPrefixes: true,
      usePublicBgp: false,
      monitors: ['64', '62'],
    })
    const rows = await allRows(calls, `/test-results/${id}/bgp`, '')
    expect(rows.map((row) => `${row['prefix']} ${monitorOf(row)}`)).toEqual([
      '198.18.0.0/20 62',
      '198.18.0.0/20 64',
      '198.18.0.0/21 62',
      '198.18.0.0/21 64',
      '198.18.8.0/21 62',
      '198.18.8.0/21 64',
    ])
    expect(new Set(rows.map(({ prefixId }) => prefixId)).size).toBe(3)
  })

  test('shows the prefix of the target of other tests, and of none that measures no routes', async () => {
    const [row] = await allRows(calls, '/test-results/110301/bgp', '')
    expect(row).toMatchObject({ prefix: '192.0.2.0/24', roundId: now, endTime: now + quarter })
    const off = {
      url: 'https://portal.acme.example',
      interval: 300,
      agents: [{ agentId: '4' }],
      bgpMeasurements: false,
    }
    const none = await createTest(calls, 'http-server', off)
    expect(await allRows(calls, `/test-results/${none}/bgp`, '')).toEqual([])
  })

  test('is not found for unknown tests, those of others and of types without routes', async () => {
    const trace = { testName: 'Trace', domain: 'a.example A', interval: 60, agents: [{ agentId: '4' }] }
    const { body } = await calls.call('POST', '/tests/dns-trace', { body: trace })
    for (const id of ['1', '210301', body.testId])
      expect((await calls.call('GET', `/test-results/${id}/bgp`)).status).toBe(404)
    expect((await calls.call('GET', path, { aid: '1102' })).status).toBe(404)
    expect((await calls.call('GET', path, { as: viewer })).status).toBe(200)
  })

  test('refuses a window beside a start, and a cursor that is none of ours', async () => {
    const both = await calls.call('GET', path, { query: 'window=1h&startDate=2029-12-31T20:00:00Z' })
    expect(both).toMatchObject({ status: 400, body: { errors: [{ field: 'window' }] } })
    expect((await calls.call('GET', path, { query: 'cursor=nothing' })).status).toBe(400)
  })
})

describe('GET /test-results/{testId}/bgp/routes/prefix/{prefixId}/round/{roundId}', () => {
  test('shows a route from the network of each monitor to that of the prefix', async () => {
    const [row = {}] = await allRows(calls, path, '')
    const { body } = await calls.call('GET', `${path}/routes/prefix/${row['prefixId']}/round/${now}`)
    expect(violations('BgpTestRouteInformationResults', body)).toEqual([])
    const active = body.results.filter(({ isActive }: ResultRow) => isActive)
    expect(active.map(monitorOf)).toEqual(['62', '63', '64', '65', '66', '67'])
    expect(active[0].hops[0]).toEqual({ asn: 64_498, asName: 'Example Transit West' })
    for (const { hops } of active) {
      expect(hops.length).toBeGreaterThanOrEqual(3)
      expect(new Set(hops.map(({ asn }: ResultRow) => asn)).size).toBe(hops.length)
      expect(hops.at(-1)).toEqual({ asn: 65_550, asName: 'Example Enterprise' })
    }
    expect(row['_links'].appLink.href).toBe(
      `${origin}/v7${path}/routes/prefix/${row['prefixId']}/round/${now}`,
    )
  })

  test('of targets end in the network that paths to them end in', async () => {
    const [row = {}] = await allRows(calls, '/test-results/110301/bgp', '')
    const [route] = await routesOf(row, '/test-results/110301/bgp')
    const last = route?.['hops'].at(-1)
    const { body } = await calls.call('GET', `/test-results/110301/path-vis/agent/4/round/${now}`)
    expect(body.results[0].pathTraces[0].hops.at(-1).network).toBe(`${last.asName} (AS ${last.asn})`)
  })

  test('shows the route of the round before where the list counts a change, and nowhere else', async () => {
    const rows = await allRows(calls, path, 'window=1d')
    expect(rows).toHaveLength(97 * 6)
    const changed = rows.filter(({ pathChanges }) => pathChanges > 0)
    expect(changed.length).toBeGreaterThan(0)
    expect(changed.length).toBeLessThan(rows.length / 4)
    for (const row of [...changed.slice(0, 4), ...rows.slice(0, 2)]) {
      const routes = (await routesOf(row)).filter((one) => monitorOf(one) === monitorOf(row))
      const expected = row['pathChanges'] > 0 ? [true, false] : [true]
      expect(routes.map(({ isActive }) => isActive)).toEqual(expected)
      if (row['pathChanges'] === 0) continue
      expect(row['updates']).toBeGreaterThan(0)
      const before = await routesOf({ ...row, roundId: row['roundId'] - quarter })
      const then = before.find((one) => monitorOf(one) === monitorOf(row) && one['isActive'])
      expect(routes[1]?.['hops']).toEqual(then?.['hops'])
      expect(routes[1]?.['hops']).not.toEqual(routes[0]?.['hops'])
    }
  })

  test('are the same for two tests of one prefix', async () => {
    const id = await create({ prefix: '203.0.113.0/24' })
    const [row = {}] = await allRows(calls, path, '')
    const hopsOf = (routes: readonly ResultRow[]) => routes.map(({ hops }) => hops)
    const [ours, others] = [await routesOf(row), await routesOf(row, `/test-results/${id}/bgp`)]
    expect(hopsOf(others.filter(({ isActive }) => isActive))).toEqual(
      hopsOf(ours.filter(({ isActive }) => isActive)),
    )
  })

  test.each([
    ['another prefix', `1/round/${now}`],
    ['a second that begins no round', `ID/round/${now + 1}`],
    ['a round to come', `ID/round/${now + quarter}`],
    ['a round before the test', 'ID/round/900'],
    ['no number', 'ID/round/latest'],
  ])('is not found for %s', async (_, rest) => {
    const [row] = await allRows(calls, path, '')
    const asked = rest.replace('ID', row?.['prefixId'])
    expect((await calls.call('GET', `${path}/routes/prefix/${asked}`)).status).toBe(404)
  })
})

test('BGP alerts follow from routes that are lost, and tell what their monitors reached', async () => {
  const { body } = await calls.call('GET', '/alerts', { query: 'state=clear&window=20d&max=1000' })
  const bgp = body.alerts.filter(({ alertType }: ResultRow) => alertType === 'bgp')
  expect(bgp.length).toBeGreaterThan(3)
  const alert = (await calls.call('GET', `/alerts/${bgp[0].id}`)).body
  expect(violations('AlertDetail', alert)).toEqual([])
  const rule = (await calls.call('GET', `/alerts/rules/${bgp[0].alertRuleId}`)).body
  const start = Date.parse(alert.startDate) / 1000 - (rule.roundsViolatingRequired - 1) * quarter
  const at = new Date(start * 1000).toISOString()
  const range = `startDate=${at}&endDate=${at}`
  const rows = await allRows(calls, path, range)
  const bad = rows.filter(({ reachability }) => reachability < 100)
  expect(bad.every(({ roundId }) => roundId === start)).toBe(true)
  expect(alert.details.map(({ id, type, start: { metrics } }: ResultRow) => [id, type, metrics])).toEqual(
    bad.map((row) => [monitorOf(row), 'bgp_monitor', `Reachability: ${row['reachability']}%`]),
  )
  for (const { end } of alert.details) expect(end.metrics).toBe('Reachability: 100%')
})

describe('GET /autonomous-systems/{asn}/prefixes', () => {
  const prefixesOf = async (asn: number, query = '') =>
    (await calls.call('GET', `/autonomous-systems/${asn}/prefixes`, { query })).body.prefixes

  test('lists the prefixes of a network in the form of the document, how they are known on demand', async () => {
    const { status, body } = await calls.call('GET', '/autonomous-systems/109/prefixes')
    expect(status).toBe(200)
    expect(violations('AsPrefixAssociations', body)).toEqual([])
    expect(body.prefixes.length).toBeGreaterThan(0)
    for (const prefix of body.prefixes) expect(prefix).not.toHaveProperty('associations')
    expect(body._links).toEqual({ self: { href: `${origin}/v7/autonomous-systems/109/prefixes` } })
    const expanded = await calls.call('GET', '/autonomous-systems/109/prefixes', {
      query: 'expand=associations',
    })
    expect(violations('AsPrefixAssociations', expanded.body)).toEqual([])
    for (const { associations } of expanded.body.prefixes)
      expect(associations).toContainEqual({ type: 'announced', lastSeen: '2030-01-01T00:00:00Z' })
  })

  test('has the prefix of a BGP test where its routes end, for its organization alone', async () => {
    expect(await prefixesOf(65_550)).toEqual([
      { prefix: '203.0.113.0/24', otherAssociatedAsns: expect.any(Array) },
    ])
    await create({ prefix: '198.18.64.0/19' })
    const seen = (await prefixesOf(65_550)).map(({ prefix }: ResultRow) => prefix)
    expect(seen).toEqual(['203.0.113.0/24', '198.18.64.0/19'])
    const other = await calls.call('GET', '/autonomous-systems/65550/prefixes', { as: 'us2.2001' })
    expect(other.status).toBe(404)
  })

  test('names the other networks that have a prefix too, each of which lists it', async () => {
    const [{ prefix, otherAssociatedAsns }] = await prefixesOf(64_497)
    expect(otherAssociatedAsns.length).toBeGreaterThan(3)
    expect(otherAssociatedAsns).not.toContain(64_497)
    for (const asn of otherAssociatedAsns)
      expect((await prefixesOf(asn)).map((one: ResultRow) => one['prefix'])).toContain(prefix)
  })

  test('is not found for numbers that no network has', async () => {
    for (const asn of ['0', '23456', '65000', '65535', '100000', '4294967295', '99999999999', '-5', 'AS109'])
      expect((await calls.call('GET', `/autonomous-systems/${asn}/prefixes`)).status).toBe(404)
  })
})
