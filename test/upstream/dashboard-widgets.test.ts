import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls } from './emulator-calls.ts'
import { pagesOf } from './paged-calls.ts'
import { violations } from './schema-check.ts'

const vpn = '110303'
const loss = { metric: 'NET_LOSS', filters: { TEST: [Number(vpn)] }, measure: { type: 'MEAN' } }

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const aboard = async (widgets: readonly object[], change: object = {}) => {
  const { status, body } = await calls.call('POST', '/dashboards', {
    body: { title: 'T', widgets, ...change },
  })
  expect(status).toBe(201)
  return { ...body, path: `/dashboards/${body.dashboardId}` }
}
/** The path of the data of a widget that is made for it. */
const made = async (widget: object, change: object = {}): Promise<string> => {
  const { path, widgets } = await aboard([widget], change)
  return `${path}/widgets/${widgets[0].id}`
}
const read = async (path: string, query = '', options: object = {}) => {
  const { status, body } = await calls.call('GET', path, { query, ...options })
  expect([status, violations('ApiWidgetDataResponse', body)]).toEqual([200, []])
  return body
}
const dataOf = async (widget: object, query = '') => read(await made(widget), query)
const measuredLosses = async (
  query: string,
): Promise<readonly { agent: string; at: number; loss: number }[]> => {
  const first = await calls.call('GET', `/test-results/${vpn}/network`, { query })
  const rows = (await pagesOf(calls, first, 'results')).flat() as readonly {
    agent: { agentId: string }
    roundId: number
    loss: number
  }[]
  return rows.map(({ agent, roundId, loss }) => ({ agent: agent.agentId, at: roundId, loss }))
}

describe('the data of a widget', () => {
  test.each([
    ['Bar Chart: Stacked', 'points', { axisGroupBy: 'AGENT' }],
    ['Bar Chart: Grouped', 'points', { axisGroupBy: 'TEST', groupBy: 'COUNTRY' }],
    ['Heatmap', 'points', { rowGroupBy: 'AGENT', columnGroupBy: 'TEST' }],
    ['Time Series: Line', 'points', { groupBy: 'AGENT' }],
    ['Time Series: Stacked Area', 'points', { groupBy: 'CONTINENT' }],
    ['Pie Chart', 'points', { groupBy: 'REGION' }],
    ['Table', 'points', { rowGroupBy: 'AGENT', columnGroupBy: 'TIME' }],
    ['Color Grid', 'points', { cards: 'AGENT', groupCardsBy: 'ALL' }],
    ['Map', 'points', { groupBy: 'COUNTRY', isGeoMapPerTest: true }],
    ['Box and Whiskers', 'points', { groupBy: 'SERVER' }],
    ['Multi Metric Table', 'columns', { rowGroupBy: 'AGENT', multiMetricColumns: [loss] }],
    ['Number', 'cards', { numberCards: [loss] }],
    ['Agent Status', 'agents', { agents: 'Enterprise Agents' }],
    ['Alert List', 'alerts', { activeWithin: { value: 30, unit: 'Days' } }],
    ['List', 'rows', { activeWithin: { value: 30, unit: 'Days' } }],
    ['Test Table', 'tests', {}],
  ])('of the type %s are %s', async (type, key, settings) => {
    const { data, startDate, endDate, _links } = await dataOf({ type, ...loss, ...settings })
    expect(data[key].length).toBeGreaterThan(0)
    expect(data).not.toHaveProperty('status')
    expect(startDate < endDate).toBe(true)
    expect(Object.keys(_links)).toEqual(['self'])
  })

  test('are what the test measured, round by round', async () => {
    const { data, binSize, groupLabels } = await dataOf(
      { type: 'Time Series: Line', ...loss, groupBy: 'AGENT' },
      'window=2h',
    )
    const rows = await measuredLosses('window=2h')
    const points = data.points.map((point: { timestamp: number; value: number; groups: object[] }) => ({
      at: point.timestamp,
      loss: point.value,
      groups: point.groups,
    }))
    expect([binSize, points.length]).toEqual([60, rows.length])
    for (const { agent, at, loss } of rows)
      expect(points).toContainEqual({ at, loss, groups: [{ groupProperty: 'AGENT', groupValue: agent }] })
    const { body } = await calls.call('GET', `/agents/${rows[0]?.agent}`)
    expect(groupLabels).toEqual([
      {
        groupProperty: 'AGENT',
        groupLabels: expect.arrayContaining([{ groupId: body.agentId, groupLabel: body.agentName }]),
      },
    ])
  })

  test.each([
    ['WEB_TTFB', '110301', 'http-server', 'responseTime'],
    ['WEB_PAGE_LOAD', '110302', 'page-load', 'pageLoadTime'],
    ['ONE_WAY_NET_LATENCY_TO_TARGET', '110304', 'network', 'avgLatency'],
    ['DNS_SERVER_TIME', '110305', 'dns-server', 'resolutionTime'],
    ['API_TRANSACTION_TIME', '110306', 'api', 'apiTransactionTime'],
  ])('of %s are those of test %s: %s results, %s', async (metric, testId, results, field) => {
    const { data } = await dataOf({ type: 'Table', metric, filters: { TEST: [testId] } }, 'window=3h')
    const first = await calls.call('GET', `/test-results/${testId}/${results}`, { query: 'window=3h' })
    const rows = (await pagesOf(calls, first, 'results')).flat() as readonly Record<string, number>[]
    const values = rows.flatMap((row) => row[field] ?? [])
    expect(values.length).toBeGreaterThan(10)
    expect(data.points[0].numberOfDataPoints).toBe(values.length)
    expect(data.points[0].value).toBeCloseTo(values.reduce((a, b) => a + b, 0) / values.length, 3)
  })

  test('of routing are what monitors saw', async () => {
    const reach = {
      type: 'Table',
      metric: 'BGP_REACHABILITY',
      rowGroupBy: 'MONITOR',
      filters: { TEST: ['110307'] },
    }
    const { data, groupLabels } = await dataOf(reach, 'window=2d')
    const first = await calls.call('GET', '/test-results/110307/bgp', { query: 'window=2d' })
    const rows = (await pagesOf(calls, first, 'results')).flat() as readonly {
      monitor: { monitorId: string; monitorName: string }
      reachability: number
    }[]
    const { monitorId, monitorName } = rows[0]?.monitor ?? { monitorId: '', monitorName: '' }
    expect(groupLabels[0].groupLabels).toContainEqual({ groupId: monitorId, groupLabel: monitorName })
    const own = rows.filter(({ monitor }) => monitor.monitorId === monitorId)
    const point = data.points.find(
      ({ groups }: { groups: { groupValue: string }[] }) => groups[0]?.groupValue === monitorId,
    )
    expect(point.numberOfDataPoints).toBe(own.length)
    expect(point.value).toBeCloseTo(own.reduce((sum, row) => sum + row.reachability, 0) / own.length, 3)
  })

  test('of endpoints are what endpoint agents measured', async () => {
    const wait = { type: 'Table', metric: 'ENDPOINT_TEST_HTTP_WAIT', rowGroupBy: 'EYEBROW_MACHINE_ID' }
    const { data } = await dataOf(wait, 'window=3h')
    const path = '/endpoint/test-results/scheduled-tests/110402/http-server'
    const rows = (
      await pagesOf(calls, await calls.call('GET', path, { query: 'window=3h' }), 'results')
    ).flat() as readonly { agentId: string; waitTime: number }[]
    expect(new Set(rows.map(({ agentId }) => agentId)).size).toBe(data.points.length)
    for (const { value, numberOfDataPoints, groups } of data.points) {
      const own = rows.filter(({ agentId }) => agentId === groups[0].groupValue)
      expect(numberOfDataPoints).toBe(own.length)
      expect(value).toBeCloseTo(own.reduce((sum, row) => sum + row.waitTime, 0) / own.length, 3)
    }
    const dynamic = { type: 'Pie Chart', metric: 'ENDPOINT_AST_TEST_NET_LATENCY', groupBy: 'EYEBROW_TEST' }
    const { data: sessions } = await dataOf(dynamic)
    expect(sessions.points.map((point: { groups: object[] }) => point.groups)).toEqual([
      [{ groupProperty: 'EYEBROW_TEST', groupValue: '110403' }],
    ])
    const foreign = await dataOf({ ...dynamic, groupBy: 'AGENT' })
    expect(foreign.data).toMatchObject({ points: [], status: 'No data' })
  })

  test.each([
    ['MINIMUM', (losses: number[]) => Math.min(...losses)],
    ['MAXIMUM', (losses: number[]) => Math.max(...losses)],
    ['TOTAL', (losses: number[]) => losses.reduce((a, b) => a + b, 0)],
    ['MEAN', (losses: number[]) => losses.reduce((a, b) => a + b, 0) / losses.length],
    ['MEDIAN', (losses: number[]) => losses.toSorted((a, b) => a - b)[Math.ceil(losses.length / 2) - 1]],
    ['PERCZERO', (losses: number[]) => (losses.filter((one) => one === 0).length * 100) / losses.length],
    ['PERCPOSITIVE', (losses: number[]) => (losses.filter((one) => one > 0).length * 100) / losses.length],
  ])('are aggregated by %s', async (type, expected) => {
    const { data } = await dataOf({ type: 'Pie Chart', ...loss, measure: { type } }, 'window=2d')
    const losses = (await measuredLosses('window=2d')).map((row) => row.loss)
    expect(data.points).toHaveLength(1)
    expect(data.points[0].value).toBeCloseTo(expected(losses) ?? Number.NaN, 3)
    expect(data.points[0].numberOfDataPoints).toBe(losses.length)
  })

  test('are the same whenever a span that is over is asked for', async () => {
    const path = await made({ type: 'Time Series: Line', metric: 'WEB_TTFB', groupBy: 'TEST' })
    const query = 'startDate=2026-01-05T00:00:00Z&endDate=2026-01-06T00:00:00Z'
    const before = await read(path, query)
    expect(before).toMatchObject({ startDate: '2026-01-05T00:00:00Z', endDate: '2026-01-06T00:00:00Z' })
    calls.clock.advance(86_400)
    expect(await read(path, query)).toEqual(before)
  })

  test('are drawn from few of very many rounds', async () => {
    const path = await made({ type: 'Bar Chart: Grouped', metric: 'NET_LATENCY', axisGroupBy: 'TEST' })
    const { data } = await read(path, 'window=52w')
    expect(data.points.length).toBeGreaterThan(1)
    for (const { numberOfDataPoints } of data.points) expect(numberOfDataPoints).toBeGreaterThan(50_000)
  })

  test('show the parts of a metric where it has some', async () => {
    const { data } = await dataOf({ type: 'Bar Chart: Stacked', metric: 'WEB_TTFB', axisGroupBy: 'TEST' })
    const whole = await dataOf({ type: 'Table', metric: 'WEB_TTFB', rowGroupBy: 'TEST' })
    const [{ value, groups }] = whole.data.points
    const parts = data.points.filter(
      (point: { groups: { groupValue: string }[] }) => point.groups[0]?.groupValue === groups[0].groupValue,
    )
    expect(parts.map((point: { groups: object[] }) => point.groups[1])).toEqual(
      ['WEB_DNS', 'WEB_CONNECT', 'WEB_SSL', 'WEB_WAIT'].map((groupValue) => ({
        groupProperty: 'METRIC',
        groupValue,
      })),
    )
    const total = parts.reduce((sum: number, point: { value: number }) => sum + point.value, 0)
    expect(total).toBeCloseTo(value, 2)
  })

  test('are left to the first groups of the order that the widget has', async () => {
    const table = { type: 'Table', metric: 'NET_LATENCY', rowGroupBy: 'TEST', sortBy: 'Value' }
    const valuesOf = async (change: object) =>
      (await dataOf({ ...table, ...change })).data.points.map((point: { value: number }) => point.value)
    const all = await valuesOf({ sortDirection: 'Ascending' })
    expect(all).toEqual(all.toSorted((a: number, b: number) => a - b))
    expect(await valuesOf({ limit: 2 })).toEqual(all.toReversed().slice(0, 2))
  })

  test('say so when there are none, or nothing is configured', async () => {
    const devices = await dataOf({ type: 'Map', metric: 'DEVICE_AVAILABILITY', groupBy: 'DEVICE' })
    expect(devices.data).toMatchObject({ points: [], status: 'No data' })
    expect((await dataOf({ type: 'Pie Chart' })).data.status).toBe('No metric is configured')
    const none = await dataOf({ type: 'Pie Chart', metric: 'NET_LOSS', filters: { TEST: ['1'] } })
    expect(none.data).toMatchObject({ points: [], status: 'No data' })
  })
})

describe('the filters of a widget', () => {
  const line = { type: 'Table', metric: 'NET_LOSS', rowGroupBy: 'AGENT' }
  const groupsOf = ({ data }: { data: { points: { groups: { groupValue: string }[] }[] } }) =>
    data.points.flatMap(({ groups }) => groups.map(({ groupValue }) => groupValue))

  test('leave what they name', async () => {
    const all = groupsOf(await dataOf(line))
    expect(all.length).toBeGreaterThan(1)
    expect(groupsOf(await dataOf({ ...line, filters: { AGENT: [all[0]] } }))).toEqual([all[0]])
    const both = { ...line, rowGroupBy: 'COUNTRY', filters: { TEST: [vpn], COUNTRY: ['US'] } }
    expect(groupsOf(await dataOf(both))).toEqual(['US'])
  })

  test('are joined by those of the dashboard filter, for its data source and metrics', async () => {
    const filter = async (dataSourceId: string, metricIds: string[]) => {
      const filters = [{ filterId: 'TEST', values: [vpn], metricIds }]
      const name = `${dataSourceId} ${metricIds}`
      const { body } = await calls.call('POST', '/dashboards/filters', {
        body: { name, context: [{ dataSourceId, filters }] },
      })
      return { globalFilterId: body.id }
    }
    const tests = { ...line, rowGroupBy: 'TEST' }
    const filtered = async (source: string, metrics: string[]) =>
      groupsOf(await read(await made(tests, await filter(source, metrics)))).length
    const all = groupsOf(await dataOf(tests)).length
    expect(all).toBeGreaterThan(1)
    expect(await filtered('VIRTUAL_AGENT', [])).toBe(1)
    expect(await filtered('VIRTUAL_AGENT', ['NET_LOSS'])).toBe(1)
    expect(await filtered('VIRTUAL_AGENT', ['WEB_TTFB'])).toBe(all)
    expect(await filtered('ALERT', [])).toBe(all)
  })
})

describe('the span of a widget', () => {
  const hours = (body: { startDate: string; endDate: string }) =>
    (Date.parse(body.endDate) - Date.parse(body.startDate)) / 3_600_000
  const own = { type: 'Pie Chart', ...loss, fixedTimespan: { value: 3, unit: 'Hours' } }
  const defaultTimespan = { duration: 7200 }

  test('is the one asked for, else its own, else that of the dashboard', async () => {
    expect(hours(await read(await made(own, { defaultTimespan }), 'window=5h'))).toBe(5)
    expect(hours(await read(await made(own, { defaultTimespan })))).toBe(3)
    expect(hours(await read(await made({ ...own, fixedTimespan: {} }, { defaultTimespan })))).toBe(2)
    expect(hours(await dataOf({ type: 'Pie Chart' }))).toBe(24)
  })

  test('is that of the dashboard where it overrides', async () => {
    const path = await made(own, { defaultTimespan, isGlobalOverride: true })
    expect(hours(await read(path))).toBe(2)
    const start = '2026-01-05T00:00:00Z'
    const fixed = await made(own, { isGlobalOverride: true, defaultTimespan: { start, duration: 3600 } })
    expect(await read(fixed)).toMatchObject({ startDate: start, endDate: '2026-01-05T01:00:00Z' })
  })
})

describe('cards and columns', () => {
  test('of a Number widget have a value each, and the one before where they compare', async () => {
    const card = { ...loss, description: 'Loss', measure: { type: 'TOTAL' } }
    const { path, widgets } = await aboard([
      { type: 'Number', numberCards: [{ ...card, compareToPreviousValue: true }, { description: 'Empty' }] },
    ])
    const widget = `${path}/widgets/${widgets[0].id}`
    const { data } = await read(widget, 'window=2d')
    const [first, second] = data.cards
    const total = async (query: string) =>
      (await measuredLosses(query)).reduce((sum, row) => sum + row.loss, 0)
    expect(first.value).toBeCloseTo(await total('window=2d'), 3)
    const at = (days: number) => new Date(calls.clock.now() - days * 86_400_000).toISOString()
    const earlier = `${widget}/cards/${first.cardId}?startDate=${at(4)}&endDate=${at(2)}`
    const [cardPath = '', query = ''] = earlier.split('?')
    const before = await calls.call('GET', cardPath, { query })
    expect(violations('ApiNumbersCardData', before.body)).toEqual([])
    expect(before.body).toMatchObject({ cardId: first.cardId, cardName: 'Loss', value: first.previousValue })
    expect(second).toMatchObject({
      cardName: 'Empty',
      numberOfDataPoints: 0,
      status: 'No metric is configured',
    })
    expect(second).not.toHaveProperty('value')
    const alone = await calls.call('GET', cardPath, { query: 'window=2d' })
    const { _links, ...shown } = alone.body
    expect(first).toMatchObject(shown)
  })

  test('of a widget share what it is worked out of, and are the same by themselves', async () => {
    const numberCards = Array(100).fill({ metric: 'NET_LATENCY', measure: { type: 'MEAN' } })
    const { path, widgets } = await aboard([{ type: 'Number', numberCards }])
    const widget = `${path}/widgets/${widgets[0].id}`
    const { data } = await read(widget, 'window=30d')
    expect(data.cards).toHaveLength(100)
    const [{ cardId, value, numberOfDataPoints }] = data.cards
    const alone = await calls.call('GET', `${widget}/cards/${cardId}`, { query: 'window=30d' })
    expect(alone.body).toMatchObject({ value, numberOfDataPoints })
    const whole = await dataOf({ type: 'Pie Chart', metric: 'NET_LATENCY' }, 'window=30d')
    const [point] = whole.data.points
    expect(Math.abs(value - point.value) / point.value).toBeLessThan(0.1)
    expect(Math.abs(numberOfDataPoints - point.numberOfDataPoints) / point.numberOfDataPoints).toBeLessThan(
      0.1,
    )
  })

  test('that compare with the span before are worked out of as much less', async () => {
    const countOf = async (compareToPreviousValue: boolean): Promise<number> => {
      const card = { metric: 'NET_LATENCY', measure: { type: 'MEAN' }, compareToPreviousValue }
      const { path, widgets } = await aboard([{ type: 'Number', numberCards: Array(100).fill(card) }])
      const { data } = await read(`${path}/widgets/${widgets[0].id}`, 'window=30d')
      expect(data.cards[0].previousValue !== undefined).toBe(compareToPreviousValue)
      return data.cards[0].numberOfDataPoints
    }
    const [alone, compared] = [await countOf(false), await countOf(true)]
    expect(compared).not.toBe(alone)
    expect(Math.abs(compared - alone) / alone).toBeLessThan(0.2)
  })

  test('of a Multi Metric Table are columns of points, one for each metric', async () => {
    const { path, widgets } = await aboard([
      {
        type: 'Multi Metric Table',
        rowGroupBy: 'AGENT',
        multiMetricColumns: [loss, { metric: 'NET_LATENCY' }],
      },
    ])
    const widget = `${path}/widgets/${widgets[0].id}`
    const { data, groupLabels } = await read(widget)
    expect(groupLabels[0].groupProperty).toBe('AGENT')
    for (const one of data.columns) {
      const { status, body } = await calls.call('GET', `${widget}/columns/${one.columnId}`)
      expect([status, violations('ApiMultiMetricColumnData', body)]).toEqual([200, []])
      expect(body.points).toEqual(one.points)
      expect(one.points.length).toBeGreaterThan(0)
    }
  })
})

describe('alert suppression windows', () => {
  test('show in the widgets of their tests, and take their time out on demand', async () => {
    const start = new Date(calls.clock.now() - 7_200_000).toISOString().replace(/\.\d+Z/, 'Z')
    const { body: window } = await calls.call('POST', '/alert-suppression-windows', {
      body: { name: 'Works', startDate: start, duration: 3600, testIds: [vpn] },
    })
    const chart = { type: 'Pie Chart', ...loss }
    const { data } = await dataOf(chart, 'window=4h')
    expect(data.alertSuppressionWindows).toEqual([
      {
        id: window.alertSuppressionWindowId,
        name: 'Works',
        testIds: [vpn],
        startTimes: [start],
        durationInSeconds: 3600,
        repeat: 'none',
      },
    ])
    const excluded = await dataOf({ ...chart, shouldExcludeAlertSuppressionWindows: true }, 'window=4h')
    const rows = await measuredLosses('window=4h')
    const suppressed = rows.filter(
      ({ at }) => at * 1000 >= Date.parse(start) && at * 1000 < Date.parse(start) + 3_600_000,
    )
    expect(suppressed.length).toBeGreaterThan(0)
    expect(excluded.data.points[0].numberOfDataPoints).toBe(rows.length - suppressed.length)
    expect((await dataOf({ ...chart, filters: { TEST: ['110301'] } })).data.alertSuppressionWindows).toEqual(
      [],
    )
  })
})

describe('data that nobody gets', () => {
  test('is that of what is not there, of other account groups and of private dashboards', async () => {
    const { path, widgets } = await aboard([{ type: 'Number', numberCards: [loss] }], { isPrivate: true })
    const [{ id, numberCards }] = widgets
    const widget = `${path}/widgets/${id}`
    const gone = [
      `${path}/widgets/aaaaa`,
      `/dashboards/000000000000000000000000/widgets/${id}`,
      `${widget}/cards/aaaaa`,
      `${widget}/columns/${numberCards[0].id}`,
    ]
    for (const one of gone) expect([one, (await calls.call('GET', one)).status]).toEqual([one, 404])
    expect((await calls.call('GET', widget, { aid: '1102' })).status).toBe(404)
    expect((await calls.call('GET', widget, { as: 'us1.1002' })).status).toBe(404)
    expect((await calls.call('GET', widget)).status).toBe(200)
  })

  test.each([
    ['a window together with a date', 'window=1h&startDate=2026-01-05T00:00:00Z', 'window'],
    ['a window that is none', 'window=soon', 'window'],
    ['an end without a start', 'endDate=2026-01-05T00:00:00Z', 'startDate'],
    ['a page of none', 'max=0', 'max'],
    ['a page of a text', 'max=many', 'max'],
    ['an unknown attribute to sort by', 'sort=colour', 'sort'],
    ['an unknown order', 'order=up', 'order'],
  ])('400 for %s', async (_, query, field) => {
    const path = await made({ type: 'Test Table' })
    const { status, body } = await calls.call('GET', path, { query })
    expect([status, body.errors[0].field]).toEqual([400, field])
  })

  test('400 for a cursor that is none', async () => {
    const path = await made({ type: 'Test Table' })
    const { status, body } = await calls.call('GET', path, { query: 'cursor=bGFzdFJvdW5kSWQ9MTY4MTQxMDQ4MA' })
    expect([status, body.title]).toEqual([400, 'Failed to deserialize'])
  })
})
