import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, type Came, openCalls, viewer } from './emulator-calls.ts'
import { pagesOf } from './paged-calls.ts'
import { violations } from './schema-check.ts'

const networks = '/endpoint/test-results/local-networks'
const path = `${networks}/topologies`
const laptop = '3fde6422-f119-40e1-ae32-000000001101'
const mac = '3fde6422-f119-40e1-ae32-000000001102'
const desk = '3fde6422-f119-40e1-ae32-000000001103'

interface Probe {
  readonly networkTopologyId: string
  readonly agentId: string
  readonly type: string
  readonly target: string
  readonly roundId: number
  readonly icmpPing: { readonly avgRtt: number; readonly loss: number; readonly meanDevRtt: number }
  readonly vpnScore?: { readonly score: number }
}

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const search = (body?: object, query = ''): Promise<Came> =>
  calls.call('POST', `${path}/filter`, { body, query })

const probesOf = async (body?: object, query = ''): Promise<readonly Probe[]> => {
  const first = await search(body, query)
  expect(first.status).toBe(200)
  return (await pagesOf(calls, first, 'results', { method: 'POST', body })).flat() as readonly Probe[]
}

const typesOf = (probes: readonly Probe[]): readonly string[] =>
  probes.map(({ agentId, type }) => `${agentId.slice(-1)} ${type}`)

test('GET /endpoint/test-results/local-networks lists each network of agents once, the account group alone', async () => {
  const { body } = await calls.call('GET', networks)
  expect(violations('LocalNetworkResults', body)).toEqual([])
  expect(body.localNetworks).toMatchObject([
    { localPrefix: '10.11.4.0', publicIpRange: '203.0.113.0-203.0.113.255' },
    { localPrefix: '10.11.5.0', networkName: '10.11.5.0 (in 203.0.113.0/24)' },
  ])
  for (const { networkId } of body.localNetworks) expect(networkId).toMatch(/^[\da-f]{12}$/)
  const other = (await calls.call('GET', networks, { aid: '1102' })).body.localNetworks
  expect(other).toMatchObject([{ localPrefix: '10.21.4.0' }])
  await calls.call('DELETE', `/endpoint/agents/${desk}`)
  expect((await calls.call('GET', networks)).body.localNetworks).toHaveLength(1)
})

describe('POST /endpoint/test-results/local-networks/topologies/filter', () => {
  test('tells of the latest round of every agent and target, in the form of the document', async () => {
    const { body } = await search()
    expect(violations('LocalNetworkTopologyResults', body)).toEqual([])
    expect(body._links).toEqual({})
    expect(typesOf(body.results)).toEqual([
      '1 gateway',
      '1 dns',
      '1 vpn',
      '2 gateway',
      '2 dns',
      '3 gateway',
      '3 dns',
      '3 proxy',
    ])
    const dns = body.results.filter((probe: object) => 'dnsServerTest' in probe)
    expect(typesOf(dns)).toEqual(['1 dns', '2 dns', '3 dns'])
    expect((await search()).body).toEqual(body)
  })

  test('shows what keeps the machine busy on demand', async () => {
    expect((await search()).body.results[0]).not.toHaveProperty('systemMetricDetails')
    const { body } = await search({}, 'expand=system-metric-detail,user-profile')
    expect(violations('LocalNetworkTopologyResults', body)).toEqual([])
    expect(body.results[0].systemMetricDetails.topCpuApplications).toHaveLength(3)
  })

  test('covers a range page by page, of twelve hours at most', async () => {
    const probes = await probesOf(undefined, 'window=12h')
    expect(probes).toHaveLength(8 * 145)
    expect(new Set(probes.map(({ networkTopologyId }) => networkTopologyId)).size).toBe(probes.length)
    expect((await search(undefined, 'window=13h')).status).toBe(400)
  })

  test.each([
    [{ type: ['vpn', 'proxy'] }, ['1 vpn', '3 proxy']],
    [{ type: ['gateway'], platform: ['windows'] }, ['1 gateway', '3 gateway']],
    [{ agentId: [mac] }, ['2 gateway', '2 dns']],
    [{ gateway: ['10.11.5.1'], type: ['gateway'] }, ['3 gateway']],
    [{ type: ['unknown'] }, []],
    [{ domain: ['acme.example'], type: ['proxy'] }, ['3 proxy']],
  ])('leaves in %o', async (searchFilters, types) => {
    expect(typesOf(await probesOf({ searchFilters }))).toEqual(types)
  })

  test.each([
    ['avg-rtt', 'gte', (probe: Probe) => probe.icmpPing.avgRtt],
    ['mean-dev-rtt', 'lte', (probe: Probe) => probe.icmpPing.meanDevRtt],
    ['loss', 'gte', (probe: Probe) => probe.icmpPing.loss],
    ['vpn-score', 'lte', (probe: Probe) => probe.vpnScore?.score],
  ] as const)('compares %s with the number that the row shows', async (name, operator, numberOf) => {
    const all = await probesOf(undefined, 'window=2h')
    const values = all.flatMap((probe) => numberOf(probe) ?? []).toSorted((a, b) => a - b)
    const value = values.at(operator === 'gte' ? -1 : 0) ?? 0
    const found = await probesOf({ thresholdFilter: { filters: [{ name, operator, value }] } }, 'window=2h')
    expect(found).toEqual(all.filter((probe) => numberOf(probe) === value))
    expect(found.length).toBeGreaterThan(0)
  })

  test.each([
    [{ searchFilters: { type: ['moon'] } }, ''],
    [{ searchFilters: { agentId: ['7'] } }, ''],
    [{ thresholdFilter: { filters: [{ name: 'mood', operator: 'gte', value: 1 }] } }, ''],
    [{ thresholdFilter: { filters: [{ name: 'loss', operator: 'gte', value: 'much' }] } }, ''],
    [{}, 'window=1h&startDate=2029-12-31T00:00:00Z'],
    [{}, 'cursor=x'],
  ])('refuses %o with ?%s', async (body, query) => {
    expect((await search(body, query)).status).toBe(400)
  })

  test('tells nothing new of an agent that is disabled, and is open to who may see endpoint tests', async () => {
    await calls.call('POST', `/endpoint/agents/${laptop}/disable`)
    calls.clock.advance(600)
    expect(typesOf(await probesOf({ searchFilters: { type: ['gateway'] } }))).toEqual([
      '2 gateway',
      '3 gateway',
    ])
    const hour = await probesOf({ searchFilters: { type: ['gateway'], agentId: [laptop] } }, 'window=1h')
    expect(hour.length).toBe(11)
    expect((await calls.call('POST', `${path}/filter`, { as: viewer })).status).toBe(200)
  })
})

describe('GET /endpoint/test-results/local-networks/topologies/{networkTopologyId}', () => {
  const one = (id: string, options: object = {}): Promise<Came> => calls.call('GET', `${path}/${id}`, options)

  test('reads what a search told of, in detail', async () => {
    const probes = await probesOf(undefined, 'window=1h')
    for (const probe of probes.slice(-16)) {
      expect(probe.networkTopologyId).toMatch(/^\d{5}:[\da-f]{12}:\d{10}:[\da-f]{8}$/)
      const { status, body } = await one(probe.networkTopologyId)
      expect(status).toBe(200)
      expect(violations('LocalNetworkTopologyDetailResults', body)).toEqual([])
      expect(body.results).toHaveLength(1)
      expect(body.results[0]).toMatchObject(probe)
      expect(body.results[0].icmpTraceroute.destination).toBe(probe.target)
      expect(body.results[0].coordinates.location).toBe('San Francisco Bay Area')
    }
    const behindProxy = probes.find(({ type }) => type === 'proxy')?.networkTopologyId ?? ''
    const { networkProfile } = (await one(behindProxy)).body.results[0]
    expect(networkProfile.proxyProfile.proxies[0].proxy).toBe('proxy.acme.example:3128')
  })

  test('does not find what is not there, of others, or not yet', async () => {
    const [probe] = await probesOf()
    const id = probe?.networkTopologyId ?? ''
    for (const wrong of ['x', id.replace(/.$/, 'x'), id.replace(/:\d{10}:/, ':1893456300:'), `${id}0`])
      expect((await one(wrong)).status).toBe(404)
    expect((await one(id, { aid: '1102' })).status).toBe(404)
    await calls.call('DELETE', `/endpoint/agents/${laptop}`)
    expect((await one(id)).status).toBe(200)
    calls.clock.advance(600)
    const later = await probesOf({ searchFilters: { agentId: [laptop] } }, 'window=5m')
    expect(later).toEqual([])
  })
})
