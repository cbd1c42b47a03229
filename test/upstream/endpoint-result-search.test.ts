import { beforeEach, describe, expect, test } from 'vitest'
import { type CallOptions, type Calls, type Came, openCalls, ops, viewer } from './emulator-calls.ts'
import { pagesOf } from './paged-calls.ts'
import { violations } from './schema-check.ts'

const results = '/endpoint/test-results'
const laptop = '3fde6422-f119-40e1-ae32-000000001101'
const mac = '3fde6422-f119-40e1-ae32-000000001102'
const desk = '3fde6422-f119-40e1-ae32-000000001103'
const day = 'startDate=2029-12-30T00:00:00Z&endDate=2029-12-30T23:59:59Z'

interface Row {
  readonly agentId: string
  readonly testId: string
  readonly roundId: number
  readonly aid: string
  readonly loss: number
  readonly avgLatency: number
  readonly jitter: number
  readonly responseTime: number
  readonly responseCode: number
  readonly wireSize: number
  readonly score: { readonly applicationScore: number }
  readonly systemMetrics: { readonly cpuUtilization: { readonly mean: number } }
  readonly networkProfile: { readonly wirelessProfile?: { readonly quality: number } }
  readonly webex: {
    readonly conferenceId: string
    readonly correlationId: string
    readonly localSipSessionId: string
  }
}

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const search = (path: string, body: unknown, options: CallOptions = {}): Promise<Came> =>
  calls.call('POST', `${results}/${path}`, { body, ...options })

const rowsOf = async (path: string, body: unknown, query = ''): Promise<readonly Row[]> => {
  const first = await search(path, body, { query })
  expect(first.status).toBe(200)
  const pages = await pagesOf(calls, first, 'results', { method: 'POST', body })
  return pages.flat() as readonly Row[]
}

const kinds = [
  ['scheduled-tests/110401/network/filter', 'NetworkEndpointTestResults', 'latency'],
  ['scheduled-tests/network/filter', 'MultiTestIdNetworkEndpointTestResults', 'latency'],
  ['dynamic-tests/110403/network/filter', 'NetworkDynamicEndpointTestResults', 'latency'],
  ['scheduled-tests/110402/http-server/filter', 'HttpMultiEndpointTestResults', 'response-time'],
  ['scheduled-tests/http-server/filter', 'HttpMultiEndpointTestResults', 'response-time'],
] as const

describe.each(kinds)('POST /endpoint/test-results/%s', (path, schema, measure) => {
  const isMany = !/\d/.test(path)

  test('answers the most recent rounds without a body, in the form of the document, and the same again', async () => {
    const { status, body } = await search(path, undefined)
    expect(status).toBe(200)
    expect(violations(schema, body)).toEqual([])
    expect(new Set(body.results.map(({ agentId }: Row) => agentId))).toEqual(new Set([laptop, mac, desk]))
    expect(body.totalHits).toBe(body.results.length)
    expect(body._links).not.toHaveProperty('next')
    expect((await search(path, undefined)).body).toEqual(body)
    expect('test' in body).toBe(!isMany && !path.includes('http-server'))
  })

  test('shows users on demand', async () => {
    expect((await search(path, {})).body.results[0]).not.toHaveProperty('userProfile')
    const { body } = await search(path, {}, { query: 'expand=user-profile' })
    expect(violations(schema, body)).toEqual([])
    expect(body.results[0].userProfile.userName).toBe('ada')
  })

  test('pages through a window when the same body is sent again, and counts all that fit', async () => {
    const body = { searchFilters: { agentId: [laptop, mac] } }
    const query = 'window=6h'
    const first = await search(path, body, { query })
    expect(first.body).toMatchObject({ startDate: '2029-12-31T18:00:00Z', endDate: '2030-01-01T00:00:00Z' })
    const rows = await rowsOf(path, body, query)
    expect(rows).toHaveLength(first.body.totalHits)
    expect(new Set(rows.map(({ agentId }) => agentId))).toEqual(new Set([laptop, mac]))
    const keys = rows.map(({ testId, agentId, roundId }) => `${testId} ${agentId} ${roundId}`)
    expect(new Set(keys).size).toBe(rows.length)
    const all = await search(path, {}, { query })
    expect(all.body.totalHits).toBe((rows.length * 3) / 2)
  })

  test('filters agents by what they are', async () => {
    const ids = async (searchFilters: object): Promise<ReadonlySet<string>> =>
      new Set((await rowsOf(path, { searchFilters })).map(({ agentId }) => agentId))
    expect(await ids({ nicModel: ['Example Wireless', 'Example Gigabit'] })).toEqual(new Set([mac, desk]))
    expect(await ids({ nicModel: ['example wireless'] })).toEqual(new Set())
    expect(await ids({ nicDriverVersion: ['1.0.0'], agentId: [mac, desk] })).toEqual(new Set([mac]))
    expect(await ids({ nicDriverVersion: ['1.0.0'], agentId: [desk] })).toEqual(new Set())
    expect(await ids({ location: ['Mars'] })).toEqual(new Set([laptop, mac, desk]))
    expect(await ids({ agentId: [] })).toEqual(new Set([laptop, mac, desk]))
  })

  test('sorts by a measure and leaves in what passes thresholds', async () => {
    const numberOf = (row: Row): number => (measure === 'latency' ? row.avgLatency : row.responseTime)
    const query = 'window=2h'
    const sorted = (await rowsOf(path, { searchSort: [{ sort: measure, order: 'desc' }] }, query)).map(
      numberOf,
    )
    expect(sorted).toEqual(sorted.toSorted((a, b) => b - a))
    const middle = sorted[Math.floor(sorted.length / 2)] ?? 0
    const filters = [
      { name: measure, operator: 'gte', value: middle },
      { name: measure, operator: 'lte', value: middle },
    ]
    const passing = async (conditionalOperator?: string): Promise<readonly number[]> =>
      (await rowsOf(path, { thresholdFilter: { filters, conditionalOperator } }, query)).map(numberOf)
    expect(new Set(await passing())).toEqual(new Set([middle]))
    expect(await passing('or')).toHaveLength(sorted.length)
    const one = await rowsOf(path, { thresholdFilter: { filters: filters.slice(0, 1) } }, query)
    expect(one.map(numberOf).toSorted((a, b) => b - a)).toEqual(sorted.filter((value) => value >= middle))
  })

  test('is open to who may see endpoint tests, and tells nothing new of agents that measure no more', async () => {
    expect((await search(path, {}, { as: viewer })).status).toBe(200)
    await calls.call('POST', `/endpoint/agents/${mac}/disable`)
    await calls.call('DELETE', `/endpoint/agents/${desk}`)
    const agentsIn = async (query?: string) =>
      new Set((await rowsOf(path, {}, query)).map(({ agentId }) => agentId))
    expect(await agentsIn()).toEqual(new Set([laptop, mac, desk]))
    calls.clock.advance(3_600)
    expect(await agentsIn()).toEqual(new Set([laptop]))
    expect(await agentsIn('window=55m')).toEqual(new Set([laptop]))
    expect(await agentsIn('window=2h')).toEqual(new Set([laptop, mac, desk]))
    await calls.call('POST', `/endpoint/agents/${laptop}/transfer`, { body: { toAid: '1102' } })
    calls.clock.advance(60)
    expect(await agentsIn('window=2h')).toEqual(new Set([mac, desk]))
  })

  test.each([
    ['{', ''],
    [[], ''],
    [{ searchFilters: { agentId: ['7'] } }, ''],
    [{ searchFilters: { nicModel: 'x' } }, ''],
    [{ searchSort: [{ sort: 'mood', order: 'asc' }] }, ''],
    [{ searchSort: [{ sort: measure, order: 'up' }] }, ''],
    [{ searchSort: [{}] }, ''],
    [{ thresholdFilter: { filters: [{ name: 'mood', operator: 'gte', value: 1 }] } }, ''],
    [{ thresholdFilter: { filters: [{ name: measure, operator: 'eq', value: 1 }] } }, ''],
    [{ thresholdFilter: { filters: [{ name: measure, operator: 'gte' }] } }, ''],
    [{ thresholdFilter: { filters: [], conditionalOperator: 'xor' } }, ''],
    [{}, 'window=1h&startDate=2029-12-31T00:00:00Z'],
    [{}, 'window=soon'],
    [{}, 'endDate=2029-12-31T00:00:00Z'],
    [{}, 'cursor=x'],
    [{ searchSort: [{ sort: measure }] }, 'window=52w'],
  ])('refuses %o with ?%s', async (body, query) => {
    expect((await search(path, body, { query })).status).toBe(400)
  })

  test('refuses a body of another type', async () => {
    expect((await search(path, 'a: 1', { contentType: 'text/yaml' })).status).toBe(415)
  })
})

describe('a search in one test', () => {
  test.each([
    'scheduled-tests/110403/network/filter',
    'dynamic-tests/110401/network/filter',
    'scheduled-tests/110401/http-server/filter',
    'scheduled-tests/110701/network/filter',
    'scheduled-tests/210401/network/filter',
    'scheduled-tests/9/network/filter',
  ])('does not find %s', async (path) => {
    expect((await search(path, {})).status).toBe(404)
  })

  test('tells the same rows as the other operations on the test', async () => {
    const path = 'scheduled-tests/110402/http-server'
    const listed = await calls.call('GET', `${results}/${path}`)
    expect((await search(`${path}/filter`, {})).body.results).toEqual(listed.body.results)
    const [network] = (await search('scheduled-tests/110402/network/filter', {})).body.results
    const [trace] = (await calls.call('GET', `${results}/scheduled-tests/110402/path-vis`)).body.results
    expect(network).toMatchObject({
      agentId: trace.agentId,
      roundId: trace.roundId,
      serverIp: trace.serverIp,
    })
  })

  test('filters by the principal name of a user', async () => {
    const body = { searchFilters: { userPrincipalName: ['otis@acme.example'] } }
    const rows = await rowsOf('scheduled-tests/110401/network/filter', body)
    expect(rows.map(({ agentId }) => agentId)).toEqual([mac])
  })

  test('sorts by several keys, and puts rows without the measure last', async () => {
    const searchSort = [
      { sort: 'signal-quality', order: 'asc' },
      { sort: 'round-id', order: 'asc' },
    ]
    const rows = await rowsOf('scheduled-tests/110401/network/filter', { searchSort }, 'window=15m')
    expect(rows.at(-1)?.agentId).toBe(desk)
    const wireless = rows.filter(({ networkProfile }) => networkProfile.wirelessProfile)
    expect(rows.slice(0, wireless.length)).toEqual(wireless)
    const rounds = wireless.map(({ roundId }) => roundId)
    expect(rounds).toEqual(rounds.toSorted((a, b) => a - b))
  })

  test.each([
    ['loss', (row: Row) => row.loss],
    ['jitter', (row: Row) => row.jitter],
    ['cpu', (row: Row) => row.systemMetrics.cpuUtilization.mean],
    ['application-score', (row: Row) => row.score.applicationScore],
  ] as const)('compares %s with the number that the row shows', async (name, numberOf) => {
    const path = 'scheduled-tests/110401/network/filter'
    const all = await rowsOf(path, {}, day)
    const values = all.map(numberOf).toSorted((a, b) => a - b)
    const value = values[Math.floor(values.length * 0.9)] ?? 0
    const filters = [{ name, operator: 'gte', value }]
    const rows = await rowsOf(path, { thresholdFilter: { filters } }, day)
    expect(rows).toEqual(all.filter((row) => numberOf(row) >= value))
    expect(rows.length).toBeLessThan(all.length)
  })

  test.each([
    ['response-code', (row: Row) => row.responseCode],
    ['wire-size', (row: Row) => row.wireSize],
    ['round-id', (row: Row) => row.roundId],
  ] as const)('sorts fetches by %s', async (sort, numberOf) => {
    const rows = await rowsOf('scheduled-tests/110402/http-server/filter', { searchSort: [{ sort }] }, day)
    const values = rows.map(numberOf)
    expect(values).toEqual(values.toSorted((a, b) => a - b))
    expect(new Set(values).size).toBeGreaterThan(1)
  })
})

describe('a search in many tests', () => {
  const network = 'scheduled-tests/network/filter'
  const testsIn = (rows: readonly Row[]): ReadonlySet<string> => new Set(rows.map(({ testId }) => testId))

  test('covers both kinds of scheduled tests, fetches those of one, and both those that are named', async () => {
    expect(testsIn(await rowsOf(network, {}))).toEqual(new Set(['110401', '110402']))
    expect(testsIn(await rowsOf('scheduled-tests/http-server/filter', {}))).toEqual(new Set(['110402']))
    const named = { searchFilters: { testId: ['110402', '9'] } }
    expect(testsIn(await rowsOf(network, named))).toEqual(new Set(['110402']))
    for (const testId of ['110701', '110403', '9'])
      expect(await rowsOf(network, { searchFilters: { testId: [testId] } })).toEqual([])
  })

  test('tells of instant tests when they are named', async () => {
    const body = { testName: 'Now', server: 'x.example' }
    const path = '/endpoint/tests/scheduled-tests/agent-to-server/instant'
    const { testId } = (await calls.call('POST', path, { body })).body
    expect(testsIn(await rowsOf(network, {}))).not.toContain(testId)
    expect(testsIn(await rowsOf(network, { searchFilters: { testId: [testId] } }))).toEqual(new Set([testId]))
  })

  test.each([network, 'scheduled-tests/http-server/filter'])(
    'spans the account groups of the user on demand: %s',
    async (path) => {
      const aids = async (as: string): Promise<ReadonlySet<string>> => {
        const { body } = await search(path, {}, { query: 'useAllPermittedAids=true', as })
        return new Set(body.results.map(({ aid }: Row) => aid))
      }
      expect(await aids(ops)).toEqual(new Set(['1101', '1102']))
      expect(await aids(viewer)).toEqual(new Set(['1101']))
    },
  )

  test('demands access to the account groups of all tests that are named', async () => {
    const body = { searchFilters: { testId: ['110401', '110701'] } }
    expect((await search(network, body, { as: viewer })).status).toBe(403)
    const query = 'useAllPermittedAids=true'
    const { status, body: found } = await search(network, body, { as: ops, query })
    expect(status).toBe(200)
    expect(testsIn(found.results)).toEqual(new Set(['110401', '110701']))
  })

  test('takes max for the size of its pages', async () => {
    const first = await search(network, {}, { query: 'max=4' })
    const pages = await pagesOf(calls, first, 'results', { method: 'POST', body: {} })
    expect(pages.map(({ length }) => length)).toEqual([4, 2])
    for (const max of ['0', 'x'])
      expect((await search(network, {}, { query: `max=${max}` })).status).toBe(400)
  })

  test('knows tests that measure no network', async () => {
    const body = { testName: 'Fetch', url: 'https://x.example', networkMeasurements: false }
    const path = '/endpoint/tests/scheduled-tests/http-server'
    const { testId } = (await calls.call('POST', path, { body })).body
    expect(testsIn(await rowsOf(network, {}))).not.toContain(testId)
    expect(testsIn(await rowsOf('scheduled-tests/http-server/filter', {}))).toContain(testId)
    expect((await search(`scheduled-tests/${testId}/network/filter`, {})).status).toBe(404)
  })
})

describe('meetings of a dynamic test', () => {
  const path = 'dynamic-tests/110403/network/filter'

  test('bear the ids that a search can ask for', async () => {
    const all = await rowsOf(path, {}, 'window=3h')
    const [row] = all
    if (!row) throw new Error('there is no row')
    const { conferenceId, correlationId, localSipSessionId } = row.webex
    for (const searchFilters of [
      { webexConferenceId: [conferenceId] },
      { webexCorrelationId: [correlationId] },
      { webexLocalSipSessionId: [localSipSessionId], webexConferenceId: [conferenceId, '7'] },
    ]) {
      const found = await rowsOf(path, { searchFilters }, 'window=3h')
      expect(found).toEqual(all.filter(({ webex }) => webex.conferenceId === conferenceId))
    }
    expect(new Set(all.map(({ webex }) => webex.correlationId)).size).toBe(4 * 3)
    expect((await search(path, { searchFilters: { webexCorrelationId: ['x'] } })).status).toBe(400)
  })

  test('are those of Webex alone', async () => {
    const body = { testName: 'Zoom', application: 'zoom' }
    const { testId } = (await calls.call('POST', '/endpoint/tests/dynamic-tests/agent-to-server', { body }))
      .body
    const [row] = await rowsOf(`dynamic-tests/${testId}/network/filter`, {})
    expect(row).toMatchObject({ application: 'zoom' })
    expect(row).not.toHaveProperty('webex')
  })
})
