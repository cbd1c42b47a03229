import { beforeEach, describe, expect, test } from 'vitest'
import { fakeClock } from '../support/fake-clock.ts'
import { admin, type Calls, type Came, memoryStore, openCalls, ops, viewer } from './emulator-calls.ts'
import { pagesOf } from './paged-calls.ts'
import { violations } from './schema-check.ts'

const path = '/endpoint/agents'
const laptop = '3fde6422-f119-40e1-ae32-000000001101'
const mac = '3fde6422-f119-40e1-ae32-000000001102'
const austin = '3fde6422-f119-40e1-ae32-000000001201'
const globex = '3fde6422-f119-40e1-ae32-000000002101'
const nobody = '3fde6422-f119-40e1-ae32-00000000ffff'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

interface Named {
  readonly name: string
}

describe('POST /endpoint/agents/filter', () => {
  const filter = (body: unknown, query = ''): Promise<Came> =>
    calls.call('POST', `${path}/filter`, { body, query })
  const found = async (searchFilters: object): Promise<readonly string[]> =>
    (await filter({ searchFilters })).body.agents.map(({ name }: Named) => name)

  test.each([
    [{}, ['ada-laptop', 'otis-mac', 'frontdesk']],
    [{ id: [mac, nobody] }, ['otis-mac']],
    [{ agentName: ['ada-laptop', 'frontdesk'] }, ['ada-laptop', 'frontdesk']],
    [{ agentName: ['Ada-Laptop'] }, []],
    [{ computerName: ['ACME-PC-003'] }, ['frontdesk']],
    [{ username: ['OT'] }, ['otis-mac']],
    [{ userPrincipalName: ['Ada@', 'reception@acme'] }, ['ada-laptop', 'frontdesk']],
    [{ platform: ['windows'], licenseType: ['advantage'] }, ['ada-laptop']],
    [{ osVersion: ['macos'] }, ['otis-mac']],
    [{ nicModel: ['Example Gigabit'] }, ['frontdesk']],
    [{ nicModel: ['example gigabit'] }, []],
    [{ nicDriverVersion: ['1.0.0'] }, ['otis-mac']],
    [{ serialNumber: ['ex-000'] }, ['ada-laptop', 'otis-mac', 'frontdesk']],
    [{ locationCountryISO: ['DE'] }, []],
    [{ locationSubdivision1Code: ['CA'], locationCity: ['san'] }, ['ada-laptop', 'otis-mac', 'frontdesk']],
    [{ anyConnectDeviceId: ['EXAMPLE0001'] }, ['ada-laptop']],
    [{ platform: [] }, ['ada-laptop', 'otis-mac', 'frontdesk']],
  ])('leaves in what %o asks for', async (searchFilters, names) => {
    expect(await found(searchFilters)).toEqual(names)
  })

  test('answers in the form of the document, expanded on demand, with the number of all that fit', async () => {
    const { body } = await filter(
      { searchFilters: { platform: ['windows'] } },
      'max=1&expand=clients,vpnProfiles,networkInterfaceProfiles',
    )
    expect(violations('FilterEndpointAgentsResponse', body)).toEqual([])
    expect(body.totalAgents).toBe(2)
    expect(body.agents[0].vpnProfiles[0].vpnType).toBe('cisco-anyconnect')
    expect(JSON.stringify(body)).not.toContain('countryISO')
    const last = await filter({ searchFilters: { platform: ['windows'] } })
    expect(last.body._links).toEqual({})
  })

  test('pages when the same body is sent to the next address', async () => {
    const body = { searchSort: [{ sort: 'userName', order: 'desc' }] }
    const first = await filter(body, 'max=2')
    const pages = await pagesOf(calls, first, 'agents', { method: 'POST', body })
    expect(pages.flat().map((agent) => (agent as Named).name)).toEqual([
      'frontdesk',
      'otis-mac',
      'ada-laptop',
    ])
    expect(pages).toHaveLength(2)
  })

  test.each([
    [
      [{ sort: 'platform' }, { sort: 'name', order: 'desc' }],
      ['otis-mac', 'frontdesk', 'ada-laptop'],
    ],
    [[{ sort: 'serialNumber', order: 'desc' }], ['frontdesk', 'otis-mac', 'ada-laptop']],
    [[{ sort: 'osVersion', order: 'asc' }], ['otis-mac', 'ada-laptop', 'frontdesk']],
    [[{ sort: 'city' }], ['ada-laptop', 'otis-mac', 'frontdesk']],
  ])('orders by %o', async (searchSort, names) => {
    expect((await filter({ searchSort })).body.agents.map(({ name }: Named) => name)).toEqual(names)
  })

  test('knows when an agent was seen last, and those that were not seen pass no threshold', async () => {
    const seen = async (operator: string, value: number): Promise<number> =>
      (await filter({ thresholdFilter: { filters: [{ name: 'last-seen-ms', operator, value }] } })).body
        .totalAgents
    const now = calls.clock.now()
    await calls.call('POST', `${path}/${mac}/disable`)
    expect(await seen('gte', now - 60_000)).toBe(2)
    expect(await seen('lte', now)).toBe(2)
    expect(await seen('lte', now - 3_600_000)).toBe(0)
  })

  test('shows what is deleted on demand alone, and never another account group', async () => {
    await calls.call('DELETE', `${path}/${mac}`)
    expect(await found({ id: [mac] })).toEqual([])
    const body = { searchFilters: { id: [mac, austin] } }
    expect((await filter(body, 'includeDeleted=true')).body.agents).toMatchObject([
      { name: 'otis-mac', deleted: true },
    ])
    expect((await filter(body, 'useAllPermittedAids=true')).body.agents).toEqual([])
  })

  test.each([
    [{ searchFilters: { platform: ['beos'] } }],
    [{ searchFilters: { id: ['7'] } }],
    [{ searchFilters: 'all' }],
    [{ searchSort: [{ sort: 'mood' }] }],
    [{ searchSort: [{ order: 'asc' }] }],
    [{ thresholdFilter: { filters: [{ name: 'last-seen-ms' }] } }],
    [{ searchFilters: { serialNumber: Array.from({ length: 51 }, String) } }],
    ['{'],
    [undefined],
  ])('refuses %o', async (body) => {
    expect((await filter(body)).status).toBe(400)
  })
})

test.each(['useAllPermittedAids=true', 'useAllPermittedAids=true&includeDeleted=true'])(
  'an agent of another account group is not reached with %s, which its operations do not have',
  async (query) => {
    for (const [method, rest] of [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/disable'],
      ['GET', '/logs'],
    ] as const)
      expect((await calls.call(method, `${path}/${austin}${rest}`, { query, body: undefined })).status).toBe(
        404,
      )
    expect((await calls.call('GET', `${path}/${austin}`, { aid: '1102' })).body.status).toBe('enabled')
  },
)

describe('GET /endpoint/agents/{agentId}/logs', () => {
  interface Item {
    readonly id: string
    readonly agentLogItemType: string
    readonly timestampMs: number
    readonly wifiLogItem?: { readonly logItemType: string }
    readonly stateChangesLogItem?: { readonly logItemType: string }
  }
  const logs = (query = '', agent = laptop): Promise<Came> =>
    calls.call('GET', `${path}/${agent}/logs`, { query })

  test('tells of the range, the newest first, in the form of the document, and the same again', async () => {
    const { body } = await logs('window=1w')
    expect(violations('EndpointAgentLogItemsResponse', body)).toEqual([])
    const items: readonly Item[] = body.logs
    const times = items.map(({ timestampMs }) => timestampMs)
    expect(times).toEqual(times.toSorted((a, b) => b - a))
    expect(times.at(-1)).toBeGreaterThanOrEqual(calls.clock.now() - 7 * 86_400_000)
    expect(new Set(items.map(({ agentLogItemType }) => agentLogItemType))).toEqual(
      new Set(['wifi', 'vpn', 'online-offline']),
    )
    expect(new Set(items.map(({ id }) => id)).size).toBe(items.length)
    expect((await logs('window=1w')).body).toEqual(body)
    expect((await logs('window=2w')).body.logs.slice(0, items.length)).toEqual(items)
  })

  test('fits the machine: what has no radio and no VPN tells of neither', async () => {
    const { body } = await logs('window=4w', '3fde6422-f119-40e1-ae32-000000001103')
    expect(new Set(body.logs.map((item: Item) => item.agentLogItemType))).toEqual(new Set(['online-offline']))
  })

  test('pages by max, 1000 at a time without it', async () => {
    const first = await logs('window=1w&max=10')
    const pages = await pagesOf(calls, first, 'logs')
    expect(pages[0]).toHaveLength(10)
    expect(pages.flat()).toEqual((await logs('window=1w')).body.logs)
    for (const max of ['0', '5001', 'x']) expect((await logs(`max=${max}`)).status).toBe(400)
  })

  test('tells what was done to the agent, and nothing while it was disabled', async () => {
    await calls.call('POST', `${path}/${laptop}/disable`)
    await calls.call('POST', `${path}/${laptop}/disable`)
    calls.clock.advance(3 * 86_400)
    await calls.call('POST', `${path}/${laptop}/enable`)
    calls.clock.advance(2 * 86_400)
    const items: readonly Item[] = (await logs('window=5d')).body.logs
    const changes = items.filter(({ stateChangesLogItem }) => stateChangesLogItem)
    expect(changes.map(({ stateChangesLogItem }) => stateChangesLogItem?.logItemType)).toEqual([
      'enabled',
      'disabled',
    ])
    const enabledAt = changes[0]?.timestampMs ?? 0
    expect(items.filter(({ timestampMs }) => timestampMs > enabledAt).length).toBeGreaterThan(4)
    expect(items.filter(({ timestampMs }) => timestampMs < enabledAt)).toEqual([changes[1]])
  })

  test('refuses a window with dates, a bad cursor, and agents that are not there', async () => {
    for (const query of [
      'window=1h&startDate=2029-12-31T00:00:00Z',
      'endDate=2029-12-31T00:00:00Z',
      'cursor=x',
    ])
      expect((await logs(query)).status).toBe(400)
    for (const agent of [nobody, austin, globex]) expect((await logs('', agent)).status).toBe(404)
    await calls.call('DELETE', `${path}/${laptop}`)
    expect((await logs()).status).toBe(404)
  })
})

test('GET /endpoint/agents/connection-string is one of each account group, for those who install agents', async () => {
  const { body } = await calls.call('GET', `${path}/connection-string`)
  expect(violations('ConnectionString', body)).toEqual([])
  expect(Buffer.from(body.connectionString, 'base64')).toHaveLength(16)
  expect((await calls.call('GET', `${path}/connection-string`)).body).toEqual(body)
  const other = await calls.call('GET', `${path}/connection-string`, { aid: '1102' })
  expect(other.body.connectionString).not.toBe(body.connectionString)
  expect((await calls.call('GET', `${path}/connection-string`, { as: viewer })).status).toBe(403)
})

describe('GET /endpoint/proxies', () => {
  test('lists the proxies as plain JSON, those of the account group', async () => {
    const { body, headers } = await calls.call('GET', '/endpoint/proxies')
    expect(headers['content-type']).toBe('application/json;charset=UTF-8')
    expect(violations('EndpointProxiesResponse', body)).toEqual([])
    expect(body.proxies.map(({ type }: { type: string }) => type)).toEqual(['static', 'pac'])
    expect((await calls.call('GET', '/endpoint/proxies', { aid: '1102' })).body.proxies).toEqual([])
  })

  test('names no agent that is deleted', async () => {
    const idsOf = async (): Promise<unknown> =>
      (await calls.call('GET', '/endpoint/proxies')).body.proxies[1].agentIds
    expect(await idsOf()).toEqual([mac])
    await calls.call('DELETE', `${path}/${mac}`)
    expect(await idsOf()).toEqual([])
  })
})

const whereIs = async (agent: string): Promise<readonly string[]> => {
  const groups = ['1101', '1102']
  const statuses = await Promise.all(groups.map((aid) => calls.call('GET', `${path}/${agent}`, { aid })))
  return groups.filter((_, index) => statuses[index]?.status === 200)
}

describe('POST /endpoint/agents/{agentId}/transfer', () => {
  const transfer = (agent: string, body: unknown, options: object = {}): Promise<Came> =>
    calls.call('POST', `${path}/${agent}/transfer`, { body, ...options })

  test('moves the agent a little later, out of tests and proxies that named it', async () => {
    const body = { testName: 'One', server: 'x.example', agentSelectorType: 'specific-agents', agents: [mac] }
    const created = await calls.call('POST', '/endpoint/tests/scheduled-tests/agent-to-server', { body })
    const answer = await transfer(mac, { toAid: '1102' })
    expect(answer).toMatchObject({ status: 202, text: '' })
    expect(await whereIs(mac)).toEqual(['1101'])
    calls.clock.advance(60)
    expect(await whereIs(mac)).toEqual(['1102'])
    const moved = await calls.call('GET', `${path}/${mac}`, { aid: '1102' })
    expect(moved.body).toMatchObject({ aid: '1102', name: 'otis-mac' })
    expect((await calls.call('GET', path)).body.totalAgents).toBe(2)
    const one = `/endpoint/tests/scheduled-tests/agent-to-server/${created.body.testId}`
    expect((await calls.call('GET', one)).body.agentSelectorConfig.agents).toEqual([])
    expect((await calls.call('GET', '/endpoint/proxies')).body.proxies[1].agentIds).toEqual([])
    const results = '/endpoint/test-results/scheduled-tests/110701/path-vis'
    calls.clock.advance(300)
    const rows = (await calls.call('GET', results, { aid: '1102' })).body.results
    expect(rows.map(({ agentId }: { agentId: string }) => agentId)).toEqual([mac, austin].toSorted())
  })

  test('happens before a write, too, and not to an agent that was deleted meanwhile', async () => {
    await transfer(mac, { toAid: '1102' })
    await transfer(laptop, { toAid: '1102' })
    await calls.call('DELETE', `${path}/${laptop}`)
    calls.clock.advance(60)
    expect((await calls.call('POST', `${path}/${mac}/disable`, { aid: '1102' })).body.status).toBe('disabled')
    expect((await calls.call('GET', path, { query: 'includeDeleted=true' })).body.totalAgents).toBe(2)
  })

  test('does not happen when the account group is deleted meanwhile', async () => {
    const { body: group } = await calls.call('POST', '/account-groups', { body: { accountGroupName: 'Lab' } })
    expect((await transfer(mac, { toAid: group.aid })).status).toBe(202)
    expect((await calls.call('DELETE', `/account-groups/${group.aid}`)).status).toBe(204)
    calls.clock.advance(60)
    expect(await whereIs(mac)).toEqual(['1101'])
    expect((await calls.call('GET', path)).body.totalAgents).toBe(3)
  })

  test('is not forgotten by a restart', async () => {
    const clock = fakeClock()
    const store = memoryStore(clock)
    calls = await openCalls({ clock, store })
    await transfer(mac, { toAid: '1102' })
    calls = await openCalls({ clock, store })
    expect(await whereIs(mac)).toEqual(['1101'])
    clock.advance(60)
    expect(await whereIs(mac)).toEqual(['1102'])
    calls = await openCalls({ clock, store })
    expect(await whereIs(mac)).toEqual(['1102'])
  })

  test('is refused without a target, into what the user may not write, and from where the agent is not', async () => {
    for (const body of [{}, { toAid: '' }, { toAid: 1102 }, undefined])
      expect((await transfer(mac, body)).status).toBe(400)
    for (const toAid of ['2101', '9999']) expect((await transfer(mac, { toAid })).status).toBe(403)
    expect((await transfer(mac, { toAid: '1101' }, { aid: '1102' })).status).toBe(404)
    expect((await transfer(mac, { toAid: '1102' }, { as: viewer })).status).toBe(403)
    expect((await transfer(nobody, { toAid: '1102' })).status).toBe(404)
    calls.clock.advance(60)
    expect(await whereIs(mac)).toEqual(['1101'])
  })
})

describe('POST /endpoint/agents/transfer/bulk', () => {
  const bulk = (body: unknown, options: object = {}): Promise<Came> =>
    calls.call('POST', `${path}/transfer/bulk`, { body, ...options })
  const statusesOf = ({ body }: Came): readonly number[] =>
    body.items.map(({ status }: { status: number }) => status)

  const transfers = [
    { agentId: mac, fromAid: '1101', toAid: '1102' },
    { agentId: austin, fromAid: '1102', toAid: '1101' },
    { agentId: laptop, fromAid: '1102', toAid: '1101' },
    { agentId: laptop, fromAid: 'xxx', toAid: '1102' },
    { agentId: laptop, toAid: '1102' },
    { agentId: laptop, fromAid: '1101' },
    { agentId: laptop, fromAid: '1101', toAid: '2101' },
    { agentId: globex, fromAid: '2101', toAid: '1101' },
    { agentId: globex, fromAid: '1101', toAid: '1102' },
    { agentId: nobody, fromAid: '1101', toAid: '1102' },
    { fromAid: '1101', toAid: '1102' },
  ]
  const statuses = [200, 200, 404, 400, 400, 400, 403, 403, 404, 404, 400]

  test('judges each move by itself, in the order of the request, and makes those that it can', async () => {
    const answer = await bulk({ transfers })
    expect(answer.status).toBe(207)
    expect(violations('BulkAgentTransferResponse', answer.body)).toEqual([])
    expect(statusesOf(answer)).toEqual(statuses)
    expect(answer.body.items[0]).toEqual({ status: 200, detail: 'Initiated', request: transfers[0] })
    expect(answer.body.items[4].request).toEqual(transfers[4])
    expect(await whereIs(mac)).toEqual(['1101'])
    calls.clock.advance(60)
    expect([await whereIs(mac), await whereIs(austin), await whereIs(laptop)]).toEqual([
      ['1102'],
      ['1101'],
      ['1101'],
    ])
  })

  test.each(['text/csv', 'text/plain'])('takes %s', async (contentType) => {
    const lines = transfers.map((one) => [one.agentId ?? '', one.fromAid ?? '', one.toAid ?? ''].join())
    const csv = ['agent_id,from_aid,to_aid', ...lines, ''].join('\r\n')
    const answer = await bulk(csv, { contentType })
    expect(statusesOf(answer)).toEqual(statuses)
    calls.clock.advance(60)
    expect(await whereIs(mac)).toEqual(['1102'])
  })

  test('needs the permission to write on both sides', async () => {
    const seat = { accountGroupRoles: [{ accountGroupId: '1102', roleIds: ['36'] }] }
    const users = await calls.call('GET', '/users/1003')
    await calls.call('PUT', '/users/1003', { body: { ...users.body, ...seat, loginAccountGroupId: '1102' } })
    const answer = await bulk({ transfers: transfers.slice(0, 2) }, { as: viewer, aid: '1102' })
    expect(statusesOf(answer)).toEqual([403, 403])
    expect((await bulk({ transfers: transfers.slice(0, 2) }, { as: ops })).body.items).toMatchObject([
      { status: 200 },
      { status: 200 },
    ])
  })

  test.each([
    [{}, 'application/json', 400],
    [{ transfers: 'all' }, 'application/json', 400],
    [{ transfers: [{ agentId: mac, fromAid: 1101, toAid: '1102' }] }, 'application/json', 400],
    ['{', 'application/json', 400],
    [undefined, 'application/json', 400],
    [`${mac},1101,1102`, 'text/csv', 400],
    ['agent_id,to_aid', 'text/plain', 400],
    ['<a/>', 'application/xml', 415],
  ])('refuses %o as %s with %i', async (body, contentType, status) => {
    expect((await bulk(body, { contentType })).status).toBe(status)
    calls.clock.advance(60)
    expect(await whereIs(mac)).toEqual(['1101'])
  })

  test('is recorded in the activity of the account group', async () => {
    await bulk({ transfers: transfers.slice(0, 1) })
    const { body } = await calls.call('GET', '/audit-user-events', { query: 'window=1h', as: admin })
    expect(JSON.stringify(body.auditEvents)).toContain('otis-mac')
  })
})
