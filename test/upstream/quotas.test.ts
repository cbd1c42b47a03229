import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, ops, origin, viewer } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const post = (path: string, body: unknown, as?: string) =>
  calls.call('POST', `/quotas${path}`, { body, ...(as && { as }) })
const listed = async () => (await calls.call('GET', '/quotas')).body.quotas

describe('quotas', () => {
  test('are none at first', async () => {
    const { status, body } = await calls.call('GET', '/quotas')
    expect([status, body]).toEqual([200, { quotas: [], _links: { self: { href: `${origin}/v7/quotas` } } }])
  })

  test('of an organization are set by its id or by none, and the later one counts', async () => {
    const first = await post('/assign', { organizations: [{ value: 12_000 }] })
    expect(first).toMatchObject({ status: 200, body: { organizations: [{ orgId: '110', value: 12_000 }] } })
    expect(violations('QuotasAssignResponse', first.body)).toEqual([])
    await post('/assign', { organizations: [{ orgId: '110', value: 9_000 }] })
    const { body } = await calls.call('GET', '/quotas')
    expect(violations('Quotas', body)).toEqual([])
    expect(body.quotas).toEqual([
      { organizationQuota: { orgId: '110', value: 9_000 }, accountGroupQuotas: [] },
    ])
  })

  test('of account groups are added to those that are there', async () => {
    const body = { organizations: [{ accountGroups: [{ aid: '1101', value: 500 }] }] }
    const first = await post('/account-groups/assign', body)
    expect(first.body).toEqual({
      organizations: [{ orgId: '110', accountGroups: [{ aid: '1101', value: 500 }] }],
    })
    expect(violations('OrganizationsQuotasAssign', first.body)).toEqual([])
    const second = { orgId: '110', accountGroups: [{ aid: '1102', value: 0 }] }
    await post('/account-groups/assign', { organizations: [second] })
    expect(await listed()).toEqual([
      {
        accountGroupQuotas: [
          { aid: '1101', value: 500 },
          { aid: '1102', value: 0 },
        ],
      },
    ])
  })

  test('are taken away one by one, those of account groups apart from the organization’s', async () => {
    const groups = [
      { aid: '1101', value: 1 },
      { aid: '1102', value: 2 },
    ]
    await post('/assign', { organizations: [{ value: 3 }] })
    await post('/account-groups/assign', { organizations: [{ accountGroups: groups }] })
    const taken = await post('/account-groups/unassign', { organizations: [{ accountGroups: ['1101'] }] })
    expect([taken.status, taken.text]).toEqual([204, ''])
    expect((await post('/unassign', { organizations: ['110'] })).status).toBe(204)
    expect((await post('/unassign', { organizations: ['110'] })).status).toBe(204)
    expect(await listed()).toEqual([{ accountGroupQuotas: [groups[1]] }])
  })

  test('go with their account group', async () => {
    await post('/account-groups/assign', { organizations: [{ accountGroups: [{ aid: '1102', value: 7 }] }] })
    expect((await calls.call('DELETE', '/account-groups/1102')).status).toBe(204)
    expect(await listed()).toEqual([])
  })

  test('are the included units of the usage', async () => {
    await post('/assign', { organizations: [{ value: 4_321 }] })
    const { body } = await calls.call('GET', '/usage')
    expect(body.usage.quota.cloudUnitsIncluded).toBe(4_321)
  })

  test('leave a line in the log of what users do', async () => {
    await post('/assign', { organizations: [{ value: 1 }] })
    const { body } = await calls.call('GET', '/audit-user-events', { query: 'window=1h' })
    expect(body.auditEvents[0].event).toBe('Quota updated.')
  })
})

const group = (fields: object) => ({ organizations: [{ accountGroups: [fields] }] })

describe('quotas are refused, and nothing changes', () => {
  test.each([
    ['/assign', undefined],
    ['/assign', {}],
    ['/assign', { organizations: [{ orgId: '110' }] }],
    ['/assign', { organizations: [{ value: 'many' }] }],
    ['/assign', { organizations: [{ value: 1.5 }] }],
    ['/assign', { organizations: [{ value: 5 }, { value: -1 }] }],
    ['/assign', { organizations: 'all' }],
    ['/unassign', { organizations: [110] }],
    ['/unassign', {}],
    ['/account-groups/assign', { organizations: [{}] }],
    ['/account-groups/assign', group({ aid: '1101' })],
    ['/account-groups/assign', group({ value: 5 })],
    ['/account-groups/assign', group({ aid: '2101', value: 5 })],
    ['/account-groups/assign', group({ aid: '__proto__', value: 5 })],
    ['/account-groups/unassign', { organizations: [{ accountGroups: ['2101'] }] }],
    ['/account-groups/unassign', { organizations: [{ orgId: '110' }] }],
  ])('%s %j', async (path, body) => {
    await post('/assign', { organizations: [{ value: 1 }] })
    const before = await listed()
    const answer = await post(path, body)
    expect(answer.status).toBe(400)
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
    expect(await listed()).toEqual(before)
  })

  test.each([
    ['/assign', { organizations: [{ value: 5 }, { orgId: '210', value: 5 }] }],
    ['/unassign', { organizations: ['110', '210'] }],
    [
      '/account-groups/assign',
      { organizations: [{ orgId: '210', accountGroups: [{ aid: '2101', value: 5 }] }] },
    ],
    ['/account-groups/unassign', { organizations: [{ orgId: '210', accountGroups: ['2101'] }] }],
  ])('%s in another organization', async (path, body) => {
    await post('/assign', { organizations: [{ value: 1 }] })
    expect((await post(path, body)).status).toBe(403)
    expect(await listed()).toMatchObject([{ organizationQuota: { value: 1 } }])
  })

  test.each([viewer, ops])('to %s, who lacks the permission', async (as) => {
    expect((await calls.call('GET', '/quotas', { as })).status).toBe(403)
    expect((await post('/assign', { organizations: [{ value: 5 }] }, as)).status).toBe(403)
    expect(await listed()).toEqual([])
  })
})
