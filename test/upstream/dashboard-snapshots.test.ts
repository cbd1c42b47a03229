import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, ops, origin, viewer } from './emulator-calls.ts'
import { pagesOf } from './paged-calls.ts'
import { violations } from './schema-check.ts'

const day = 86_400
const vpn = '110303'
const widgets = [
  { type: 'Time Series: Line', title: 'Loss', metric: 'NET_LOSS', groupBy: 'TEST', filters: { TEST: [vpn] } },
  { type: 'Number', numberCards: [{ description: 'Latency', metric: 'NET_LATENCY' }] },
  { type: 'Test Table', title: 'Tests' },
  { type: 'Agent Status', agents: 'Enterprise Agents' },
]

let calls: Calls
let dashboardId: string
beforeEach(async () => {
  calls = await openCalls()
  const { body } = await calls.call('POST', '/dashboards', { body: { title: 'Web', widgets } })
  dashboardId = body.dashboardId
})

const isoIn = (seconds: number): string =>
  new Date(calls.clock.now() + seconds * 1000).toISOString().replace(/\.\d+Z/, 'Z')
const create = (change: object = {}, options: object = {}) =>
  calls.call('POST', '/dashboard-snapshots', { body: { dashboardId, ...change }, ...options })
const made = async (change: object = {}, options: object = {}): Promise<string> => {
  const { status, body } = await create(change, options)
  expect(status).toBe(201)
  return `/dashboard-snapshots/${body.snapshotId}`
}
const read = async (path: string) => {
  const { status, body } = await calls.call('GET', path)
  expect([status, violations('ApiDashboardSnapshot', body)]).toEqual([200, []])
  return body
}
const contents = async (path: string) => {
  const { widgets } = await read(path)
  return Promise.all(
    widgets.map(async ({ id }: { id: string }) => {
      const { status, body } = await calls.call('GET', `${path}/widgets/${id}`)
      expect([status, violations('ApiWidgetDataSnapshotResponse', body)]).toEqual([200, []])
      return body
    }),
  )
}
const listed = async (query = '', options: object = {}) => {
  const { status, body } = await calls.call('GET', '/dashboard-snapshots', { query, ...options })
  expect([status, violations('DashboardSnapshotsPage', body)]).toEqual([200, []])
  return body.dashboardSnapshots.map(({ snapshotId }: { snapshotId: string }) => snapshotId)
}

describe('a dashboard snapshot', () => {
  test('is created, read, listed and deleted', async () => {
    const span = { startDate: isoIn(-7200), endDate: isoIn(-3600) }
    const created = await create({ displayName: 'Before', ...span })
    expect([created.status, violations('DashboardSnapshotResponse', created.body)]).toEqual([201, []])
    const path = `/dashboard-snapshots/${created.body.snapshotId}`
    expect(created.body._links.self.href).toBe(`${origin}/v7${path}`)
    expect(created.headers['location']).toBe(`${origin}/v7${path}`)
    const snapshot = await read(path)
    expect(snapshot).toMatchObject({
      snapshotName: 'Before',
      aid: '1101',
      snapshotCreatedDate: isoIn(0),
      timeSpan: { start: span.startDate, duration: 3600 },
      dashboard: { dashboardId, title: 'Web', dashboardCreatedBy: '1001' },
    })
    expect(snapshot.createdDate).toBe(isoIn(0).replace('T', ' ').replace('Z', ''))
    expect(snapshot.dashboard.widgets).toEqual(snapshot.widgets)
    const [{ id, _links }] = snapshot.widgets
    expect(_links.self.href).toBe(`${origin}/v7${path}/widgets/${id}`)
    expect(JSON.stringify(snapshot)).not.toContain('/cards/')
    expect(await listed()).toEqual([created.body.snapshotId])
    expect((await calls.call('DELETE', path)).status).toBe(204)
    expect((await calls.call('GET', path)).status).toBe(404)
    expect((await calls.call('GET', `${path}/widgets/${id}`)).status).toBe(404)
    expect(await listed()).toEqual([])
  })

  test('keeps what its widgets showed, over new measurements, changes and the end of everything in it', async () => {
    const path = await made({ startDate: isoIn(-7200) })
    const snapshot = await read(path)
    const before = await contents(path)
    expect(before[0].data.points.length).toBeGreaterThan(10)
    expect(before[1].data.cards[0].value).toBeGreaterThan(0)
    calls.clock.advance(day)
    const changed = await calls.call('PUT', `/dashboards/${dashboardId}`, {
      body: { title: 'New', widgets: [] },
    })
    expect(changed.status).toBe(200)
    expect((await calls.call('DELETE', `/tests/agent-to-server/${vpn}`)).status).toBe(204)
    expect((await calls.call('DELETE', `/dashboards/${dashboardId}`)).status).toBe(204)
    expect(await read(path)).toEqual(snapshot)
    expect(await contents(path)).toEqual(before)
  })

  test('shows what the dashboard shows in the same span', async () => {
    const span = { startDate: isoIn(-7200), endDate: isoIn(0) }
    const [frozen] = await contents(await made(span))
    const { body: dashboard } = await calls.call('GET', `/dashboards/${dashboardId}`)
    const query = new URLSearchParams(span).toString()
    const live = await calls.call('GET', `/dashboards/${dashboardId}/widgets/${dashboard.widgets[0].id}`, {
      query,
    })
    const { _links, ...shown } = live.body
    expect(frozen).toEqual({
      ...shown,
      _links: { self: { href: expect.stringContaining('/dashboard-snapshots/') } },
    })
  })

  test('is of the span of its dashboard when it names none, and never of the future', async () => {
    expect((await read(await made())).timeSpan).toMatchObject({ start: isoIn(-day), duration: day })
    const over = await read(await made({ startDate: isoIn(-60), endDate: isoIn(3600) }))
    expect(over.timeSpan).toMatchObject({ start: isoIn(-60), duration: 60 })
  })

  test('hides names on demand, the same one by the same number', async () => {
    const path = await made({ anonymizeData: true })
    const texts = JSON.stringify(await contents(path))
    for (const name of ['Acme VPN gateway', 'vpn.acme.example', 'acme-hq-1', '203.0.113.10'])
      expect(texts).not.toContain(name)
    const [chart, , table] = await contents(path)
    expect(chart.groupLabels[0].groupLabels).toEqual([{ groupId: vpn, groupLabel: 'Anonymous 1' }])
    const names = table.data.tests.map(({ testName }: { testName: string }) => testName)
    expect(new Set(names).size).toBe(names.length)
    expect(JSON.stringify(await contents(await made()))).toContain('Acme VPN gateway')
  })

  test('is found by its dashboard, page by page, the newest first', async () => {
    const { body: other } = await calls.call('POST', '/dashboards', { body: { title: 'Other' } })
    for (let count = 0; count < 101; count += 1) await made({ dashboardId: other.dashboardId })
    const mine = await made()
    expect(await listed(`dashboardId=${dashboardId}`)).toEqual([mine.split('/').at(-1)])
    const first = await calls.call('GET', '/dashboard-snapshots')
    const pages = await pagesOf(calls, first, 'dashboardSnapshots')
    expect(pages.map(({ length }) => length)).toEqual([100, 2])
    expect(pages[0]?.[0]).toMatchObject({ dashboard: { dashboardId } })
    const bad = await calls.call('GET', '/dashboard-snapshots', { query: 'cursor=none' })
    expect([bad.status, bad.body.title]).toEqual([400, 'Failed to deserialize'])
  })
})

describe('the end of a snapshot', () => {
  test('comes a year after it was made, and then it is gone from everywhere', async () => {
    const path = await made()
    const [{ id }] = (await read(path)).widgets
    expect((await read(path)).snapshotExpirationDate).toBe('2031-01-01T00:00:00Z')
    calls.clock.advance(365 * day - 1)
    expect(await listed()).toHaveLength(1)
    calls.clock.advance(1)
    expect(await listed()).toEqual([])
    for (const gone of [path, `${path}/widgets/${id}`])
      expect((await calls.call('GET', gone)).status).toBe(404)
    const late = await calls.call('PATCH', path, { body: { snapshotExpirationDate: isoIn(day) } })
    expect(late.status).toBe(404)
    expect((await calls.call('DELETE', path)).status).toBe(404)
  })

  test('is moved by either key, and back to a year by neither', async () => {
    const path = await made({ expirationDate: isoIn(day) })
    const change = async (body: object) => {
      const { status, text } = await calls.call('PATCH', path, { body })
      expect([status, text]).toEqual([204, ''])
      return (await read(path)).snapshotExpirationDate
    }
    expect(await change({ snapshotExpirationDate: isoIn(2 * day) })).toBe(isoIn(2 * day))
    const older = isoIn(3 * day)
      .replace('T', ' ')
      .replace('Z', '')
    expect(await change({ expirationDate: older })).toBe(isoIn(3 * day))
    expect(await change({})).toBe('2031-01-01T00:00:00Z')
    await change({ snapshotExpirationDate: isoIn(60) })
    calls.clock.advance(60)
    expect((await calls.call('GET', path)).status).toBe(404)
  })

  test.each([
    ['before now', -1],
    ['now', 0],
    ['more than five years ahead', 5 * 366 * day],
  ])('400 for one that is %s, and nothing changes', async (_, seconds) => {
    const path = await made()
    const before = await read(path)
    const at = isoIn(seconds)
    expect((await create({ expirationDate: at })).body.errors[0].field).toBe('expirationDate')
    const refused = await calls.call('PATCH', path, { body: { snapshotExpirationDate: at } })
    expect([refused.status, refused.body.errors[0].field]).toEqual([400, 'snapshotExpirationDate'])
    expect(await read(path)).toEqual(before)
    expect(await listed()).toHaveLength(1)
  })
})

test('a snapshot of a large dashboard lets other calls be answered while it is made', async () => {
  const numberCards = Array.from({ length: 10 }, () => ({
    metric: 'NET_LATENCY',
    compareToPreviousValue: true,
  }))
  const large = Array.from({ length: 20 }, () => ({ type: 'Number', numberCards }))
  const { body } = await calls.call('POST', '/dashboards', { body: { title: 'Large', widgets: large } })
  const state = { isDone: false }
  const creation = create({ dashboardId: body.dashboardId }).finally(() => {
    state.isDone = true
  })
  let answered = 0
  while (!state.isDone) {
    expect((await calls.call('GET', '/dashboards')).status).toBe(200)
    answered += 1
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect((await creation).status).toBe(201)
  expect(answered).toBeGreaterThanOrEqual(large.length)
  expect((await read(`/dashboard-snapshots/${(await creation).body.snapshotId}`)).widgets).toHaveLength(20)
})

describe('snapshots that are refused', () => {
  test.each([
    ['no dashboard', { dashboardId: undefined }, 'dashboardId'],
    ['a dashboard that is not there', { dashboardId: '000000000000000000000000' }, 'dashboardId'],
    ['a start that is none', { startDate: 'yesterday' }, 'startDate'],
    ['a start in the future', { startDate: '2031-01-01T00:00:00Z' }, 'startDate'],
    ['an end without a start', { endDate: '2029-12-31T00:00:00Z' }, 'startDate'],
    [
      'an end before its start',
      { startDate: '2029-12-31T01:00:00Z', endDate: '2029-12-31T00:00:00Z' },
      'startDate',
    ],
    ['an expiration that is none', { expirationDate: 'never' }, 'expirationDate'],
    ['anonymity as text', { anonymizeData: 'yes' }, 'anonymizeData'],
  ])('400 for %s', async (_, change, field) => {
    const { status, body } = await create(change)
    expect([status, body.errors[0].field]).toEqual([400, field])
    expect(await listed()).toEqual([])
  })

  test('are those of dashboards that the caller does not see', async () => {
    const hidden = await calls.call('POST', '/dashboards', { body: { isPrivate: true } })
    const { body } = await create({ dashboardId: hidden.body.dashboardId }, { as: ops })
    expect(body.errors[0].field).toBe('dashboardId')
    expect((await create({}, { aid: '1102' })).status).toBe(400)
    expect((await create({}, { aid: '2101' })).status).toBe(403)
  })

  test('are those of others for a Regular User, who deletes none', async () => {
    const path = await made()
    const own = await made({}, { as: viewer })
    const later = { snapshotExpirationDate: isoIn(day) }
    const patch = (at: string, as: string) => calls.call('PATCH', at, { body: later, as })
    expect((await patch(path, viewer)).status).toBe(403)
    expect((await patch(own, viewer)).status).toBe(204)
    expect((await patch(own, ops)).status).toBe(204)
    expect((await calls.call('DELETE', own, { as: viewer })).status).toBe(403)
    expect((await calls.call('GET', path, { as: viewer })).status).toBe(200)
  })

  test('are all of them for a role that may not view snapshots', async () => {
    const path = await made()
    const [{ id }] = (await read(path)).widgets
    const { body: catalogue } = await calls.call('GET', '/permissions')
    const permissions = catalogue.permissions
      .filter(({ label }: { label: string }) => ['API access', 'View reports'].includes(label))
      .map(({ permissionId }: { permissionId: string }) => permissionId)
    const { body: role } = await calls.call('POST', '/roles', { body: { name: 'Reader', permissions } })
    const accountGroupRoles = [{ accountGroupId: '1101', roleIds: [role.roleId] }]
    const changed = await calls.call('PUT', '/users/1003', { body: { accountGroupRoles } })
    expect(changed.status).toBe(200)
    for (const place of ['/dashboard-snapshots', path, `${path}/widgets/${id}`])
      expect([place, (await calls.call('GET', place, { as: viewer })).status]).toEqual([place, 403])
    expect((await calls.call('GET', `/dashboards/${dashboardId}`, { as: viewer })).status).toBe(200)
  })

  test('stay in their account group and organization', async () => {
    const path = await made()
    const [{ id }] = (await read(path)).widgets
    for (const place of [path, `${path}/widgets/${id}`, `${path}/widgets/aaaaa`].slice(0, 2)) {
      expect((await calls.call('GET', place, { aid: '1102' })).status).toBe(404)
      expect((await calls.call('GET', place, { as: 'us2.2001' })).status).toBe(404)
    }
    expect((await calls.call('GET', `${path}/widgets/aaaaa`)).status).toBe(404)
    expect((await calls.call('DELETE', path, { aid: '1102' })).status).toBe(404)
    expect(await listed('', { aid: '1102' })).toEqual([])
  })

  test('leave one line in the audit log when they are made, with the name of the snapshot', async () => {
    await made({ displayName: 'For the log' })
    const { body } = await calls.call('GET', '/audit-user-events', { query: 'window=1h' })
    const [event] = body.auditEvents
    expect(event.event).toBe('Dashboard snapshot created.')
    expect(event.resources).toEqual([{ type: 'dashboardSnapshotName', name: 'For the log' }])
  })
})
