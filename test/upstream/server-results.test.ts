import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, origin, viewer } from './emulator-calls.ts'
import { allRows, byCell, cellOf, createTest, type ResultRow, rowsOfAMonth } from './result-calls.ts'
import { violations } from './schema-check.ts'

/** 1 January 2030, where the tests' clock stands, in epoch seconds. */
const now = 1_893_456_000
const hour = 3_600

const credentials = {
  sipRegistrar: 'voice.example',
  user: '6054',
  authUser: 'al6054',
  password: 'open sesame',
  port: 5_060,
}

const bodies: Readonly<Record<string, object>> = {
  'ftp-server': {
    url: 'ftp://files.example/report.csv',
    requestType: 'download',
    username: 'reports',
    password: 'open sesame',
  },
  'dns-server': { domain: 'www.acme.example A', dnsServers: ['ns1.acme.example', 'ns2.acme.example'] },
  'dns-trace': { domain: 'www.acme.example A' },
  dnssec: { domain: 'www.acme.example' },
  'sip-server': { port: 5_060, registerEnabled: true, targetSipCredentials: credentials },
  voice: { targetAgentId: '110203', codecId: '5', dscpId: '46' },
}

const kinds = [
  ['ftp-server', 'ftp-server', 'FtpServerTestResults', 1],
  ['dns-server', 'dns-server', 'DnsServerTestResults', 2],
  ['dns-trace', 'dns-trace', 'DnsTraceTestResults', 1],
  ['dnssec', 'dnssec', 'DnssecTestResults', 1],
  ['sip-server', 'sip-server', 'SipServerTestResults', 1],
  ['rtp-server', 'voice', 'RtpStreamTestResults', 1],
] as const

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const create = (type: string, more: object = {}): Promise<string> =>
  createTest(calls, type, { ...bodies[type], ...more })

describe.each(kinds)('GET /test-results/{testId}/%s', (kind, type, schema, targets) => {
  let path: string
  beforeEach(async () => {
    path = `/test-results/${await create(type)}/${kind}`
  })

  test('shows the most recent round of every agent and target, in the form of the document', async () => {
    const { status, headers, body } = await calls.call('GET', path)
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('application/hal+json;charset=UTF-8')
    expect(violations(schema, body)).toEqual([])
    const seen = body.results.map((row: ResultRow) => [row['roundId'], row['agent'].agentId, row['endTime']])
    const expected = ['4', '12'].flatMap((agentId) =>
      Array.from({ length: targets }, () => [now, agentId, now + hour]),
    )
    expect(seen).toEqual(expected)
    expect(body.results[0]._links.appLink.href).toBe(`${origin}/v7${path}`)
    expect(body._links).toEqual({ self: { href: `${origin}/v7${path}` } })
    expect(body.test).toMatchObject({ type, testName: `New ${type}` })
  })

  test('stays the same while the round lasts and differs in the next', async () => {
    const first = (await calls.call('GET', path)).body.results
    calls.clock.advance(hour - 1)
    expect((await calls.call('GET', path)).body.results).toEqual(first)
    calls.clock.advance(1)
    expect((await calls.call('GET', path)).body.results).not.toEqual(first)
  })

  test('has every round of a month once, all of them in the form of the document', async () => {
    const rows = await rowsOfAMonth(calls, path)
    expect(rows).toHaveLength(721 * 2 * targets)
    expect(new Set(rows.map((row) => `${cellOf(row)} ${row['serverId']}`)).size).toBe(rows.length)
    expect(violations(schema, { results: rows })).toEqual([])
  })

  test('refuses a window beside a start, and a cursor that is none of ours', async () => {
    const both = await calls.call('GET', path, { query: 'window=1h&startDate=2029-12-31T20:00:00Z' })
    expect(both).toMatchObject({ status: 400, body: { errors: [{ field: 'window' }] } })
    const stray = await calls.call('GET', path, { query: 'cursor=nothing' })
    expect(stray).toMatchObject({ status: 400, body: { title: 'Failed to deserialize' } })
  })

  test('is not found for unknown tests, those of others and of other types; a Regular User reads it', async () => {
    for (const id of ['1', '110307', '210301'])
      expect((await calls.call('GET', `/test-results/${id}/${kind}`)).status).toBe(404)
    expect((await calls.call('GET', path, { aid: '1102' })).status).toBe(404)
    expect((await calls.call('GET', path, { as: viewer })).status).toBe(200)
  })
})

/** The incident of a kind: some rows tell of it, most do not. */
function split(rows: readonly ResultRow[], isBad: (row: ResultRow) => boolean) {
  const bad = rows.filter(isBad)
  expect(bad.length).toBeGreaterThan(0)
  expect(bad.length).toBeLessThan(rows.length / 3)
  return { bad, good: rows.filter((row) => !isBad(row)) }
}

describe('FTP results', () => {
  test('add up, follow the network, and tell of a server that is not available', async () => {
    const id = await create('ftp-server')
    const rows = await rowsOfAMonth(calls, `/test-results/${id}/ftp-server`)
    const network = byCell(await allRows(calls, `/test-results/${id}/network`, 'window=30d'))
    for (const row of rows) {
      const { dnsTime, connectTime, negotiationTime, waitTime, responseTime, transferTime, totalTime } = row
      expect(responseTime).toBeCloseTo(dnsTime + connectTime + negotiationTime + waitTime, 2)
      expect(totalTime).toBeCloseTo(responseTime + transferTime, 2)
      expect(connectTime).toBe(network.get(cellOf(row))?.['avgLatency'])
    }
    const { bad, good } = split(rows, ({ responseCode }) => responseCode === 421)
    for (const row of bad) expect(row).toMatchObject({ errorType: 'FTP', wireSize: 0, throughput: 0 })
    for (const row of good) expect(row).toMatchObject({ responseCode: 226, errorType: 'None' })
  })

  test('of a download get no more than its limit', async () => {
    const id = await create('ftp-server', { downloadLimit: 1_000 })
    const { body } = await calls.call('GET', `/test-results/${id}/ftp-server`)
    expect(body.results.map(({ wireSize }: ResultRow) => wireSize)).toEqual([1_000, 1_000])
  })
})

describe('DNS server results', () => {
  test('name each server by the id that the test has of it', async () => {
    const { body } = await calls.call('GET', '/tests/dns-server/110305')
    const rows = await allRows(calls, '/test-results/110305/dns-server', '')
    const expected = body.dnsServers.map(({ serverId, serverName }: ResultRow) => [serverId, serverName])
    expect([...new Set(rows.map(({ serverId, server }) => `${serverId} ${server}`))]).toEqual(
      expected.map((pair: readonly string[]) => pair.join(' ')),
    )
  })

  test('are read server by server, and are the same there', async () => {
    const path = `/test-results/${await create('dns-server')}/dns-server`
    const all = await allRows(calls, path, '')
    for (const serverId of new Set(all.map((row) => row['serverId']))) {
      const { status, body } = await calls.call('GET', `${path}/${serverId}`)
      expect(status).toBe(200)
      expect(violations('DnsServerTestResults', body)).toEqual([])
      expect(body.results).toEqual(all.filter((row) => row['serverId'] === serverId))
      expect(body._links.self.href).toBe(`${origin}/v7${path}/${serverId}`)
    }
  })

  test('are not found for a server that the test does not have', async () => {
    const id = await create('dns-server', { dnsServers: ['ns8.acme.example'] })
    for (const serverId of ['1', '110391', 'ns8.acme.example'])
      expect((await calls.call('GET', `/test-results/${id}/dns-server/${serverId}`)).status).toBe(404)
  })

  test('a server has one id, in every test of the account group and however often it is named', async () => {
    const serversOf = async (id: string) =>
      (await calls.call('GET', `/tests/dns-server/${id}`)).body.dnsServers as readonly ResultRow[]
    const first = await serversOf(await create('dns-server'))
    const dnsServers = ['ns2.acme.example', 'ns3.acme.example', 'ns2.acme.example', 'ns3.acme.example']
    const second = await serversOf(await create('dns-server', { testName: 'Another', dnsServers }))
    expect(second.map(({ serverName }) => serverName)).toEqual(['ns2.acme.example', 'ns3.acme.example'])
    expect(second[0]?.['serverId']).toBe(
      first.find(({ serverName }) => serverName === 'ns2.acme.example')?.['serverId'],
    )
    expect(first.map(({ serverId }) => serverId)).not.toContain(second[1]?.['serverId'])
  })

  test.each([
    ['www.acme.example A', /^192\.0\.2\.\d+$/],
    ['www.acme.example', /^192\.0\.2\.\d+$/],
    ['www.acme.example AAAA', /^2001:db8::\d+$/],
    ['acme.example MX', /^10 mail\.acme\.example\.$/],
  ])('answer %s with a record of its type', async (domain, mapping) => {
    const path = `/test-results/${await create('dns-server', { domain })}/dns-server`
    for (const { mappings } of await allRows(calls, path, '')) expect(mappings).toMatch(mapping)
  })

  test('resolve in about the time of the network, and tell of queries without an answer', async () => {
    const id = await create('dns-server', { dnsServers: ['ns1.acme.example'] })
    const rows = await rowsOfAMonth(calls, `/test-results/${id}/dns-server`)
    const network = byCell(await allRows(calls, `/test-results/${id}/network`, 'window=30d'))
    const { bad, good } = split(rows, ({ errorDetails }) => errorDetails !== undefined)
    for (const row of bad) expect(row).not.toHaveProperty('mappings')
    for (const row of good) {
      const beyond = row['resolutionTime'] - network.get(cellOf(row))?.['avgLatency']
      expect(beyond).toBeGreaterThanOrEqual(-0.5)
      expect(beyond).toBeLessThan(13)
    }
  })
})

describe('DNS trace results', () => {
  test('print every query from the root to the zone of the name, or tell that the last has no answer', async () => {
    const rows = await rowsOfAMonth(calls, `/test-results/${await create('dns-trace')}/dns-trace`)
    const { bad, good } = split(rows, ({ failedQueries }) => failedQueries > 0)
    const received = ({ output }: ResultRow): number => output.match(/^;; Received/gm).length
    for (const row of good) {
      expect(received(row)).toBe(row['queries'])
      expect(row['output']).toContain(`(${row['finalServerQueried']}) in ${row['finalQueryTime']} ms\n\n`)
      expect(row['output']).toContain(`www.acme.example.\t300\tIN\tA\t${row['mappings']}\n`)
    }
    for (const row of bad) {
      expect(received(row)).toBe(row['queries'] - row['failedQueries'])
      expect(row).not.toHaveProperty('mappings')
      expect(row['errorDetails']).toContain('no answer')
    }
  })
})

test('DNSSEC results say why a chain of keys is not valid', async () => {
  const rows = await rowsOfAMonth(calls, `/test-results/${await create('dnssec')}/dnssec`)
  const { bad, good } = split(rows, ({ isValid }) => !isValid)
  for (const row of bad) expect(row['errorDetails']).toContain('signature')
  for (const row of good) expect(row).not.toHaveProperty('errorDetails')
})

describe('SIP server results', () => {
  test('add up, and tell of a server that is not available', async () => {
    const rows = await rowsOfAMonth(calls, `/test-results/${await create('sip-server')}/sip-server`)
    for (const row of rows) {
      const { dnsTime, connectTime, waitTime, responseTime, registerTime, optionsTime, totalTime } = row
      expect(responseTime).toBe(dnsTime + connectTime + waitTime)
      expect(totalTime).toBe(dnsTime + connectTime + registerTime + optionsTime)
      expect(responseTime).toBeLessThanOrEqual(totalTime)
    }
    const { bad, good } = split(rows, ({ availability }) => availability === 0)
    for (const row of bad) expect(row).toMatchObject({ responseCode: 503, errorType: 'option' })
    for (const row of good) expect(row).toMatchObject({ responseCode: 200, errorType: 'none' })
  })

  test('show both sides of the last OPTIONS without the password', async () => {
    const { text, body } = await calls.call('GET', `/test-results/${await create('sip-server')}/sip-server`)
    const [{ optionsRequest, optionsResponse }] = body.results
    expect(optionsRequest).toMatch(/^OPTIONS sip:6054@voice\.example SIP\/2\.0\r\nVia: SIP\/2\.0\/TCP /)
    expect(optionsRequest).toMatch(/\r\n\r\n$/)
    expect(optionsResponse).toMatch(/^SIP\/2\.0 200 OK\r\n/)
    expect(text).not.toContain('open sesame')
  })

  test('over UDP have no connection, and without registering no time for it', async () => {
    const targetSipCredentials = { ...credentials, protocol: 'udp' }
    const id = await create('sip-server', { targetSipCredentials, registerEnabled: false })
    const { body } = await calls.call('GET', `/test-results/${id}/sip-server`)
    for (const row of body.results) {
      expect(row).not.toHaveProperty('connectTime')
      expect(row).not.toHaveProperty('registerTime')
      expect(row.optionsRequest).toContain('SIP/2.0/UDP')
    }
  })
})

describe('RTP stream results', () => {
  test('lose what the network of the same round loses, and sound worse for it', async () => {
    const id = await create('voice')
    const rows = await rowsOfAMonth(calls, `/test-results/${id}/rtp-server`)
    const network = byCell(await allRows(calls, `/test-results/${id}/network`, 'window=30d'))
    for (const row of rows) {
      const { loss, avgLatency } = network.get(cellOf(row)) ?? {}
      expect(row['loss']).toBe(loss)
      expect(row['latency']).toBe(Math.max(1, Math.round(avgLatency / 2)))
      expect(row['mos']).toBeGreaterThanOrEqual(1)
      expect(row['mos']).toBeLessThanOrEqual(row['codecMaxMos'])
    }
    const { bad, good } = split(rows, ({ loss }) => loss >= 20)
    expect(Math.max(...bad.map(({ mos }) => mos))).toBeLessThan(Math.min(...good.map(({ mos }) => mos)))
  })

  test.each([
    ['0', '0', 'G.711 @ 64 Kbps', 4.41, 'Best Effort (DSCP 0)'],
    ['5', '46', 'G.729a @ 8 Kbps', 4.12, 'EF (DSCP 46)'],
    ['9', '24', 'G.722 @ 64 Kbps (WB)', 4.3, 'CS 3 (DSCP 24)'],
  ])('name the codec %s and the code point %s', async (codecId, dscpId, codecName, max, dscpName) => {
    const id = await create('voice', { codecId, dscpId })
    const { body } = await calls.call('GET', `/test-results/${id}/rtp-server`)
    expect(body.results[0]).toMatchObject({ codecName, dscp: dscpId, dscpName })
    expect(body.results[0].codecMaxMos).toBeCloseTo(max, 1)
  })
})

describe('alerts of incidents', () => {
  test.each([
    [
      'ftp-server',
      'Response Code: 421',
      'Response Code: 226',
      ({ responseCode }: ResultRow) => responseCode === 421,
    ],
    [
      'dns-server',
      'Error: no answer from the server',
      'Error: none',
      ({ errorDetails }: ResultRow) => errorDetails !== undefined,
    ],
    [
      'dns-trace',
      'Error: no answer from the server',
      'Error: none',
      ({ failedQueries }: ResultRow) => failedQueries > 0,
    ],
    ['dnssec', 'Validity: invalid', 'Validity: valid', ({ isValid }: ResultRow) => !isValid],
    [
      'sip-server',
      'Response Code: 503',
      'Response Code: 200',
      ({ responseCode }: ResultRow) => responseCode === 503,
    ],
  ])('of %s tests say what the results of the round say', async (type, bad, good, isBad) => {
    const id = await create(type, { interval: 300 })
    calls.clock.advance(10 * 86_400)
    const { body } = await calls.call('GET', '/alerts', { query: 'state=clear&window=10d&max=1000' })
    const own = body.alerts.filter(({ _links }: ResultRow) => _links.test.href.endsWith(`/${id}`))
    expect(own.length).toBeGreaterThan(0)
    const alert = (await calls.call('GET', `/alerts/${own[0].id}`)).body
    for (const { start, end } of alert.details) expect([start.metrics, end.metrics]).toEqual([bad, good])
    const range = `startDate=${alert.startDate}&endDate=${alert.startDate}`
    const rows = await allRows(calls, `/test-results/${id}/${type}`, range)
    const hit = new Set(rows.filter(isBad).map(({ agent }) => agent.agentId))
    expect(alert.details.map(({ id: agentId }: ResultRow) => agentId)).toEqual([...hit])
    const after = `startDate=${alert.endDate}&endDate=${alert.endDate}`
    expect((await allRows(calls, `/test-results/${id}/${type}`, after)).filter(isBad)).toEqual([])
  })
})
