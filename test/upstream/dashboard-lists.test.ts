import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls } from './emulator-calls.ts'
import { follow } from './paged-calls.ts'
import { violations } from './schema-check.ts'

const vpn = '110303'

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

describe('widgets that list', () => {
  test('of alerts are those that are told of elsewhere, active ones first', async () => {
    const path = await made({ type: 'Alert List', limitTo: 100, activeWithin: { value: 3, unit: 'Days' } })
    for (let round = 0; (await read(path)).data.activeAlerts === 0; round += 1) {
      expect(round).toBeLessThan(500)
      calls.clock.advance(300)
    }
    const { data } = await read(path)
    const told = await calls.call('GET', '/alerts', { query: 'window=3d&max=1000' })
    const ids = told.body.alerts.map(({ id }: { id: string }) => id)
    expect(data.alerts.map(({ alertId }: { alertId: string }) => alertId).toSorted()).toEqual(ids.toSorted())
    expect(data.totalAlerts).toBe(ids.length)
    const active = data.alerts.map((alert: { active: boolean }) => alert.active)
    expect(active).toEqual(active.toSorted((a: boolean, b: boolean) => Number(b) - Number(a)))
    expect(active.filter(Boolean)).toHaveLength(data.activeAlerts)
    const oldest = await read(path, 'sort=startTime&order=asc&max=3')
    const starts = data.alerts.map(({ startTime }: { startTime: string }) => startTime).toSorted()
    expect(oldest.data.alerts.map(({ startTime }: { startTime: string }) => startTime)).toEqual(
      starts.slice(0, 3),
    )
  })

  test('of alerts are narrowed by types and filters', async () => {
    const span = { activeWithin: { value: 10, unit: 'Days' }, limitTo: 100 }
    const typesOf = async (change: object) => {
      const { data } = await dataOf({ type: 'Alert List', ...span, ...change })
      return new Set(data.alerts.map(({ alertType }: { alertType: string }) => alertType))
    }
    expect((await typesOf({})).size).toBeGreaterThan(1)
    expect(await typesOf({ alertTypes: ['Web - HTTP Server'] })).toEqual(new Set(['web-http-server']))
    expect(await typesOf({ filters: { TEST: [vpn] } })).toEqual(new Set(['network-end-to-end-server']))
  })

  test('of events are those of event detection, with how many go on', async () => {
    const { data } = await dataOf({ type: 'List', dataSource: 'EVENT_DETECTION' }, 'window=3d')
    const { body } = await calls.call('GET', '/events', { query: 'window=3d&max=1000' })
    expect(data.rows.map((row: { Event: string }) => row.Event)).toEqual(
      body.events.map(({ title }: { title: string }) => title),
    )
    const counts = Object.values(data.legend as Record<string, number>)
    expect(counts.reduce((a, b) => a + b, 0)).toBe(body.events.length)
  })

  test('of agents follow their state, and who owns them', async () => {
    const path = await made({ type: 'Agent Status', agents: 'Enterprise Agents', show: 'Owned Agents' })
    const before = (await read(path)).data
    expect(before.summary).toEqual({ online: before.agents.length, offline: 0, disabled: 0 })
    await calls.call('PUT', '/agents/110201', { body: { enabled: false } })
    const { data } = await read(path)
    expect(data.summary.disabled).toBe(1)
    expect(data.agents).toContainEqual(
      expect.objectContaining({ agentId: '110201', status: 'disabled', agentName: 'acme-hq-1' }),
    )
    const laptops = await dataOf({ type: 'Agent Status', agents: 'Endpoint Agents' })
    expect(laptops.data.agents).toHaveLength(3)
  })

  test('of tests come in pages, in the order asked for', async () => {
    const path = await made({ type: 'Test Table' })
    const pages = [await read(path, 'max=3&sort=testName&order=desc')]
    for (let next = pages[0]._links.next; next; next = pages.at(-1)._links.next) {
      const page = await follow(calls, next)
      expect(violations('ApiWidgetDataResponse', page.body)).toEqual([])
      pages.push(page.body)
    }
    const shown = pages.map(({ data }) => data.tests.map(({ testName }: { testName: string }) => testName))
    const { body: all } = await calls.call('GET', '/tests')
    const names = all.tests.map(({ testName }: { testName: string }) => testName)
    expect(shown.flat()).toEqual(names.toSorted((a: string, b: string) => b.localeCompare(a, 'en')))
    expect(shown.map(({ length }) => length)).toEqual([3, 3, 1])
  })

  test('of tests are searched, and graph the last twelve hours', async () => {
    const search = (key: string, value: string) => ({ filters: [{ key, value }], type: 'all' })
    const idsOf = async (settings: object) =>
      (await dataOf({ type: 'Test Table', ...settings }, 'max=100')).data.tests.map(
        ({ testId }: { testId: string }) => testId,
      )
    expect(await idsOf({ filter: search('Test Name', 'vpn') })).toEqual([vpn])
    expect(await idsOf({ filter: search('Test ID', vpn) })).toEqual([vpn])
    expect(await idsOf({ filter: search('Target', 'vpn.acme') })).toEqual([vpn])
    expect(await idsOf({ filter: search('Tag ID', '5aeab5d5-0d34-4d44-a7ac-000000001101') })).toEqual([vpn])
    expect(await idsOf({ exclude: search('Test ID', vpn) })).not.toContain(vpn)
    const any = {
      filters: [
        { key: 'Test ID', value: vpn },
        { key: 'Test ID', value: '110301' },
      ],
      type: 'any',
    }
    expect((await idsOf({ filter: any })).toSorted()).toEqual(['110301', vpn])
    const { data } = await dataOf({ type: 'Test Table', filter: search('Test ID', vpn) })
    expect(data.tests[0]).toMatchObject({ testType: 'Network - Agent to Server', isShared: false })
    const [graph] = data.tests[0].graphlets
    expect(graph).toMatchObject({ metric: 'Loss', testId: vpn })
    expect(graph.points[0].x).toBe(data.startRound)
  })
})
