import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, origin, viewer } from './emulator-calls.ts'
import { pagesOf } from './paged-calls.ts'
import { violations } from './schema-check.ts'

interface Row {
  readonly roundId: number
  readonly agent: { readonly agentId: string }
  readonly direction?: string
  readonly loss: number
  readonly responseCode: number
}

/** 1 January 2030, where the tests' clock stands, in epoch seconds. */
const now = 1_893_456_000

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const rowsOf = async (path: string, query = ''): Promise<readonly Row[]> =>
  (await calls.call('GET', path, { query })).body.results

const kinds = [
  ['network', 'NetworkTestResults'],
  ['http-server', 'HttpTestResults'],
  ['path-vis', 'PathVisTestResults'],
] as const

describe.each(kinds)('GET /test-results/{testId}/%s', (kind, schema) => {
  const path = `/test-results/110301/${kind}`

  test('shows the most recent round of every agent of the test, in the form of the document', async () => {
    const { status, headers, body } = await calls.call('GET', path)
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('application/hal+json;charset=UTF-8')
    expect(violations(schema, body)).toEqual([])
    expect(body.results.map((row: Row) => [row.roundId, row.agent.agentId])).toEqual([
      [now, '4'],
      [now, '12'],
      [now, '110201'],
    ])
    expect(body).toMatchObject({ test: { testId: '110301', testName: 'Acme portal', type: 'http-server' } })
    expect(body).not.toHaveProperty('startDate')
    expect(body._links).toEqual({ self: { href: `${origin}/v7${path}` } })
  })

  test('stays the same while the clock stands, in another process too, and differs a round later', async () => {
    const first = await rowsOf(path)
    const elsewhere = await openCalls()
    expect((await elsewhere.call('GET', path)).body.results).toEqual(first)
    calls.clock.advance(299)
    expect(await rowsOf(path)).toEqual(first)
    calls.clock.advance(1)
    const second = await rowsOf(path)
    expect(second.map(({ roundId }) => roundId)).toEqual([now + 300, now + 300, now + 300])
    expect(second).not.toEqual(first)
  })

  test('covers a window with the round that its start falls into', async () => {
    calls.clock.advance(100)
    const { body } = await calls.call('GET', path, { query: 'window=10m' })
    expect([...new Set(body.results.map((row: Row) => row.roundId))]).toEqual([now, now - 300, now - 600])
    expect(body).toMatchObject({ startDate: '2029-12-31T23:51:40Z', endDate: '2030-01-01T00:01:40Z' })
  })

  test('pages through a day without a gap or a double', async () => {
    const first = await calls.call('GET', path, { query: 'window=1d', aid: '1101' })
    const pages = await pagesOf(calls, first, 'results')
    const rows = pages.flat() as readonly Row[]
    expect(pages.length).toBeGreaterThan(5)
    expect(rows).toHaveLength(289 * 3)
    expect(new Set(rows.map(({ roundId, agent }) => `${roundId} ${agent.agentId}`)).size).toBe(289 * 3)
    expect(rows.at(-1)?.roundId).toBe(now - 86_400)
  })

  test('is not found for tests of others, unknown ones, and types without such results', async () => {
    for (const id of ['110601', '210301', '1', '110307'])
      expect((await calls.call('GET', `/test-results/${id}/${kind}`)).status).toBe(404)
  })

  test('is read by a Regular User', async () => {
    expect((await calls.call('GET', path, { as: viewer })).status).toBe(200)
  })
})

test('HTTP results are not found for a test that only measures the network', async () => {
  expect((await calls.call('GET', '/test-results/110303/http-server')).status).toBe(404)
  expect((await calls.call('GET', '/test-results/110303/network')).status).toBe(200)
})

describe('plausibility', () => {
  test('most rounds lose nothing, some lose much, and latencies are in order', async () => {
    const pages = await pagesOf(
      calls,
      await calls.call('GET', '/test-results/110303/network', { query: 'window=4d' }),
      'results',
    )
    const rows = pages.flat() as readonly (Row & Record<string, number>)[]
    const lossy = rows.filter(({ loss }) => loss >= 20)
    expect(lossy.length / rows.length).toBeGreaterThan(0.005)
    expect(lossy.length / rows.length).toBeLessThan(0.2)
    for (const { minLatency = 0, avgLatency = 0, maxLatency = 0 } of rows)
      expect(minLatency <= avgLatency && avgLatency <= maxLatency).toBe(true)
  })

  test('the parts of a fetch add up to its total', async () => {
    for (const row of (await rowsOf('/test-results/110301/http-server', 'window=2h')) as readonly (Row &
      Record<string, number>)[]) {
      const { dnsTime = 0, connectTime = 0, sslTime = 0, waitTime = 0, receiveTime = 0 } = row
      expect(row['responseTime']).toBe(dnsTime + connectTime + sslTime + waitTime)
      expect(row['totalTime']).toBe(dnsTime + connectTime + sslTime + waitTime + receiveTime)
    }
  })
})

describe('rounds', () => {
  const create = async (body: object, path = '/tests/agent-to-server'): Promise<string> =>
    (
      await calls.call('POST', path, {
        body: { server: 'new.example', port: 443, agents: [{ agentId: '3' }], ...body },
      })
    ).body.testId

  test('begin with the one in which the test is created', async () => {
    calls.clock.advance(90)
    const id = await create({ testName: 'New', interval: 60 })
    calls.clock.advance(60)
    const rows = await rowsOf(`/test-results/${id}/network`, 'window=1d')
    expect(rows.map(({ roundId }) => roundId)).toEqual([now + 120, now + 60])
  })

  test('of a disabled test are none', async () => {
    const id = await create({ testName: 'Off', interval: 60, enabled: false })
    expect(await rowsOf(`/test-results/${id}/network`)).toEqual([])
  })

  test('of an instant test are the one run', async () => {
    calls.clock.advance(7)
    const id = await create({}, '/tests/agent-to-server/instant')
    calls.clock.advance(500)
    const rows = await rowsOf(`/test-results/${id}/network`)
    expect(rows.map(({ roundId }) => roundId)).toEqual([now + 7])
  })
})

describe('direction', () => {
  const bidirectional = async (): Promise<string> =>
    (
      await calls.call('POST', '/tests/agent-to-agent', {
        body: {
          testName: 'Both ways',
          interval: 60,
          direction: 'bidirectional',
          targetAgentId: '110203',
          agents: [{ agentId: '110201' }],
        },
      })
    ).body.testId

  test('of network results is to the target unless another is chosen', async () => {
    const path = `/test-results/${await bidirectional()}/network`
    const seen = await Promise.all(
      ['', 'direction=from-target', 'direction=bidirectional'].map((query) => rowsOf(path, query)),
    )
    expect(seen.map((rows) => rows.map(({ direction }) => direction))).toEqual([
      ['to-target'],
      ['from-target'],
      ['bidirectional'],
    ])
  })

  test('of path visualization is both unless one is chosen', async () => {
    const path = `/test-results/${await bidirectional()}/path-vis`
    expect((await rowsOf(path)).map(({ direction }) => direction)).toEqual(['to-target', 'from-target'])
    expect((await rowsOf(path, 'direction=from-target')).map(({ direction }) => direction)).toEqual([
      'from-target',
    ])
  })

  test('that a test does not measure is refused', async () => {
    for (const id of ['110303', '110304'])
      expect(
        (await calls.call('GET', `/test-results/${id}/network`, { query: 'direction=from-target' })).status,
      ).toBe(400)
    expect(
      (await calls.call('GET', '/test-results/110304/network', { query: 'direction=to-target' })).status,
    ).toBe(200)
    expect((await calls.call('GET', '/test-results/110304/network', { query: 'direction=up' })).status).toBe(
      400,
    )
  })
})

describe('expand', () => {
  test('shows headers and certificates on demand alone', async () => {
    const path = '/test-results/110301/http-server'
    const [plain] = await rowsOf(path)
    expect(plain).not.toHaveProperty('headers')
    expect(plain).not.toHaveProperty('sslCertificates')
    const { body } = await calls.call('GET', path, { query: 'expand=header,certificate' })
    expect(violations('HttpTestResults', body)).toEqual([])
    expect(body.results[0].headers.requestHeaders).toContain('Host: portal.acme.example\r\n')
    expect(body.results[0].sslCertificates).toMatchObject([{ subjectName: 'portal.acme.example' }])
  })
})

describe('GET /test-results/{testId}/path-vis/agent/{agentId}/round/{roundId}', () => {
  const path = '/test-results/110301/path-vis'

  test('shows hop by hop the paths that the summary counts', async () => {
    const [summary] = (await calls.call('GET', path)).body.results
    const { status, body } = await calls.call('GET', `${path}/agent/4/round/${summary.roundId}`)
    expect(status).toBe(200)
    expect(violations('PathVisDetailTestResults', body)).toEqual([])
    const shape = (traces: readonly { pathId: string; numberOfHops?: number; hops?: readonly unknown[] }[]) =>
      traces.map(({ pathId, numberOfHops, hops }) => [pathId, numberOfHops ?? hops?.length])
    expect(shape(body.results[0].pathTraces)).toEqual(shape(summary.pathTraces))
    expect(body.results[0].pathTraces[0].hops.at(-1).ipAddress).toBe(summary.serverIp)
  })

  test.each([
    ['another agent', `agent/5/round/${now}`],
    ['a second that begins no round', `agent/4/round/${now + 1}`],
    ['a round to come', `agent/4/round/${now + 300}`],
    ['a round before the test', 'agent/4/round/300'],
    ['no number', 'agent/4/round/latest'],
  ])('is not found for %s', async (_, rest) => {
    expect((await calls.call('GET', `${path}/${rest}`)).status).toBe(404)
  })
})

test('bandwidth is measured by enterprise agents alone, where the test asks for it', async () => {
  const agents = [{ agentId: '3' }, { agentId: '110201' }]
  const measured = async (bandwidthMeasurements: boolean) => {
    const body = {
      testName: `${bandwidthMeasurements}`,
      url: 'https://a.example',
      interval: 60,
      agents,
      bandwidthMeasurements,
    }
    const { testId } = (await calls.call('POST', '/tests/http-server', { body })).body
    calls.clock.advance(60)
    const rows = await rowsOf(`/test-results/${testId}/network`)
    return rows
      .filter((row) => 'capacity' in row && 'availableBandwidth' in row)
      .map((row) => row.agent.agentId)
  }
  expect(await measured(true)).toEqual(['110201'])
  expect(await measured(false)).toEqual([])
})
