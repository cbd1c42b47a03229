import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, done, openCalls } from './emulator-calls.ts'
import { allRows, type ResultRow } from './result-calls.ts'
import { cloudAndEnterprise, eventsOf, hour, recordOf, scheduleCalls, start } from './schedule-calls.ts'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const { create, change, rowsOf } = scheduleCalls(cloudAndEnterprise, () => calls)
const agents = [{ agentId: '3' }]
const made = async (type: string, body: object): Promise<string> =>
  (await done(calls, 'POST', `/tests/${type}`, { body: { testName: 'T', agents, interval: 60, ...body } }))
    .testId
const put = (type: string, id: string, body: object) =>
  done(calls, 'PUT', `/tests/${type}/${id}`, { body: { agents, interval: 60, ...body } })
const results = (id: string, kind: string): Promise<readonly ResultRow[]> =>
  allRows(calls, `/test-results/${id}/${kind}`, 'window=1d')
const at = ({ roundId }: ResultRow): number => roundId - start

describe('a test that gets another target', () => {
  test('keeps what it measured of the one before, and measures the new one from then on', async () => {
    const id = await create()
    calls.clock.advance(90)
    const before = await rowsOf(id)
    await change(id, { server: 'elsewhere.example', port: 80 })
    expect(await rowsOf(id)).toEqual(before)
    calls.clock.advance(60)
    const rows = await rowsOf(id)
    expect(rows.slice(2)).toEqual(before)
    const newest = rows.slice(0, 2)
    for (const row of newest)
      expect(row).toMatchObject({ roundId: start + 120, server: 'elsewhere.example:80' })
    expect(await rowsOf(id, '')).toEqual(newest)
    const again = await openCalls(calls)
    expect(await allRows(again, `/test-results/${id}/network`, 'window=1d')).toEqual(rows)
  })

  test('measures the old one again when it gets that back', async () => {
    const id = await create()
    const { server } = await done(calls, 'GET', `${cloudAndEnterprise.path}/${id}`)
    calls.clock.advance(30)
    await change(id, { server: 'elsewhere.example:80' })
    calls.clock.advance(60)
    await change(id, { server })
    calls.clock.advance(60)
    const seen = (await rowsOf(id)).map((row) => `${at(row)} ${row['server']}`)
    expect([...new Set(seen)]).toEqual([`120 ${server}`, '60 elsewhere.example:80', `0 ${server}`])
    expect(seen).toHaveLength(6)
  })

  test('of a web test has it in every kind of results', async () => {
    const id = await made('http-server', { url: 'https://a.example/x' })
    calls.clock.advance(30)
    await put('http-server', id, { url: 'http://b.example:8080/y' })
    calls.clock.advance(60)
    for (const kind of ['network', 'path-vis'])
      expect([kind, (await results(id, kind)).map((row) => row['server'])]).toEqual([
        kind,
        ['b.example:8080', 'a.example:443'],
      ])
    const hops = async (round: number) =>
      (await done(calls, 'GET', `/test-results/${id}/path-vis/agent/3/round/${start + round}`)).results
    expect((await hops(0)).map(({ server }: { server: string }) => server)).toEqual(['a.example:443'])
    expect((await hops(60)).map(({ server }: { server: string }) => server)).toEqual(['b.example:8080'])
  })

  test('remembers long ones as long as there are not too many', async () => {
    const id = await made('http-server', { url: 'https://a.example/' })
    for (let times = 0; times < 8; times += 1) {
      calls.clock.advance(60)
      await put('http-server', id, { url: `https://a.example/${times}${'x'.repeat(500_000)}` })
    }
    const { value } = await recordOf(calls, ['tests', id])
    const { targets } = JSON.parse(value).fields.links
    expect(Object.keys(targets).length).toBeGreaterThan(2)
    expect(JSON.stringify(targets).length).toBeLessThan(3_000_000)
    expect((await results(id, 'network')).length).toBeGreaterThan(2)
  })

  test('keeps what it measured of an agent that is deleted', async () => {
    const id = await made('agent-to-agent', { targetAgentId: '110201' })
    calls.clock.advance(90)
    const before = await results(id, 'network')
    expect(new Set(before.map((row) => row['server']))).toEqual(new Set(['203.0.113.10:49153']))
    await done(calls, 'DELETE', '/agents/110201')
    expect(await results(id, 'network')).toEqual(before)
    expect((await done(calls, 'GET', `/tests/agent-to-agent/${id}`)).enabled).toBe(false)
  })

  test('of DNS servers has those that are gone under their ids', async () => {
    const domain = 'a.example A'
    const id = await made('dns-server', { domain, dnsServers: ['ns1.a.example', 'ns2.a.example'] })
    const { dnsServers } = await done(calls, 'GET', `/tests/dns-server/${id}`)
    calls.clock.advance(30)
    await put('dns-server', id, { domain, dnsServers: ['ns2.a.example', 'ns3.a.example'] })
    calls.clock.advance(60)
    const seen = (await results(id, 'dns-server')).map((row) => [at(row), row['server']])
    expect(seen).toEqual([
      [60, 'ns2.a.example'],
      [60, 'ns3.a.example'],
      [0, 'ns2.a.example'],
      [0, 'ns1.a.example'],
    ])
    const gone = dnsServers.find(({ serverName }: { serverName: string }) => serverName === 'ns1.a.example')
    const ofGone = await results(id, `dns-server/${gone.serverId}`)
    expect(ofGone.map((row) => [at(row), row['serverId']])).toEqual([[0, gone.serverId]])
  })

  test('of more DNS servers than it could remember counts as having had them for ever', async () => {
    const domain = 'a.example A'
    const servers = (word: string) => Array.from({ length: 501 }, (_, index) => `${word}${index}.a.example`)
    const id = await made('dns-server', { domain, dnsServers: servers('a') })
    for (const word of ['b', 'c']) {
      calls.clock.advance(60)
      await put('dns-server', id, { domain, dnsServers: servers(word) })
    }
    const { value } = await recordOf(calls, ['tests', id])
    expect(JSON.parse(value).fields.links?.targets).toBeUndefined()
    const seen = (await results(id, 'dns-server')).map((row) => String(row['server']))
    expect(new Set(seen)).toEqual(new Set(servers('c')))
    expect(seen.length).toBeGreaterThan(501)
    await put('dns-server', id, { domain, dnsServers: ['ns.a.example'] })
    expect(new Set((await results(id, 'dns-server')).map((row) => row['server']))).toEqual(
      new Set(['ns.a.example']),
    )
  })

  test('of the network watches a prefix once, be it that of two targets', async () => {
    const id = await create({ server: '198.51.100.7:80' })
    calls.clock.advance(1_000)
    for (const server of ['198.51.100.9:80', '203.0.113.9:80', '198.51.100.7:80']) {
      await change(id, { server })
      calls.clock.advance(1_000)
    }
    const cells = (await results(id, 'bgp')).map(
      (row) => `${at(row)} ${row['prefix']} ${(row['monitor'] as { monitorId: string }).monitorId}`,
    )
    expect(new Set(cells).size).toBe(cells.length)
    const rounds = [...new Set(cells.map((cell) => cell.split(' ').slice(0, 2).join(' ')))]
    expect(rounds).toEqual([
      '3600 198.51.100.0/24',
      '2700 203.0.113.0/24',
      '1800 198.51.100.0/24',
      '900 198.51.100.0/24',
      '0 198.51.100.0/24',
    ])
  })

  test('is told of by events with the target that it had then', async () => {
    const id = await create()
    calls.clock.advance(20 * 24 * hour)
    const before = await eventsOf(calls, 'window=20d')
    await change(id, { server: 'elsewhere.example:80' })
    expect(await eventsOf(calls, 'window=20d')).toEqual(before)
    calls.clock.advance(20 * 24 * hour)
    const titles = new Set(
      (await eventsOf(calls, 'window=40d')).map((event) => (event as unknown as { title: string }).title),
    )
    expect([...titles].filter((title) => title.endsWith('elsewhere.example'))).toHaveLength(1)
  })
})
