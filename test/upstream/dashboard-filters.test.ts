import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, ops, origin, viewer } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

const context = [
  {
    dataSourceId: 'VIRTUAL_AGENT',
    filters: [{ filterId: 'TEST', values: ['110301'], metricIds: ['NET_LOSS'] }],
  },
]
const body = { name: 'Portal', description: 'What users open first', context }

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const create = (change: object = {}, options: object = {}) =>
  calls.call('POST', '/dashboards/filters', { body: { ...body, ...change }, ...options })
const made = async (change: object = {}, options: object = {}): Promise<string> => {
  const { status, body } = await create(change, options)
  expect(status).toBe(201)
  return body.id
}
const namesFound = async (query = '', aid?: string) => {
  const { status, body } = await calls.call('GET', '/dashboards/filters', { query, ...(aid && { aid }) })
  expect([status, violations('ApiContextFiltersResponse', body)]).toEqual([200, []])
  return body.dashboardFilters.map(({ name }: { name: string }) => name)
}

describe('a dashboard filter', () => {
  test('is created, read, changed and deleted', async () => {
    const created = await create()
    expect([created.status, violations('ApiContextFilterResponse', created.body)]).toEqual([201, []])
    expect(created.body.id).toMatch(/^[\da-f]{24}$/)
    const ada = { uid: '1001', name: 'Ada Admin' }
    expect(created.body).toMatchObject({ ...body, aid: '1101', createdBy: ada, modifiedBy: ada })
    const path = `/dashboards/filters/${created.body.id}`
    expect(created.headers['location']).toBe(`${origin}/v7${path}`)
    expect((await calls.call('GET', path)).body).toEqual(created.body)
    calls.clock.advance(60)
    const change = { name: 'Portal', context: [] }
    const changed = await calls.call('PUT', path, { body: change, as: ops })
    expect(violations('ApiContextFilterResponse', changed.body)).toEqual([])
    expect(changed.body).toMatchObject({ context: [], createdBy: ada, modifiedBy: { uid: '1002' } })
    expect(changed.body.modifiedDate > changed.body.createdDate).toBe(true)
    expect((await calls.call('DELETE', path)).status).toBe(204)
    expect((await calls.call('GET', path)).status).toBe(404)
  })

  test('stands in the audit log by its name', async () => {
    await made()
    const { body } = await calls.call('GET', '/audit-user-events', { query: 'window=1h' })
    expect(body.auditEvents[0]).toMatchObject({
      event: 'Dashboard filter created.',
      resources: [{ name: 'Portal' }],
    })
  })

  test('is found by a part of its name or description, in its account group alone', async () => {
    await made()
    await made({ name: 'Shop', description: 'Second' })
    await made({ name: 'Branch' }, { aid: '1102' })
    expect(await namesFound()).toEqual(['Portal', 'Shop'])
    expect(await namesFound('searchPattern=USERS')).toEqual(['Portal'])
    expect(await namesFound('searchPattern=sho')).toEqual(['Shop'])
    expect(await namesFound('searchPattern=none')).toEqual([])
    expect(await namesFound('', '1102')).toEqual(['Branch'])
  })

  test('has a name of its own in its account group', async () => {
    const id = await made()
    expect((await create()).body.errors[0].field).toBe('name')
    const other = await made({ name: 'Other' })
    const renamed = await calls.call('PUT', `/dashboards/filters/${other}`, { body })
    expect([renamed.status, await namesFound()]).toEqual([400, ['Portal', 'Other']])
    expect((await calls.call('PUT', `/dashboards/filters/${id}`, { body })).status).toBe(200)
    expect((await create({}, { aid: '1102' })).status).toBe(201)
  })

  test('is changed by its creator and by who may edit all, and seen by its account group alone', async () => {
    const path = `/dashboards/filters/${await made()}`
    const own = `/dashboards/filters/${await made({ name: 'Own' }, { as: viewer })}`
    expect((await calls.call('PUT', path, { body, as: viewer })).status).toBe(403)
    expect((await calls.call('DELETE', path, { as: viewer })).status).toBe(403)
    expect((await calls.call('DELETE', own, { as: viewer })).status).toBe(204)
    expect((await calls.call('GET', path, { aid: '1102' })).status).toBe(404)
    expect((await calls.call('GET', path, { as: 'us2.2001' })).status).toBe(404)
  })

  test('leaves the dashboards that name it when it is deleted', async () => {
    const globalFilterId = await made()
    const { body: dashboard } = await calls.call('POST', '/dashboards', {
      body: { title: 'Web', globalFilterId },
    })
    expect(dashboard.globalFilterId).toBe(globalFilterId)
    await calls.call('DELETE', `/dashboards/filters/${globalFilterId}`)
    const { body: after } = await calls.call('GET', `/dashboards/${dashboard.dashboardId}`)
    expect(after).not.toHaveProperty('globalFilterId')
    const foreign = await made({ name: 'Branch' }, { aid: '1102' })
    const refused = await calls.call('POST', '/dashboards', { body: { globalFilterId: foreign } })
    expect([refused.status, refused.body.errors[0].field]).toEqual([400, 'globalFilterId'])
  })

  test.each([
    ['no name', { name: undefined }, 'name'],
    ['no context', { context: undefined }, 'context'],
    ['a context that is no list', { context: {} }, 'context'],
    [
      'a filter without values',
      { context: [{ dataSourceId: 'A', filters: [{ filterId: 'TEST', metricIds: [] }] }] },
      'context[0].filters[0].values',
    ],
    [
      'values that are numbers',
      { context: [{ dataSourceId: 'A', filters: [{ filterId: 'TEST', metricIds: [], values: [1] }] }] },
      'context[0].filters[0].values[0]',
    ],
  ])('400 for %s, and nothing is written', async (_, change, field) => {
    const refused = await create(change)
    expect([refused.status, refused.body.errors[0].field]).toEqual([400, field])
    expect(await namesFound()).toEqual([])
  })
})
