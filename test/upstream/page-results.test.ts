import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, origin, viewer } from './emulator-calls.ts'
import { allRows, byCell, cellOf, createTest, type ResultRow, rowsOfAMonth } from './result-calls.ts'
import { violations } from './schema-check.ts'

/** 1 January 2030, where the tests' clock stands, in epoch seconds. */
const now = 1_893_456_000

const script = `
import { driver, markers } from 'thousandeyes';
async function runScript() {
  markers.start('Sign in');
  await driver.get('https://shop.acme.example/login');
  markers.stop('Sign in');
  markers.start("Search");
  await driver.get("https://shop.acme.example/search?q=1");
  await driver.get(\`https://pay.acme.example/\`);
  markers.stop("Search");
}`

const requests = [
  { name: 'Token', url: 'https://api.acme.example/token', method: 'post', authType: 'oauth2' },
  {
    name: 'Orders',
    url: 'https://api.acme.example/orders',
    method: 'get',
    waitTimeMs: 500,
    assertions: [
      { name: 'status-code', operator: 'is', value: '200' },
      { name: 'response-body', operator: 'includes', value: 'orders' },
    ],
  },
]

const bodies: Readonly<Record<string, object>> = {
  'page-load': { url: 'https://shop.acme.example/' },
  'web-transactions': { url: 'https://shop.acme.example/', transactionScript: script },
  api: { url: 'https://api.acme.example/', requests },
}

const kinds = [
  ['page-load', 'PageLoadTestResults', 'PageLoadDetailTestResults'],
  ['web-transactions', 'WebTransactionTestResults', 'WebTransactionDetailTestResults'],
  ['api', 'ApiTestResults', 'ApiDetailTestResults'],
] as const

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const create = (type: string, more: object = {}): Promise<string> =>
  createTest(calls, type, { ...bodies[type], ...more })

const read = async (path: string): Promise<ResultRow> => {
  const { status, body } = await calls.call('GET', path)
  expect(status).toBe(200)
  return body
}

const only = async (path: string): Promise<ResultRow> => {
  const { results } = await read(path)
  expect(results).toHaveLength(1)
  return results[0]
}

describe.each(kinds)('GET /test-results/{testId}/%s', (kind, schema, detailSchema) => {
  let path: string
  beforeEach(async () => {
    path = `/test-results/${await create(kind)}/${kind}`
  })

  test('shows the most recent round of every agent, in the form of the document', async () => {
    const { status, body } = await calls.call('GET', path)
    expect(status).toBe(200)
    expect(violations(schema, body)).toEqual([])
    expect(body.results.map((row: ResultRow) => [row['roundId'], row['agent'].agentId])).toEqual([
      [now, '4'],
      [now, '12'],
    ])
    expect(body._links).toEqual({ self: { href: `${origin}/v7${path}` } })
    expect(body.test).toMatchObject({ type: kind, testName: `New ${kind}` })
  })

  test('stays the same while the round lasts and differs in the next', async () => {
    const first = (await read(path))['results']
    calls.clock.advance(3_599)
    expect((await read(path))['results']).toEqual(first)
    calls.clock.advance(1)
    expect((await read(path))['results']).not.toEqual(first)
  })

  test('tells more of one round by agent, where appLink leads, and the same numbers', async () => {
    const [summary] = (await read(path))['results']
    const detailPath = `${path}/agent/4/round/${now}`
    expect(summary._links.appLink.href).toBe(`${origin}/v7${detailPath}`)
    const body = await read(detailPath)
    expect(violations(detailSchema, body)).toEqual([])
    expect(body['results']).toHaveLength(1)
    expect(body['results'][0]).toMatchObject(summary)
    expect(Object.keys(body['results'][0]).length).toBeGreaterThan(Object.keys(summary).length)
    expect(body['_links']).toEqual({ self: { href: `${origin}/v7${detailPath}` } })
  })

  test.each([
    ['another agent', `agent/5/round/${now}`],
    ['a second that begins no round', `agent/4/round/${now + 1}`],
    ['a round to come', `agent/4/round/${now + 3_600}`],
    ['a round before the test', `agent/4/round/${now - 3_600}`],
    ['no number', 'agent/4/round/latest'],
  ])('has no detail of %s', async (_, rest) => {
    expect((await calls.call('GET', `${path}/${rest}`)).status).toBe(404)
  })

  test('is not found for tests of others and of other types; a Regular User reads it', async () => {
    const detail = `agent/4/round/${now}`
    for (const id of ['1', '110307', '210301'])
      for (const rest of ['', `/${detail}`])
        expect((await calls.call('GET', `/test-results/${id}/${kind}${rest}`)).status).toBe(404)
    expect((await calls.call('GET', `${path}/${detail}`, { aid: '1102' })).status).toBe(404)
    expect((await calls.call('GET', path, { as: viewer })).status).toBe(200)
    expect((await calls.call('GET', `${path}/${detail}`, { as: viewer })).status).toBe(200)
  })

  test('refuses a window beside a start, and a cursor that is none of ours', async () => {
    const both = await calls.call('GET', path, { query: 'window=1h&startDate=2029-12-31T20:00:00Z' })
    expect(both).toMatchObject({ status: 400, body: { errors: [{ field: 'window' }] } })
    expect((await calls.call('GET', path, { query: 'cursor=nothing' })).status).toBe(400)
  })
})

/** The incident of a kind: some rows tell of it, most do not. */
function split(rows: readonly ResultRow[], isBad: (row: ResultRow) => boolean) {
  const bad = rows.filter(isBad)
  expect(bad.length).toBeGreaterThan(0)
  expect(bad.length).toBeLessThan(rows.length / 3)
  return { bad, good: rows.filter((row) => !isBad(row)) }
}

describe('a page load', () => {
  test('agrees with the HTTP results and the network of the same round', async () => {
    const id = await create('page-load')
    const rows = await rowsOfAMonth(calls, `/test-results/${id}/page-load`)
    expect(rows).toHaveLength(721 * 2)
    expect(violations('PageLoadTestResults', { results: rows })).toEqual([])
    const http = byCell(await allRows(calls, `/test-results/${id}/http-server`, 'window=30d'))
    const network = byCell(await allRows(calls, `/test-results/${id}/network`, 'window=30d'))
    for (const row of rows) {
      const fetched = http.get(cellOf(row)) ?? {}
      expect(row['responseTime']).toBe(fetched['responseTime'])
      expect(fetched['totalTime']).toBeLessThanOrEqual(row['domLoadTime'])
      expect(row['domLoadTime']).toBeLessThanOrEqual(row['pageLoadTime'])
      expect(row['pageLoadTime']).toBeLessThanOrEqual(10_000)
      expect(fetched['wireSize']).toBeLessThanOrEqual(row['totalSize'])
      const beyond = fetched['connectTime'] - network.get(cellOf(row))?.['avgLatency']
      expect(Math.abs(beyond)).toBeLessThanOrEqual(0.5)
    }
    const { bad, good } = split(rows, (row) => http.get(cellOf(row))?.['responseCode'] === 503)
    for (const row of bad) expect(row).toMatchObject({ numObjects: 1, numErrors: 1 })
    expect(Math.max(...good.map(({ numErrors }) => numErrors))).toBeLessThan(5)
    const slow = good.filter((row) => network.get(cellOf(row))?.['loss'] >= 20)
    const mean = (some: readonly ResultRow[]) =>
      some.reduce((sum, { pageLoadTime }) => sum + pageLoadTime, 0) / some.length
    expect(mean(slow)).toBeGreaterThan(1.2 * mean(good))
  })

  test('has an HTTP archive whose entries add up to it', async () => {
    const path = `/test-results/${await create('page-load')}/page-load`
    const { har, ...row } = await only(`${path}/agent/12/round/${now}`)
    const { version, pages, entries } = har.log
    expect(version).toBe('1.2')
    expect(pages).toMatchObject([
      {
        id: 'page_0',
        startedDateTime: '2030-01-01T00:00:00.000Z',
        pageTimings: { onContentLoad: row['domLoadTime'], onLoad: row['pageLoadTime'] },
      },
    ])
    expect(entries).toHaveLength(row['numObjects'])
    const sizes = entries.map(({ response }: ResultRow) => response.bodySize)
    expect(sizes.reduce((sum: number, size: number) => sum + size, 0)).toBe(row['totalSize'])
    expect(entries[0].request.url).toBe('https://shop.acme.example/')
    expect(entries[0].timings.connect).toBeGreaterThan(entries[0].timings.ssl)
    const ends = entries.map(({ startedDateTime, time, timings }: ResultRow) => {
      const { blocked, dns, connect, send, wait, receive } = timings
      expect(blocked + dns + connect + send + wait + receive).toBe(time)
      return Date.parse(startedDateTime) - now * 1000 + time
    })
    expect(Math.max(...ends)).toBe(row['pageLoadTime'])
  })

  test('needs the same for every agent', async () => {
    const id = await create('page-load')
    const urls = async (agentId: string) => {
      const { har } = await only(`/test-results/${id}/page-load/agent/${agentId}/round/${now}`)
      return har.log.entries.map(({ request }: ResultRow) => request.url)
    }
    expect(await urls('12')).toEqual(await urls('4'))
  })
})

describe('a web transaction', () => {
  test('visits the pages that its script opens and tells of the markers that it starts', async () => {
    const path = `/test-results/${await create('web-transactions')}/web-transactions`
    const row = await only(`${path}/agent/4/round/${now}`)
    expect(row['pages'].map(({ pageNum, pageName }: ResultRow) => [pageNum, pageName])).toEqual([
      [0, 'shop.acme.example'],
      [1, 'shop.acme.example'],
      [2, 'pay.acme.example'],
    ])
    expect(row['markers'].map(({ name }: ResultRow) => name)).toEqual(['Sign in', 'Search'])
    const sum = (key: string) => row['pages'].reduce((total: number, page: ResultRow) => total + page[key], 0)
    expect(sum('duration')).toBeLessThan(row['transactionTime'])
    expect(sum('errorCount')).toBe(row['componentErrors'])
    for (const { duration } of row['markers']) expect(duration).toBeLessThanOrEqual(row['transactionTime'])
  })

  test('of a script that opens nothing is one visit of its address', async () => {
    const id = await create('web-transactions', { transactionScript: 'if (true) { return true; }' })
    const row = await only(`/test-results/${id}/web-transactions/agent/4/round/${now}`)
    expect(row).toMatchObject({ pages: [{ pageNum: 0, pageName: 'shop.acme.example' }], markers: [] })
  })

  test('has an archive of each page, which agrees with the page', async () => {
    const path = `/test-results/${await create('web-transactions')}/web-transactions/agent/4/round/${now}`
    const row = await only(path)
    for (const page of row['pages']) {
      const body = await read(`${path}/page/${page.pageNum}`)
      expect(violations('WebTransactionPageDetailTestResults', body)).toEqual([])
      const [{ har, pages, ...rest }] = body['results']
      expect({ ...rest, pages: row['pages'] }).toEqual(row)
      expect(pages).toEqual([page])
      expect(har.log.entries).toHaveLength(page.componentCount)
      expect(har.log.pages[0].pageTimings.onLoad).toBe(page.duration)
      expect(har.log.pages[0].title).toBe(page.pageName)
      expect(body['_links'].self.href).toBe(`${origin}/v7${path}/page/${page.pageNum}`)
    }
    for (const pageId of ['3', '-1', '00x', '281474976710706'])
      expect((await calls.call('GET', `${path}/page/${pageId}`)).status).toBe(404)
  })

  test('ends at the first page when its target is not available, and says so on the console', async () => {
    const id = await create('web-transactions', { flagCollectConsoleLogs: true })
    const path = `/test-results/${id}/web-transactions`
    const rows = await rowsOfAMonth(calls, path)
    expect(violations('WebTransactionTestResults', { results: rows })).toEqual([])
    const { bad, good } = split(rows, ({ errorType }) => errorType !== 'None')
    expect(good.some(({ componentErrors }) => componentErrors > 0)).toBe(true)
    for (const row of bad.slice(0, 3)) {
      const at = `${path}/agent/${row['agent'].agentId}/round/${row['roundId']}`
      expect(row['errorType']).toBe('HTTP')
      expect(await only(at)).toMatchObject({ pages: [{ pageNum: 0, errorCount: 1 }], markers: [] })
      const [line] = (await only(`${at}/console-logs`))['consoleLogs']
      expect(line).toMatchObject({ level: 'SEVERE', value: expect.stringContaining('status of 503') })
      const end = (row['roundId'] + row['transactionTime'] / 1000) * 1000
      expect(Number(line.timestamp)).toBeGreaterThan(row['roundId'] * 1000)
      expect(Number(line.timestamp)).toBeLessThanOrEqual(end)
    }
  })

  test('runs into the limit of its time', async () => {
    const pages = Array.from({ length: 20 }, (_, index) => `driver.get('https://p${index}.example/')`)
    const limits = { timeLimit: 5, targetTime: 5 }
    const id = await create('web-transactions', { transactionScript: pages.join('\n'), ...limits })
    const row = await only(`/test-results/${id}/web-transactions/agent/4/round/${now}`)
    expect(row).toMatchObject({ transactionTime: 5_000, errorType: 'Timeout', markers: [] })
    expect(row['pages'].length).toBeLessThan(20)
  })

  test('keeps a console only when the test collects it', async () => {
    const paths = await Promise.all(
      [true, false].map(async (flagCollectConsoleLogs, index) => {
        const id = await create('web-transactions', { testName: `Logs ${index}`, flagCollectConsoleLogs })
        return `/test-results/${id}/web-transactions/agent/4/round/${now}/console-logs`
      }),
    )
    const [collected, none] = await Promise.all(paths.map(read))
    expect(violations('ConsoleLogsTestResults', collected)).toEqual([])
    expect(collected?.['results'][0].consoleLogs.length).toBeGreaterThanOrEqual(3)
    expect(none?.['results'][0].consoleLogs).toEqual([])
  })
})

describe('an API test', () => {
  test('tells of each step, the parts of which add up', async () => {
    const path = `/test-results/${await create('api')}/api`
    const row = await only(`${path}/agent/4/round/${now}`)
    expect(row['requests']).toMatchObject([
      { stepNumber: 1, name: 'Token', url: 'https://api.acme.example/token', stepType: 'oauth2' },
      {
        stepNumber: 2,
        name: 'Orders',
        stepType: 'default',
        assertions: [
          { step: 1, hasFailed: false },
          { step: 2, hasFailed: false },
        ],
      },
    ])
    for (const step of row['requests']) {
      expect(step.responseTime).toBeCloseTo(step.sendTime + step.waitTime, 1)
      expect(step.apiCallTime).toBeCloseTo(step.blockedTime + step.responseTime + step.receiveTime, 1)
      expect(step.stepTime).toBeCloseTo(step.apiCallTime + step.processingTime, 1)
      expect(step.blockedTime).toBeGreaterThanOrEqual(step.dnsTime + step.connectTime)
    }
    expect(row['requests'][1].processingTime).toBeGreaterThan(500)
    const sum = row['requests'].reduce((total: number, { stepTime }: ResultRow) => total + stepTime, 0)
    expect(row['apiTransactionTime']).toBeCloseTo(sum, 1)
  })

  test('follows the network, and stops at a step whose target is not available', async () => {
    const id = await create('api', { requests: [requests[1], requests[0]] })
    const path = `/test-results/${id}/api`
    const rows = await rowsOfAMonth(calls, path)
    const network = byCell(await allRows(calls, `/test-results/${id}/network`, 'window=30d'))
    const { bad, good } = split(rows, ({ completion }) => completion < 100)
    for (const row of good.slice(0, 3)) {
      const { requests: steps } = await only(`${path}/agent/${row['agent'].agentId}/round/${row['roundId']}`)
      expect(steps[0].connectTime).toBeCloseTo(network.get(cellOf(row))?.['avgLatency'], 0)
    }
    for (const row of bad.slice(0, 3)) {
      expect(row).toMatchObject({ errorType: 'HTTP', completion: 0 })
      const { requests: steps } = await only(`${path}/agent/${row['agent'].agentId}/round/${row['roundId']}`)
      expect(steps).toMatchObject([
        { completion: 0, assertErrorCount: 1, assertions: [{ hasFailed: true }, {}] },
      ])
    }
  })

  test('runs into the limit of its time', async () => {
    const slow = { ...requests[1], waitTimeMs: 4_900 }
    const id = await create('api', { timeLimit: 5, requests: [requests[0], slow] })
    expect(await only(`/test-results/${id}/api/agent/4/round/${now}`)).toMatchObject({
      errorType: 'Timeout',
      apiTransactionTime: 5_000,
      completion: 50,
      requests: [{ name: 'Token' }],
    })
  })

  test('shows no secret of its requests', async () => {
    const secret = { ...requests[0], clientSecret: 'open sesame', bearerToken: 'open sesame' }
    const id = await create('api', { requests: [secret] })
    const { text } = await calls.call('GET', `/test-results/${id}/api/agent/4/round/${now}`)
    expect(text).toContain('Token')
    expect(text).not.toContain('open sesame')
  })
})
