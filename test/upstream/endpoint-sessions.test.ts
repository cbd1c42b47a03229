import { beforeEach, describe, expect, test } from 'vitest'
import { fakeClock } from '../support/fake-clock.ts'
import { type Calls, type Came, openCalls, viewer } from './emulator-calls.ts'
import { pagesOf } from './paged-calls.ts'
import { violations } from './schema-check.ts'

const path = '/endpoint/test-results/real-user-tests'
const laptop = '3fde6422-f119-40e1-ae32-000000001101'
const mac = '3fde6422-f119-40e1-ae32-000000001102'
const desk = '3fde6422-f119-40e1-ae32-000000001103'

interface Row {
  readonly id: string
  readonly agentId: string
  readonly pageId: string
  readonly roundId: number
  readonly date: string
  readonly visitedSite: string
  readonly numberOfPages: number
}

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const kinds = [
  ['filter', 'RealUserEndpointTestResults'],
  ['pages/filter', 'RealUserEndpointTestPageResults'],
  ['networks/filter', 'RealUserEndpointTestNetworkResults'],
] as const

const search = (kind: string, searchFilters?: object, query = ''): Promise<Came> =>
  calls.call('POST', `${path}/${kind}`, { body: searchFilters && { searchFilters }, query })

const rowsOf = async (kind: string, searchFilters?: object, query = ''): Promise<readonly Row[]> => {
  const body = searchFilters && { searchFilters }
  const first = await search(kind, searchFilters, query)
  expect(first.status).toBe(200)
  return (await pagesOf(calls, first, 'results', { method: 'POST', body })).flat() as readonly Row[]
}

const agentsIn = (rows: readonly Row[]): ReadonlySet<string> => new Set(rows.map(({ agentId }) => agentId))

describe.each(kinds)('POST /endpoint/test-results/real-user-tests/%s', (kind, schema) => {
  test('tells of the last round that is over, in the form of the document, and the same again', async () => {
    const { status, body } = await search(kind)
    expect(status).toBe(200)
    expect(violations(schema, body)).toEqual([])
    expect(body._links).toEqual({})
    expect(agentsIn(body.results)).toEqual(new Set([laptop, mac, desk]))
    expect(new Set(body.results.map(({ roundId }: Row) => roundId))).toEqual(new Set([1_893_456_000 - 900]))
    expect((await search(kind)).body).toEqual(body)
  })

  test('covers a window, page by page', async () => {
    const rows = await rowsOf(kind, undefined, 'window=12h')
    expect(new Set(rows.map(({ roundId }) => roundId)).size).toBe(48)
    const keys = rows.map((row) => `${row.id} ${row.pageId}`)
    expect(new Set(keys).size).toBe(rows.length)
    expect((await search(kind, undefined, 'window=12h')).body).toMatchObject({
      startDate: '2029-12-31T12:00:00Z',
      endDate: '2030-01-01T00:00:00Z',
    })
  })

  test.each([
    [{ agentId: [laptop, desk] }, [laptop, desk]],
    [{ platform: ['mac'] }, [mac]],
    [{ platform: ['windows'], connection: ['wireless'] }, [laptop]],
    [{ location: ['San Francisco Bay Area'], gateway: ['10.11.5.1'] }, [desk]],
    [{ ssid: ['Acme Office'] }, [laptop, mac]],
    [{ bssid: ['00:00:5e:00:53:01'], nicDriverVersion: ['1.0.0'] }, [mac]],
    [{ nicModel: ['Example Gigabit'] }, [desk]],
    [{ vpnTarget: ['192.0.2.20'] }, [laptop]],
    [{ vpnTarget: ['192.0.2.99'] }, []],
    [{ platform: [] }, [laptop, mac, desk]],
  ])('leaves in the agents of %o', async (searchFilters, agents) => {
    expect(agentsIn(await rowsOf(kind, searchFilters))).toEqual(new Set(agents))
  })

  test('leaves in sessions by domain, site, address and trigger', async () => {
    const all = await rowsOf('filter', undefined, 'window=1d')
    const site = all[0]?.visitedSite ?? ''
    const idsOf = async (filters: object, of = kind): Promise<ReadonlySet<string>> =>
      new Set((await rowsOf(of, filters, 'window=1d')).map(({ id }) => id))
    const visits = new Set(all.filter(({ visitedSite }) => visitedSite === site).map(({ id }) => id))
    expect(await idsOf({ visitedSite: [site] })).toEqual(visits)
    expect(await idsOf({ domain: ['acme.example'] })).toEqual(new Set(all.map(({ id }) => id)))
    expect(await idsOf({ domain: ['globex.example'] })).toEqual(new Set())
    const [user, auto] = [await idsOf({ trigger: ['user'] }), await idsOf({ trigger: ['auto'] })]
    expect(user.size).toBeGreaterThan(auto.size)
    expect(new Set([...user, ...auto])).toEqual(new Set(all.map(({ id }) => id)))
    const networks = await calls.call('POST', `${path}/networks/filter`, { query: 'window=1d' })
    const target = networks.body.results.find(({ id }: Row) => visits.has(id)).destination.target
    expect([...(await idsOf({ destinationIp: [target] }))]).toEqual(expect.arrayContaining([...visits]))
  })

  test('asks by local network and by proxy', async () => {
    const { localNetworks } = (await calls.call('GET', '/endpoint/test-results/local-networks')).body
    const networkId = localNetworks.find(
      ({ localPrefix }: { localPrefix: string }) => localPrefix === '10.11.5.0',
    ).networkId
    expect(agentsIn(await rowsOf(kind, { networkId: [networkId] }))).toEqual(new Set([desk]))
    const { results } = (await search('networks/filter', { agentId: [desk] })).body
    const proxyTarget = [results[0].proxy.target]
    expect(agentsIn(await rowsOf(kind, { proxyTarget }))).toEqual(new Set([desk]))
  })

  test('knows no agent of another account group, none that measures no more, and all that came', async () => {
    await calls.call('POST', `/endpoint/agents/${mac}/disable`)
    await calls.call('DELETE', `/endpoint/agents/${desk}`)
    const past = 'startDate=2029-12-31T22:00:00Z&endDate=2029-12-31T23:30:00Z'
    expect(agentsIn(await rowsOf(kind, undefined, past))).toEqual(new Set([laptop, mac, desk]))
    calls.clock.advance(1_800)
    expect(agentsIn(await rowsOf(kind))).toEqual(new Set([laptop]))
    await calls.call('POST', `/endpoint/agents/${laptop}/transfer`, { body: { toAid: '1102' } })
    calls.clock.advance(60)
    expect(agentsIn(await rowsOf(kind, undefined, past))).toEqual(new Set([mac, desk]))
    const there = await calls.call('POST', `${path}/${kind}`, { aid: '1102', as: 'us1.1001' })
    expect(agentsIn(there.body.results)).toContain(laptop)
  })

  test.each([
    [{ platform: ['beos'] }, ''],
    [{ agentId: ['7'] }, ''],
    [{ trigger: ['mood'] }, ''],
    [{ domain: 'acme.example' }, ''],
    [undefined, 'window=1h&endDate=2029-12-31T00:00:00Z'],
    [undefined, 'cursor=x'],
    [{ trigger: ['user'] }, 'window=52w'],
  ])('refuses %o with ?%s', async (searchFilters, query) => {
    expect((await search(kind, searchFilters, query)).status).toBe(400)
  })

  test('is open to who may see endpoint tests', async () => {
    expect((await calls.call('POST', `${path}/${kind}`, { as: viewer })).status).toBe(200)
  })
})

test('pages/filter takes its filters bare, too', async () => {
  const { body } = await calls.call('POST', `${path}/pages/filter`, { body: { platform: ['mac'] } })
  expect(agentsIn(body.results)).toEqual(new Set([mac]))
  expect((await calls.call('POST', `${path}/pages/filter`, { body: { platform: ['beos'] } })).status).toBe(
    400,
  )
})

describe('a session', () => {
  const one = (id: string): Promise<Came> => calls.call('GET', `${path}/${id}`)
  const older = async (): Promise<readonly Row[]> => rowsOf('filter', { agentId: [laptop] }, 'window=3d')

  test('that a search told of is read by its id, in detail', async () => {
    for (const row of (await older()).slice(0, 20)) {
      expect(row.id).toMatch(/^\d{5}:\d{10}:[A-Za-z\d]{8}$/)
      const { status, body } = await one(row.id)
      expect(status).toBe(200)
      expect(violations('RealUserEndpointTestDetailResults', body)).toEqual([])
      const [{ pages, network, ...detail }] = body.results
      const { pageId, ...told } = row
      expect(detail).toMatchObject(told)
      expect(pages).toHaveLength(row.numberOfPages)
      expect(pages[0].pageId).toBe(pageId)
      expect(pages[0].pageUrl).toContain(`https://${row.visitedSite}/`)
      expect(network.networkProfile.ipAddress).toBe('10.11.4.21')
      expect(network.vpnTraceroute.destination).toBe('192.0.2.20')
      expect(network.traceroute.hops.at(-1).ipAddress).toBe(network.traceroute.destination)
    }
  })

  test('stays the same while time passes, and never visits what is excluded', async () => {
    const rows = await older()
    const [row] = rows
    const before = (await one(row?.id ?? '')).body
    calls.clock.advance(5 * 86_400)
    expect((await one(row?.id ?? '')).body).toEqual(before)
    expect(rows.map(({ visitedSite }) => visitedSite)).not.toContain('static.acme.example')
  })

  test.each([
    'x',
    '00001:1893455100:AAAAAAAA',
    '00001:9999999999:AAAAAAAA',
    '00001:1893455100:AAAA',
    '%2e%2e',
  ])('is not found as %s', async (id) => {
    expect((await one(id)).status).toBe(404)
  })

  test('is not found in another account group, in the future, before its agent, or with another shard', async () => {
    const [row] = await rowsOf('filter')
    const id = row?.id ?? ''
    expect((await calls.call('GET', `${path}/${id}`, { aid: '1102' })).status).toBe(404)
    expect((await one(id.replace(/^\d/, '9'))).status).toBe(404)
    calls = await openCalls({ clock: fakeClock(Date.parse('2024-01-20T08:10:00Z')) })
    expect((await one(id)).status).toBe(404)
    expect(await rowsOf('filter', undefined, 'window=2d')).toEqual([])
    calls.clock.advance(3_600)
    const young = await rowsOf('filter', undefined, 'window=2d')
    expect(new Set(young.map(({ roundId }) => roundId)).size).toBe(4)
  })

  test('shows each of its pages as an HTTP archive', async () => {
    const rows = await rowsOf('pages/filter', { agentId: [mac] }, 'window=1d')
    for (const row of rows.slice(0, 15)) {
      const { status, body } = await calls.call('GET', `${path}/${row.id}/pages/${row.pageId}`)
      expect(status).toBe(200)
      expect(violations('RealUserEndpointTestPageDetailResult', body)).toEqual([])
      const { log } = body.har
      expect(log.version).toBe('1.2')
      expect(log.pages).toHaveLength(1)
      expect(log.systemMetrics.cpuUtilization.count).toBe(10)
      const [document, ...parts] = log.entries
      expect(document.response.status).toBe(log.pages[0].responseCode)
      for (const entry of log.entries) {
        expect(entry.pageref).toBe(log.pages[0].id)
        const spent = Object.values(entry.timings as Record<string, number>).filter((value) => value >= 0)
        expect(entry.time).toBe(spent.reduce((sum, value) => sum + value, 0))
        expect(Date.parse(entry.startedDateTime)).toBeGreaterThanOrEqual(
          Date.parse(log.pages[0].startedDateTime),
        )
      }
      expect(parts.length > 0).toBe(document.response.status === 200)
    }
    const [row] = rows
    for (const wrong of [`${row?.id}/pages/AAAAAAAA`, `x/pages/${row?.pageId}`])
      expect((await calls.call('GET', `${path}/${wrong}`)).status).toBe(404)
  })
})
