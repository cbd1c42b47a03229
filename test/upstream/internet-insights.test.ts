import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, origin } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

const catalogue = '/internet-insights/catalog/providers'
const insights = '/internet-insights/outages'

interface Outage {
  readonly id: string
  readonly type: 'net' | 'app'
  readonly name: string
  readonly providerName: string
  readonly startDate: string
  readonly startRoundId: number
  readonly endDate?: string
  readonly endRoundId?: number
  readonly duration: number
  readonly affectedTestsCount: number
  readonly affectedLocationsCount: number
  readonly affectedInterfacesCount?: number
  readonly affectedServersCount?: number
}

/** How the two kinds of outages differ in their words. */
const kinds = [
  {
    type: 'net',
    other: 'app',
    schema: 'ApiNetworkOutageDetails',
    name: 'networkName',
    hit: 'affectedInterfaces',
    count: 'affectedInterfacesCount',
  },
  {
    type: 'app',
    other: 'net',
    schema: 'ApiApplicationOutageDetails',
    name: 'applicationName',
    hit: 'affectedServers',
    count: 'affectedServersCount',
  },
] as const

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const providers = async (body: object) =>
  (await calls.call('POST', `${catalogue}/filter`, { body })).body.providers
const namesOf = async (body: object): Promise<readonly string[]> =>
  (await providers(body)).map(({ providerName }: { providerName: string }) => providerName)
const outages = async (body: object, aid?: string): Promise<readonly Outage[]> => {
  const answer = await calls.call('POST', `${insights}/filter`, { body, ...(aid && { aid }) })
  expect(answer.status, answer.text).toBe(200)
  return answer.body.outages
}

describe('the catalogue of providers', () => {
  test('is listed in numbers and read in full', async () => {
    const list = await calls.call('POST', `${catalogue}/filter`, { body: {} })
    expect(violations('ApiCatalogProviderResponse', list.body)).toEqual([])
    expect(list.body.providers.length).toBeGreaterThan(5)
    for (const one of list.body.providers) {
      expect(one._links.self.href).toBe(`${origin}/v7${catalogue}/${one.id}`)
      const read = await calls.call('GET', `${catalogue}/${one.id}`)
      expect(read.status).toBe(200)
      expect(violations('ApiCatalogProviderDetails', read.body)).toEqual([])
      expect(read.body).toMatchObject({ id: one.id, providerName: one.providerName })
      expect([read.body.asns.length, read.body.locations.length]).toEqual([one.asnsCount, one.locationsCount])
      const interfaces = read.body.locations.map((at: { interfacesCount: number }) => at.interfacesCount)
      expect(interfaces.reduce((sum: number, count: number) => sum + count, 0)).toBe(one.interfacesCount)
    }
    const transit = list.body.providers.find((one: Outage) => one.providerName === 'Example Transit')
    expect(transit).toMatchObject({ countriesCount: 1, locationsCount: 4 })
  })

  test.each([
    [{ providerName: 'exchange' }, ['Example Exchange']],
    [{ providerType: 'iaas' }, ['Example Cloud']],
    [{ providerType: 'aas' }, []],
    [{ region: 'South America' }, ['Example Carrier South']],
    [{ region: 'America' }, []],
    [{ location: 'frankfurt' }, ['Example Exchange', 'Example Hosting']],
    [{ asn: 'Transit East' }, ['Example Transit']],
    [{ included: false }, ['Example Carrier South', 'Example Calls']],
    [{ location: 'Frankfurt', providerType: 'SAAS' }, ['Example Hosting']],
    [{ providerName: 'Example Cloud', included: false }, []],
  ])('is filtered by %j', async (filter, names) => {
    expect(await namesOf(filter)).toEqual(names)
  })

  test('knows no other provider', async () => {
    const unknown = `${catalogue}/85602a0a-54a7-4e97-946e-00000000ffff`
    expect((await calls.call('GET', unknown)).status).toBe(404)
  })

  test.each([[{ included: 'yes' }], [{ providerName: ['Example'] }], [[]], ['{"included":']])(
    'is not filtered by %j',
    async (body) => {
      expect((await calls.call('POST', `${catalogue}/filter`, { body })).status).toBe(400)
    },
  )
})

describe('outages', () => {
  test('are listed, each under an id of its own', async () => {
    const list = await calls.call('POST', `${insights}/filter`, { body: { window: '7d' } })
    expect(violations('ApiOutagesResponse', list.body)).toEqual([])
    const found: readonly Outage[] = list.body.outages
    expect(new Set(found.map(({ id }) => id)).size).toBe(found.length)
    for (const { id } of found) expect(id).toMatch(/^[\dA-F]{48}$/)
    const starts = found.map(({ startDate }) => startDate)
    expect(starts).toEqual(starts.toSorted().toReversed())
  })

  test.each(kinds)('of the kind $type are read by their ids, and show what the list counts', async (kind) => {
    const found = (await outages({ window: '7d' })).filter(({ type }) => type === kind.type)
    expect(found.length).toBeGreaterThan(0)
    for (const outage of found) {
      const path = `${insights}/${kind.type}/${outage.id}`
      const { status, body } = await calls.call('GET', path)
      expect(status).toBe(200)
      expect(violations(kind.schema, body)).toEqual([])
      expect(body._links.self.href).toBe(`${origin}/v7${path}`)
      expect(body[kind.name]).toBe(outage.name)
      for (const key of ['startDate', 'startRoundId', 'endDate', 'endRoundId', 'duration', 'providerName'])
        expect(body[key]).toBe(outage[key as keyof Outage])
      const places: readonly Record<string, readonly unknown[]>[] = body.affectedLocations
      const hit = places.flatMap((place) => place[kind.hit] ?? [])
      expect(places).toHaveLength(outage.affectedLocationsCount)
      expect(body.affectedTests).toHaveLength(outage.affectedTestsCount)
      expect(hit).toHaveLength(outage[kind.count] ?? 0)
      expect((await calls.call('GET', `${insights}/${kind.other}/${outage.id}`)).status).toBe(404)
    }
  })

  test('are the same for the same clock, and follow it', async () => {
    const week = { window: '7d' }
    const before = await outages(week)
    expect(await outages(week)).toEqual(before)
    const again = await openCalls()
    expect((await again.call('POST', `${insights}/filter`, { body: week })).body.outages).toEqual(before)
    calls.clock.advance(30 * 86_400)
    const later = await outages(week)
    expect(later.length).toBeGreaterThan(0)
    const known = new Set(before.map(({ id }) => id))
    expect(later.filter(({ id }) => known.has(id))).toEqual([])
    const first = before[0]
    expect((await calls.call('GET', `${insights}/${first?.type}/${first?.id}`)).body.id).toBe(first?.id)
  })

  test('have no end while they go on, and last until now', async () => {
    let going: Outage | undefined
    for (let tries = 0; !going && tries < 200; tries += 1) {
      calls.clock.advance(900)
      going = (await outages({ window: '3h' })).find(({ endDate }) => endDate === undefined)
    }
    expect(going).toBeDefined()
    const { id = '', type, startDate = '', duration, startRoundId = 0 } = going ?? {}
    expect(duration).toBe(Math.floor((calls.clock.now() - Date.parse(startDate)) / 1000))
    expect(startRoundId % 300).toBe(0)
    expect(going).not.toHaveProperty('endRoundId')
    calls.clock.advance(8 * 3_600)
    const { body } = await calls.call('GET', `${insights}/${type}/${id}`)
    expect(Date.parse(body.endDate) - Date.parse(body.startDate)).toBe(body.duration * 1000)
    expect(body.duration).toBeGreaterThanOrEqual(duration ?? 0)
  })

  test('are filtered by span, the last day being the usual one', async () => {
    const now = calls.clock.now()
    const at = (ago: number): string => new Date(now - ago * 3_600_000).toISOString()
    expect(await outages({})).toEqual(await outages({ window: '1d' }))
    const span = await outages({ startDate: at(72), endDate: at(24) })
    const isDuring = ({ startDate, endDate = at(0) }: Outage): boolean =>
      Date.parse(startDate) <= now - 24 * 3_600_000 && Date.parse(endDate) >= now - 72 * 3_600_000
    const expected = (await outages({ window: '7d' })).filter(isDuring)
    expect(expected.length).toBeGreaterThan(0)
    expect(span).toEqual(expected)
    const minutes = { startDate: at(72).slice(0, 16).concat('Z'), endDate: at(24).slice(0, 16).concat('Z') }
    expect((await outages(minutes)).length).toBeGreaterThan(0)
  })

  test('are filtered by names of providers, networks and applications', async () => {
    const all = await outages({ window: '30d' })
    const filters: readonly (readonly [object, (outage: Outage) => boolean])[] = [
      [{ providerName: ['TRANSIT', 'Cloud'] }, ({ providerName }) => /Transit|Cloud/.test(providerName)],
      [{ interfaceNetwork: ['exchange'] }, ({ type, name }) => type === 'net' && /Exchange/.test(name)],
      [{ applicationName: ['Commerce'] }, ({ name }) => name === 'Acme Commerce'],
      [{ interfaceNetwork: ['Transit'], applicationName: ['Mail'] }, ({ name }) => /Transit|Mail/.test(name)],
      [{ providerName: ['nobody'] }, () => false],
      [{ outageScope: 'all' }, () => true],
    ]
    for (const [filter, is] of filters)
      expect(await outages({ window: '30d', ...filter })).toEqual(all.filter(is))
  })

  test('hit the tests of the account group whose agents or targets they are in the way of', async () => {
    const mine = await outages({ window: '30d', outageScope: 'with-affected-test' })
    const all = await outages({ window: '30d' })
    expect(mine).toEqual(all.filter(({ affectedTestsCount }) => affectedTestsCount > 0))
    expect(mine.length).toBeLessThan(all.length)
    const commerce = mine.find(({ name }) => name === 'Acme Commerce')
    const { body } = await calls.call('GET', `${insights}/app/${commerce?.id}`)
    expect(body.affectedTests).toContainEqual({ id: 110301, name: 'Acme portal' })
    expect(body.affectedDomains).toEqual(['acme.example'])
    const west = mine.find(({ name }) => name === 'Example Transit West')
    const { body: network } = await calls.call('GET', `${insights}/net/${west?.id}`)
    expect(network.affectedAgents).toContainEqual({ id: 110201, name: 'acme-hq-1' })
    await calls.call('DELETE', '/tests/http-server/110301')
    const after = await calls.call('GET', `${insights}/app/${commerce?.id}`)
    expect(after.body.affectedTests).not.toContainEqual({ id: 110301, name: 'Acme portal' })
    const elsewhere = await calls.call('GET', `${insights}/app/${commerce?.id}`, { aid: '1102' })
    expect(elsewhere.body.affectedTests).toEqual([{ id: 110601, name: 'Branch to portal' }])
  })

  test('hit a test that is switched off later, and none of those that come then', async () => {
    const path = '/tests/http-server/110301'
    const hits = async (window: string): Promise<readonly string[]> => {
      const all = await outages({ window, outageScope: 'with-affected-test' })
      const details = await Promise.all(
        all.map(async ({ type, id }) => (await calls.call('GET', `${insights}/${type}/${id}`)).body),
      )
      return details
        .filter(({ affectedTests }) => affectedTests.some(({ id }: { id: number }) => id === 110301))
        .map(({ id }) => id)
    }
    const before = await hits('30d')
    expect(before.length).toBeGreaterThan(0)
    const { url, interval, agents } = (await calls.call('GET', path, { query: 'expand=agent' })).body
    const named = agents.map(({ agentId }: { agentId: string }) => ({ agentId }))
    const off = { url, interval, agents: named, enabled: false }
    expect((await calls.call('PUT', path, { body: off })).status).toBe(200)
    expect(await hits('30d')).toEqual(before)
    calls.clock.advance(30 * 86_400)
    expect(await hits('29d')).toEqual([])
  })

  test.each([
    ['window', { window: 'soon' }],
    ['window', { window: '1d', startDate: '2025-01-01T00:00:00Z', endDate: '2025-01-02T00:00:00Z' }],
    ['endDate', { startDate: '2025-01-01T00:00:00Z' }],
    ['startDate', { endDate: '2025-01-01T00:00:00Z' }],
    ['startDate', { startDate: '2025-01-03T00:00:00Z', endDate: '2025-01-01T00:00:00Z' }],
    ['startDate', { startDate: '2025-01-03', endDate: '2025-01-04T00:00:00Z' }],
    ['outageScope', { outageScope: 'mine' }],
    ['providerName', { providerName: 'Example' }],
    ['applicationName[0]', { applicationName: [7] }],
  ])('refuse a wrong %s: %j', async (field, body) => {
    const answer = await calls.call('POST', `${insights}/filter`, { body })
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field }] } })
  })

  test.each(['0A', '694D8656960F34F76489BCE5E9BCD58EC53027462740D75F', 'ffff', '__proto__'])(
    'are not found under %s',
    async (id) => {
      for (const kind of ['net', 'app'])
        expect((await calls.call('GET', `${insights}/${kind}/${id}`)).status).toBe(404)
    },
  )

  test('are not found by their ids in lower case', async () => {
    const [outage] = await outages({ window: '7d' })
    const path = `${insights}/${outage?.type}/${outage?.id.toLowerCase()}`
    expect((await calls.call('GET', path)).status).toBe(404)
  })
})
