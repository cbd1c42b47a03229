import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls } from './emulator-calls.ts'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const post = (path: string, body: unknown) => calls.call('POST', path, { body })

const inherited = ['constructor', 'toString', '__proto__', 'hasOwnProperty']

describe('words that every object inherits', () => {
  test.each(inherited)('%s as a key is as unknown as any other', async (key) => {
    const { status, text } = await post(
      '/tags',
      `{"key":"branch","value":"austin","objectType":"test","${key}":{"a":1},"noSuchKey":{"a":1}}`,
    )
    expect(status).toBe(201)
    expect(text).not.toContain('"a":1')
  })

  test.each(inherited)(
    '%s is no type of a widget, neither in a dashboard nor in a template',
    async (type) => {
      const widgets = [{ type, title: 'Nothing', metric: type }]
      expect((await post('/dashboards', { title: 'Nothing', widgets })).status).toBe(400)
      const dashboards = { one: { title: 'Nothing', widgets } }
      const { body } = await post('/templates', { name: 'Nothing', dashboards })
      const { status, text } = await post(`/templates/${body.id}/deploy`, {})
      expect([status, text.includes('dashboards.one.widgets')]).toEqual([400, true])
    },
  )
})

describe('a body with thousands of mistakes', () => {
  const testIds = Array.from({ length: 30_000 }, (_, index) => `9${index}`)

  test('is answered with the first hundred, and how many more there are', async () => {
    const { alertRules } = (await calls.call('GET', '/alerts/rules')).body
    const path = `/alerts/rules/${alertRules[0].ruleId}`
    const { body: rule } = await calls.call('GET', path)
    const { status, text, body } = await calls.call('PUT', path, { body: { ...rule, testIds } })
    expect(status).toBe(400)
    expect(body.errors).toHaveLength(100)
    expect(body.errors[99].message).toContain('There is no test 999 ')
    expect(body.detail).toMatch(/There is no test 999 in this account group\. And 29900 more\.$/)
    expect(text.length).toBeLessThan(50_000)
  })

  test.each([
    [100, []],
    [102, ['And 2 more.']],
  ])('of %i in a stream, in its own form too', async (length, others) => {
    const { status, body } = await post('/streams', {
      type: 'opentelemetry',
      tagMatch: Array(length).fill(5),
    })
    expect(status).toBe(400)
    expect(body.errors[99]).toBe('tagMatch[99]: must be an object.')
    expect(body.errors.slice(100)).toEqual(others)
  })
})

describe('a body whose objects have thousands of keys', () => {
  const keys = (count: number, name = 'unknown') =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`${name}${index}`, index]))
  const plain = { key: 'branch', value: 'austin', objectType: 'test' }

  test.each<[string, string, (count: number) => object]>([
    ['/tags', 'in itself', (count) => ({ ...plain, ...keys(count - 3) })],
    ['/tags/bulk', 'in one of many', (count) => ({ tags: [plain, { ...plain, ...keys(count - 3) }] })],
    ['/templates', 'in a part', (count) => ({ name: 'Wide', tests: { a: keys(count) } })],
    [
      '/templates',
      'in several together',
      (count) => ({ name: 'Wide', tests: { a: keys(1_100), b: keys(count - 1_000) } }),
    ],
  ])('%s is refused %s, and one of two thousand is not', async (path, _, body) => {
    const many = await post(path, body(2_101))
    expect([many.status, many.body.detail]).toEqual([
      400,
      expect.stringMatching(/The request body has objects with more than 2000 keys\.$/),
    ])
    expect((await post(path, body(2_100))).status).toBeLessThan(300)
  })
})

describe('null in a body', () => {
  test('is as if the key or element were not there, at any depth', async () => {
    const { body } = await post('/templates', {
      name: 'Nulls',
      description: null,
      tests: { a: { type: 'bgp', list: [1, null, { x: null, y: [null] }], z: null, same: { kept: 1 } } },
    })
    expect(body.tests).toEqual({ a: { type: 'bgp', list: [1, { y: [] }], same: { kept: 1 } } })
    expect(body).not.toHaveProperty('description')
  })
})

const tag = (value: string) => ({ key: 'branch', value, objectType: 'test' })

/** Each tag has the one before it twice. */
const doubled = Object.fromEntries(
  Array.from({ length: 40 }, (_, index) => [
    `a${index}`,
    { ...tag(index === 0 ? 'ha' : `{{tags.a${index - 1}.value}}`.repeat(2)), key: `k${index}` },
  ]),
)

describe('placeholders that grow', () => {
  test.each([
    ['by a long value in many places', { tags: { a: tag('{{name}}'.repeat(5_000)) } }, 'tags.a'],
    ['by naming each other', { tags: doubled }, 'tags.a1'],
    [
      'by doubling',
      { tags: { a: tag('{{name}}') }, tests: { b: { type: 'bgp', testName: '{{tags.a.value}}'.repeat(2) } } },
      'tests.b',
    ],
    ['by all of the inputs', { tags: { a: tag('{{userInputs}} {{userInputs}} {{userInputs}}') } }, 'tags.a'],
    [
      'by many assets',
      {
        tags: Object.fromEntries(
          Array.from({ length: 9 }, (_, i) => [`a${i}`, { ...tag('{{name}}'), key: `k${i}` }]),
        ),
      },
      'tags.a',
    ],
  ])('%s are refused, and nothing is deployed', async (_, sections, field) => {
    const userInputs = { text: { name: 'Text', type: 'string' } }
    const { body: template } = await post('/templates', { name: 'Large', ...sections, userInputs })
    const before = await calls.call('GET', '/tags')
    const long = 'x'.repeat(390_000)
    const { status, body } = await post(`/templates/${template.id}/deploy`, {
      name: long,
      userInputValues: { text: long },
    })
    expect(status).toBe(400)
    expect(body.errors[0].field).toMatch(new RegExp(`^${field}`))
    expect((await calls.call('GET', '/tags')).body).toEqual(before.body)
  })
})

test.each([
  [{ start: '2024-01-01T00:00:00Z', duration: 1e15 }, '2024-01-01T00:00:00Z', '9999-12-31T23:59:59Z'],
  [
    { start: '2024-01-01T00:00:00Z', end: '9999-12-31T23:59:59-12:00' },
    '2024-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
  ],
  [{ start: '0001-01-01T00:00:00Z', duration: 60 }, '1970-01-01T00:00:00Z', '1970-01-01T00:00:00Z'],
])('a dashboard that spans %j is read from %s to %s', async (defaultTimespan, startDate, endDate) => {
  const line = { type: 'Time Series: Line', title: 'Loss', metric: 'WEB_TTFB' }
  const widgets = [{ ...line, dataSource: 'CLOUD_AND_ENTERPRISE_AGENTS', metricGroup: 'HTTP_SERVER' }]
  const { body } = await post('/dashboards', { title: 'For ever', defaultTimespan, widgets })
  const path = `/dashboards/${body.dashboardId}/widgets/${body.widgets[0].id}`
  expect((await calls.call('GET', path)).body).toMatchObject({ startDate, endDate })
})

test.each([
  ['defaultTimespan.end', { start: '2024-01-01T00:00:00Z', end: '+200000-01-01T00:00:00Z' }],
  ['defaultTimespan.start', { start: '-200000-01-01T00:00:00Z', duration: 60 }],
])('a dashboard with a year of six digits as its %s is refused', async (field, defaultTimespan) => {
  const { status, body } = await post('/dashboards', { title: 'For ever', defaultTimespan })
  expect([status, body.errors[0].field]).toEqual([400, field])
})

test.each([
  ['root.X-Number', { root: { 'X-Number': 1 } }],
  ['all.X-List', { all: { 'X-List': ['a'] } }],
  ['domains.a.example', { domains: { 'a.example': 'X-Text: 1' } }],
  ['domains.a.example.X-Object', { domains: { 'a.example': { 'X-Object': {} } } }],
])('a header that is no text is refused: customHeaders.%s', async (field, customHeaders) => {
  const body = { testName: 'H', url: 'https://a.example', interval: 60, agents: [{ agentId: '3' }] }
  const refused = await post('/tests/http-server', { ...body, customHeaders })
  expect(refused).toMatchObject({
    status: 400,
    body: { title: expect.stringContaining(`Error in field customHeaders.${field} : must be a`) },
  })
  const right = { root: { 'X-A': '1' }, all: { 'X-B': '2' }, domains: { 'a.example': { 'X-C': '3' } } }
  const taken = await post('/tests/http-server', { ...body, customHeaders: right })
  expect([taken.status, taken.body.customHeaders]).toEqual([201, right])
})

describe('a search that asks the same thing many times', () => {
  const rowsOf = async (body: object): Promise<readonly { loss: number; avgLatency: number }[]> => {
    const path = '/endpoint/test-results/scheduled-tests/110401/network/filter'
    return (await calls.call('POST', path, { query: 'window=1d', body })).body.results
  }
  const latency = (operator: string, ...values: readonly number[]) =>
    values.map((value) => ({ name: 'latency', operator, value }))

  test.each([
    ['and', 'gte', 2],
    ['or', 'gte', 0],
    ['and', 'lte', 0],
    ['or', 'lte', 2],
  ] as const)('by %s of %s is as good as asked once', async (conditionalOperator, operator, decisive) => {
    const found = (await rowsOf({})).map(({ avgLatency }) => avgLatency).sort((a, b) => a - b)
    const values = [found[20], found[50], found[80]] as [number, number, number]
    expect(new Set(values).size).toBe(3)
    const search = (...wanted: readonly number[]) =>
      rowsOf({ thresholdFilter: { conditionalOperator, filters: latency(operator, ...wanted) } })
    const rows = await search(values[1], ...values, values[1])
    expect(rows).toEqual(await search(values[decisive]))
    expect(rows).not.toEqual(await search(values[1]))
  })

  test('is put into the first order of each name', async () => {
    const sort = (name: string, order: string) => ({ sort: name, order })
    const wanted = [sort('latency', 'desc'), sort('round-id', 'asc')]
    const rows = await rowsOf({ searchSort: wanted })
    expect(await rowsOf({ searchSort: [...wanted, sort('latency', 'asc')] })).toEqual(rows)
    expect(rows.map(({ avgLatency }) => avgLatency)).toEqual(
      rows.map(({ avgLatency }) => avgLatency).sort((a, b) => b - a),
    )
  })
})

test('objects keep their places in a list, whatever one call does to several', async () => {
  const keys = async (): Promise<readonly string[]> =>
    (await calls.call('GET', '/tags')).body.tags.map(({ key }: { key: string }) => key)
  const before = await keys()
  const tags = ['b', 'a', 'c'].map((key) => ({ ...tag('x'), key }))
  const { body } = await post('/tags/bulk', { tags: [...tags, tags[0]] })
  expect(body.errors).toHaveLength(1)
  expect(await keys()).toEqual([...before, 'b', 'a', 'c'])
})

test('an agent with many tags counts for thirty of them in a table of tags by tags', async () => {
  const names = Array.from({ length: 40 }, (_, index) => `tag ${index}`)
  const { body } = await post('/tags/bulk', {
    tags: names.map((key) => ({ key, value: 'x', objectType: 'v-agent' })),
  })
  const ids: readonly string[] = body.tags.map(({ id }: { id: string }) => id)
  const assignments = [{ id: '4', type: 'v-agent' }]
  const assigned = await post('/tags/assign', { tags: ids.map((tagId) => ({ tagId, assignments })) })
  expect(assigned.body.tags).toHaveLength(40)
  const groups = { rowGroupBy: 'AGENT_TAG', columnGroupBy: 'AGENT_TAG' }
  const source = { dataSource: 'CLOUD_AND_ENTERPRISE_AGENTS', metricGroup: 'HTTP_SERVER', metric: 'WEB_TTFB' }
  const dashboard = await post('/dashboards', {
    title: 'Tags',
    widgets: [{ type: 'Table', title: 'Tags', measure: { type: 'MEAN' }, ...source, ...groups }],
  })
  const { dashboardId, widgets } = dashboard.body
  const table = await calls.call('GET', `/dashboards/${dashboardId}/widgets/${widgets[0].id}`)
  const shown = new Set<string>(
    table.body.data.points.map((point: { groups: { groupValue: string }[] }) => point.groups[0]?.groupValue),
  )
  expect([...shown].sort()).toEqual(ids.slice(0, 30).toSorted())
})

describe('a body of many levels', () => {
  const nested = (levels: number, [open, close]: readonly [string, string]): string =>
    `{"name":"Deep","tests":{"web":${open.repeat(levels)}{}${close.repeat(levels)}}}`

  test.each([
    ['lists', ['[', ']']],
    ['objects', ['{"a":', '}']],
  ] as const)('of %s is refused, however many there are', async (_, brackets) => {
    for (const levels of [120, 3_000, 6_000, 150_000]) {
      const { status, text } = await post('/templates', nested(levels, brackets))
      expect([levels, status]).toEqual([levels, 400])
      expect(text).toContain('nested deeper than 100 levels')
    }
    expect((await post('/templates', nested(80, ['{"a":', '}']))).status).toBe(201)
  })

  test.each([
    ['lists', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('of %s is no list of agents as text either', async (_, open, close) => {
    const userInputs = { agents: { name: 'agents', type: 'string' } }
    const web = { type: 'http-server', testName: 'Deep', url: 'https://a.example', interval: 300 }
    const tests = { web: { ...web, agents: '{{userInputs.agents}}' } }
    const { body: template } = await post('/templates', { name: 'Deep', userInputs, tests })
    for (const levels of [120, 6_000, 100_000]) {
      const agents = `[${open.repeat(levels)}1${close.repeat(levels)}]`
      const { status, body } = await post(`/templates/${template.id}/deploy`, { userInputValues: { agents } })
      expect([levels, status, body.errors[0].field]).toEqual([levels, 400, 'tests.web.agents'])
    }
  })
})

describe('assets that are called as what every object inherits', () => {
  test.each(inherited)('%s is made, found again and shown like any other', async (key) => {
    const asset = (fields: object): string => `{"${key}":${JSON.stringify(fields)}}`
    const { body: template } = await post(
      '/templates',
      `{"name":"Inherited","userInputs":${asset({ name: 'x', type: 'string' })},"tags":${asset(tag(`{{userInputs.${key}}}`))},
        "labels":${asset({ name: `{{name}}` })},"tests":${asset({ type: 'bgp', testName: `{{tags.${key}.id}}`, prefix: '192.0.2.0/24' })}}`,
    )
    const without = await post(`/templates/${template.id}/deploy`, {})
    expect([without.status, without.body.errors[0].field]).toEqual([400, `userInputValues.${key}`])
    const given = `{"userInputValues":{"${key}":"austin"}}`
    const first = await post(`/templates/${template.id}/deploy`, given)
    expect(first.status).toBe(200)
    const [{ testId, testName }] = Object.values<{ testId: string; testName: string }>(first.body.tests) as [
      { testId: string; testName: string },
    ]
    const [{ id, value }] = Object.values<{ id: string; value: string }>(first.body.tags) as [
      { id: string; value: string },
    ]
    expect([testName, value]).toEqual([id, 'austin'])
    expect((await calls.call('GET', `/tests/bgp/${testId}`)).body.testName).toBe(id)
    expect((await post(`/templates/${template.id}/deploy`, given)).text).toBe(first.text)
  })

  test.each(inherited)('%s is no type, no strategy and no inclusion', async (word) => {
    const wrong = [
      { userInputs: { a: { name: 'a', type: word } } },
      { deploymentStrategy: { a: word } },
      { resourceInclusion: { a: word } },
    ]
    for (const one of wrong) expect((await post('/templates', { name: 'Wrong', ...one })).status).toBe(400)
  })
})
