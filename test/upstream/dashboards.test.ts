import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, ops, origin, viewer } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

const builtIn = '/dashboards/5e1f7a99143ae60000000001'
const line = { type: 'Time Series: Line', title: 'Loss', metric: 'NET_LOSS', groupBy: 'TEST' }
const numbers = {
  type: 'Number',
  title: 'Numbers',
  numberCards: [{ description: 'Loss', metric: 'NET_LOSS' }, { description: 'Latency' }],
}
const columns = { type: 'Multi Metric Table', multiMetricColumns: [{ metric: 'NET_LOSS' }] }
const body = { title: 'Web', description: 'How the web does', widgets: [line, numbers, columns] }

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const create = (change: object = {}, options: object = {}) =>
  calls.call('POST', '/dashboards', { body: { ...body, ...change }, ...options })
const made = async (change: object = {}, options: object = {}) => {
  const { status, body } = await create(change, options)
  expect(status).toBe(201)
  return { ...body, path: `/dashboards/${body.dashboardId}` }
}
const idsIn = (text: unknown): readonly string[] =>
  [...JSON.stringify(text).matchAll(/"id":"([^"]*)"/g)].map(([, id = '']) => id)

describe('a dashboard', () => {
  test('is created, read, listed in a bare array, changed and deleted', async () => {
    const created = await create()
    expect([created.status, violations('Dashboard', created.body)]).toEqual([201, []])
    expect(created.body.dashboardId).toMatch(/^[\da-f]{24}$/)
    const path = `/dashboards/${created.body.dashboardId}`
    expect(created.headers['location']).toBe(`${origin}/v7${path}`)
    expect(created.body._links).toEqual({
      self: { href: `${origin}/v7${path}` },
      snapshots: { href: `${origin}/v7/dashboard-snapshots?dashboardId=${created.body.dashboardId}` },
    })
    const list = await calls.call('GET', '/dashboards')
    expect(violations('ApiDashboards', list.body)).toEqual([])
    const read = await calls.call('GET', path)
    expect(violations('ApiDashboard', read.body)).toEqual([])
    expect(list.body.at(-1)).toEqual(read.body)
    calls.clock.advance(60)
    const changed = await calls.call('PUT', path, { body: { title: 'Web 2' }, as: ops })
    expect([changed.status, violations('Dashboard', changed.body)]).toEqual([200, []])
    expect(changed.body).toMatchObject({ title: 'Web 2', description: body.description, modifiedBy: '1002' })
    expect(changed.body.modifiedDate > created.body.modifiedDate).toBe(true)
    expect((await calls.call('DELETE', path)).status).toBe(204)
    expect((await calls.call('GET', path)).status).toBe(404)
  })

  test('has its users as text when it is written, and under two names when it is read', async () => {
    const written = await made()
    expect(written).toMatchObject({ createdBy: '1001', modifiedBy: '1001', aid: '1101' })
    expect(written.modifiedDate).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/)
    const read = await calls.call('GET', written.path)
    expect(read.body).toMatchObject({
      createdBy: 1001,
      modifiedBy: 1001,
      accountId: 1101,
      dashboardCreatedBy: '1001',
      dashboardModifiedBy: '1001',
      dashboardModifiedDate: written.modifiedDate,
      modifiedDate: written.modifiedDate.replace('T', ' ').replace('Z', ''),
    })
  })

  test('knows its default timespan by newer and older keys', async () => {
    const newer = await made({ defaultTimespan: { start: '2026-01-02T03:04:05Z', duration: 7200 } })
    const older = await made({
      defaultTimespan: { timespanStart: '2026-01-02 03:04:05', timespanDuration: 7200 },
    })
    expect(newer.defaultTimespan).toEqual({
      start: '2026-01-02T03:04:05Z',
      timespanStart: '2026-01-02 03:04:05',
      duration: 7200,
      timespanDuration: 7200,
    })
    expect(older.defaultTimespan).toEqual(newer.defaultTimespan)
  })

  test('that is private is seen by its creator alone', async () => {
    const { path } = await made({ isPrivate: true }, { as: viewer })
    expect((await calls.call('GET', path, { as: viewer })).status).toBe(200)
    expect((await calls.call('GET', path)).status).toBe(404)
    expect((await calls.call('DELETE', path)).status).toBe(404)
    const { body: list } = await calls.call('GET', '/dashboards')
    expect(list).toHaveLength(1)
  })

  test('of a user is changed by its creator and by who may edit all, not by a Regular User', async () => {
    const { path } = await made()
    const own = await made({}, { as: viewer })
    expect((await calls.call('PUT', path, { body: { title: 'Mine' }, as: viewer })).status).toBe(403)
    expect((await calls.call('DELETE', path, { as: viewer })).status).toBe(403)
    expect((await calls.call('PUT', own.path, { body: { title: 'Ours' }, as: ops })).status).toBe(200)
    expect((await calls.call('DELETE', own.path, { as: viewer })).status).toBe(204)
    expect((await calls.call('GET', path)).body.title).toBe('Web')
  })

  test('stays in its account group and organization', async () => {
    const { path } = await made()
    expect((await calls.call('GET', path, { aid: '1102' })).status).toBe(404)
    expect((await calls.call('DELETE', path, { aid: '1102' })).status).toBe(404)
    expect((await calls.call('GET', path, { as: 'us2.2001' })).status).toBe(404)
    expect((await create({}, { aid: '2101' })).status).toBe(403)
  })

  test('that is built in is the default everywhere, and is not changed', async () => {
    for (const aid of ['1101', '1102'])
      expect((await calls.call('GET', builtIn, { aid })).body).toMatchObject({
        aid,
        isBuiltIn: true,
        isDefaultForUser: true,
        isDefaultForAccount: true,
      })
    expect((await calls.call('PUT', builtIn, { body: { title: 'Mine' } })).status).toBe(403)
    expect((await calls.call('DELETE', builtIn)).status).toBe(403)
    expect(await made()).toMatchObject({ isBuiltIn: false, isDefaultForAccount: false })
  })

  test('ignores what the server alone sets', async () => {
    const { dashboardId } = await made({ dashboardId: 'mine', isBuiltIn: true, createdBy: '5', aid: '1102' })
    const { body } = await calls.call('GET', `/dashboards/${dashboardId}`)
    expect(body).toMatchObject({ isBuiltIn: false, createdBy: 1001, aid: '1101' })
  })

  test.each([
    ['a widget without a type', { widgets: [{ title: 'None' }] }, 'widgets[0].type'],
    ['a widget of an unknown type', { widgets: [line, { type: 'Gauge' }] }, 'widgets[1].type'],
    ['an unknown metric', { widgets: [{ ...line, metric: 'JOY' }] }, 'widgets[0].metric'],
    [
      'a data source of another widget',
      { widgets: [{ ...line, dataSource: 'DNSP' }] },
      'widgets[0].dataSource',
    ],
    ['more widgets than anybody reads', { widgets: Array(101).fill(line) }, 'widgets'],
    [
      'more cards than anybody reads',
      { widgets: [{ type: 'Number', numberCards: Array(101).fill({}) }] },
      'widgets[0].numberCards',
    ],
    ['an unknown refresh rate', { refreshRate: 'OFF' }, 'refreshRate'],
    ['widgets that are no list', { widgets: line }, 'widgets'],
    ['a layout without a type', { layout: { layoutId: 'a' } }, 'layout.type'],
    ['a filter that is not there', { globalFilterId: '65babd9bb90bf55b17c96c8d' }, 'globalFilterId'],
  ])('400 for %s, and nothing is written', async (_, change, field) => {
    const { path } = await made()
    const before = await calls.call('GET', path)
    for (const refused of [await create(change), await calls.call('PUT', path, { body: change })])
      expect([refused.status, refused.body.errors[0].field]).toEqual([400, field])
    expect((await calls.call('GET', path)).text).toBe(before.text)
    expect((await calls.call('GET', '/dashboards')).body).toHaveLength(2)
  })
})

describe('widgets of a dashboard', () => {
  const types = (
    'Agent Status|Alert List|Bar Chart: Grouped|Bar Chart: Stacked|Box and Whiskers|Color Grid|Heatmap|List|Map' +
    '|Multi Metric Table|Number|Pie Chart|Table|Test Table|Time Series: Line|Time Series: Stacked Area'
  ).split('|')

  test('are of 16 types, each with its own settings and defaults', async () => {
    const { path } = await made({ widgets: types.map((type) => ({ type, limit: 5, numberCards: [] })) })
    const { body } = await calls.call('GET', path)
    expect(violations('ApiDashboard', body)).toEqual([])
    expect(body.widgets.map(({ type }: { type: string }) => type)).toEqual(types)
    const of = (type: string) => body.widgets.find((one: { type: string }) => one.type === type)
    expect(of('Time Series: Line')).toMatchObject({ visualMode: 'Full', showZoomSlider: false })
    expect(of('Time Series: Line')).not.toHaveProperty('limit')
    expect(of('Table')).toMatchObject({ limit: 5 })
    expect(of('Table')).not.toHaveProperty('numberCards')
  })

  test('get ids of five characters, as do their cards and columns, and addresses of their data', async () => {
    const { widgets, path } = await made()
    const ids = idsIn(widgets)
    expect(ids).toHaveLength(6)
    expect(new Set(ids).size).toBe(6)
    for (const id of ids) expect(id).toMatch(/^[a-z\d]{5}$/)
    const [, { id, numberCards, _links }] = widgets
    expect(_links.self.href).toBe(`${origin}/v7${path}/widgets/${id}`)
    expect(numberCards[0]._links.self.href).toBe(
      `${origin}/v7${path}/widgets/${id}/cards/${numberCards[0].id}`,
    )
  })

  test('keep their ids over a change that repeats them, and get none that a client makes up', async () => {
    const { widgets, path } = await made()
    const [first, second] = widgets
    const again = [second, { ...line, id: 'mine1' }, { ...line, id: second.id }, first]
    const { body } = await calls.call('PUT', path, { body: { widgets: again } })
    const ids = body.widgets.map(({ id }: { id: string }) => id)
    expect([ids[0], ids[3]]).toEqual([second.id, first.id])
    expect(ids).not.toContain('mine1')
    expect(new Set(ids).size).toBe(4)
    expect(idsIn(body.widgets[0].numberCards)).toEqual(idsIn(second.numberCards))
  })

  test('stand where the layout puts them, under the ids that they got', async () => {
    const at = (id: string, x: number) => ({ id: `widgetId-${id}`, x, y: 0, w: 3, h: 2 })
    const layout = { type: 'grid', details: { widgetPositioning: [at('aaaaa', 0), at('gone1', 3)] } }
    const { layout: kept, widgets, path } = await made({ layout, widgets: [{ ...line, id: 'aaaaa' }] })
    expect(kept.details.widgetPositioning).toEqual([at(widgets[0].id, 0)])
    const emptied = await calls.call('PUT', path, { body: { widgets: [] } })
    expect(emptied.body.layout).toEqual({ type: 'grid', details: { widgetPositioning: [] } })
  })

  test('show submetrics where the metric has some', async () => {
    const pie = (metric: string) => ({ type: 'Pie Chart', metric, groupBy: 'AGENT', showSubmetrics: false })
    const { widgets } = await made({ widgets: [pie('WEB_TTFB'), pie('NET_LOSS')] })
    expect(widgets.map((one: { showSubmetrics: unknown }) => one.showSubmetrics)).toEqual([false, null])
  })

  test('that are embedded have an address for it', async () => {
    const { widgets } = await made({ widgets: [{ ...line, isEmbedded: true }, line] })
    expect(widgets[0].embedUrl).toMatch(/^http/)
    expect(widgets[1]).not.toHaveProperty('embedUrl')
  })
})

describe('a tag for dashboards', () => {
  test('is assigned to those of the account group, and leaves with them', async () => {
    const { body: tag } = await calls.call('POST', '/tags', {
      body: { key: 'team', value: 'web', objectType: 'dashboard', accessType: 'all' },
    })
    const { dashboardId, path } = await made()
    const assignments = [dashboardId, '000000000000000000000000'].map((id) => ({ id, type: 'dashboard' }))
    const assigned = await calls.call('POST', `/tags/${tag.id}/assign`, { body: { assignments } })
    expect(assigned).toMatchObject({ status: 207, body: { assignments: [assignments[0]] } })
    const other = await calls.call('POST', `/tags/${tag.id}/assign`, {
      body: { assignments: [{ id: '110301', type: 'test' }] },
    })
    expect(other.body.assignments).toEqual([])
    const read = () => calls.call('GET', `/tags/${tag.id}`, { query: 'expand=assignments' })
    expect((await read()).body.assignments).toEqual([assignments[0]])
    await calls.call('DELETE', path)
    expect((await read()).body.assignments).toEqual([])
  })
})

describe('a tag for agents', () => {
  test('leaves with its agent', async () => {
    const { body: tag } = await calls.call('POST', '/tags', {
      body: { key: 'floor', value: '2', objectType: 'v-agent', accessType: 'all' },
    })
    const assignments = [{ id: '110202', type: 'v-agent' }]
    await calls.call('POST', `/tags/${tag.id}/assign`, { body: { assignments } })
    const read = () => calls.call('GET', `/tags/${tag.id}`, { query: 'expand=assignments' })
    expect((await read()).body.assignments).toEqual(assignments)
    expect((await calls.call('DELETE', '/agents/110202')).status).toBe(204)
    expect((await read()).body.assignments).toEqual([])
  })
})
