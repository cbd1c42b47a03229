import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { storeAudit } from '#audit/store-audit.ts'
import { type Calls, openCalls, ops, viewer } from './emulator-calls.ts'
import { pagesOf } from './paged-calls.ts'
import { violations } from './schema-check.ts'

interface UserEvent {
  readonly aid: string
  readonly event: string
  readonly uid: string
  readonly resources: readonly { readonly type: string; readonly name: string }[]
}

const range = 'startDate=2029-12-31T00:00:00Z&endDate=2030-01-02T00:00:00Z'
const body = { testName: 'One', url: 'https://one.example', interval: 60, agents: [{ agentId: '3' }] }

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const eventsOf = async (query = range, options = {}): Promise<readonly UserEvent[]> =>
  (await calls.call('GET', '/audit-user-events', { query, ...options })).body.auditEvents

const signIn = async (actor: string): Promise<void> => {
  await calls.store.commit([
    storeAudit(calls.clock, randomBytes).entry({ event: 'sign-in', actor, detail: 'us1' }),
  ])
}

describe('GET /audit-user-events', () => {
  test('shows a created, changed and deleted test, the youngest first, in the form of the document', async () => {
    const { testId } = (await calls.call('POST', '/tests/http-server', { body, as: ops })).body
    calls.clock.advance(60)
    await calls.call('PUT', `/tests/http-server/${testId}`, { body: { ...body, testName: 'Two' } })
    calls.clock.advance(60)
    await calls.call('DELETE', `/tests/http-server/${testId}`)
    const answer = await calls.call('GET', '/audit-user-events', { query: range, aid: '1101' })
    expect(answer.status).toBe(200)
    expect(violations('AuditUserEvents', answer.body)).toEqual([])
    expect(answer.body).toMatchObject({ startDate: '2029-12-31T00:00:00Z', endDate: '2030-01-02T00:00:00Z' })
    const resources = [{ type: 'testName', name: 'Two' }]
    expect(answer.body.auditEvents).toMatchObject([
      { event: 'Test deleted.', date: '2030-01-01T00:02:00Z', resources },
      { event: 'Test updated.', uid: '1001', resources },
      {
        event: 'Test created.',
        aid: '1101',
        accountGroupName: 'Acme HQ',
        date: '2030-01-01T00:00:00Z',
        uid: '1002',
        user: 'Otis Operations (ops@acme.example)',
        resources: [{ type: 'testName', name: 'One' }],
      },
    ])
  })

  test('shows sign-ins of the own organization, under the login account group', async () => {
    await signIn('us1.1003')
    await signIn('us2.2001')
    expect(await eventsOf()).toMatchObject([{ event: 'Login succeeded.', uid: '1003', aid: '1101' }])
    expect((await eventsOf(range, { as: 'us2.2001' })).map(({ uid }) => uid)).toEqual(['2001'])
  })

  test('shows failed sign-ins, locks and new passwords of the users they happened to', async () => {
    const audit = storeAudit(calls.clock, randomBytes)
    const events = ['sign-in-refused', 'user-locked', 'password-changed', 'password-reset'] as const
    for (const event of events) {
      await calls.store.commit([audit.entry({ event, actor: 'somebody', userId: 'us1.1003' })])
      calls.clock.advance(1)
    }
    await calls.store.commit([
      audit.entry({ event: 'sign-in-refused', actor: 'the digest of an unknown address' }),
    ])
    expect((await eventsOf()).map(({ event, uid }) => [event, uid])).toEqual([
      ['Password reset.', '1003'],
      ['Password changed.', '1003'],
      ['User locked.', '1003'],
      ['Login failed.', '1003'],
    ])
  })

  test('keeps to its account group, or spans those in which the caller may see the log', async () => {
    await calls.call('POST', '/tests/http-server', { body })
    await calls.call('POST', '/tests/http-server', {
      body: { ...body, agents: [{ agentId: '8' }] },
      aid: '1102',
    })
    expect((await eventsOf()).map(({ aid }) => aid)).toEqual(['1101'])
    expect((await eventsOf(range, { aid: '1102' })).map(({ aid }) => aid)).toEqual(['1102'])
    const everywhere = await eventsOf(`${range}&useAllPermittedAids=true`)
    expect(everywhere.map(({ aid }) => aid)).toEqual(['1102', '1101'])
  })

  test('keeps to its range', async () => {
    await calls.call('POST', '/tests/http-server', { body })
    expect(await eventsOf('startDate=2029-12-01T00:00:00Z&endDate=2029-12-31T23:59:59Z')).toEqual([])
    expect(await eventsOf('window=1m')).toHaveLength(1)
    calls.clock.advance(3_600)
    expect(await eventsOf('window=1m')).toEqual([])
    expect(await eventsOf('')).toHaveLength(1)
  })

  test('tells nothing of calls that were refused or changed nothing', async () => {
    await calls.call('POST', '/tests/http-server', { body: {} })
    await calls.call('POST', '/tests/http-server', { body, as: viewer })
    await calls.call('GET', '/tests')
    expect(await eventsOf()).toEqual([])
  })

  test('pages without a gap or a double, though records join in between', async () => {
    for (let index = 0; index < 130; index += 1)
      await calls.call('PUT', '/tests/http-server/110301', {
        body: { ...body, description: `change ${index}` },
      })
    const first = await calls.call('GET', '/audit-user-events', { query: range })
    expect(first.body.auditEvents).toHaveLength(100)
    await calls.call('PUT', '/tests/http-server/110301', { body: { ...body, description: 'later' } })
    expect((await pagesOf(calls, first, 'auditEvents')).flat()).toHaveLength(130)
  })

  test('is not for a Regular User', async () => {
    expect((await calls.call('GET', '/audit-user-events', { query: range, as: viewer })).status).toBe(403)
  })

  test('is kept by the store', async () => {
    await calls.call('POST', '/tests/http-server', { body })
    const again = await openCalls(calls)
    const { auditEvents } = (await again.call('GET', '/audit-user-events', { query: range })).body
    expect(auditEvents).toMatchObject([{ event: 'Test created.' }])
  })
})

test('names users, rules and account groups in the words of the document', async () => {
  const rule = { ruleName: 'R', alertType: 'http-server', expression: '((x))', roundsViolatingOutOf: 1 }
  await calls.call('POST', '/alerts/rules', { body: rule })
  await calls.call('POST', '/users', {
    body: { name: 'New', email: 'new@acme.example', loginAccountGroupId: '1101' },
  })
  await calls.call('PUT', '/account-groups/1102', { body: { accountGroupName: 'Branches' } })
  const log = await eventsOf()
  expect(log.map(({ event, resources }) => [event, resources[0]])).toEqual([
    ['Account group updated.', { type: 'accountGroupName', name: 'Branches' }],
    ['User created.', { type: 'userDisplayName', name: 'New' }],
    ['Alert rule created.', { type: 'alertRuleName', name: 'R' }],
  ])
})

test('names no agents with an account group but those that it is given', async () => {
  await calls.call('POST', '/account-groups', { body: { accountGroupName: 'New', agents: ['110202'] } })
  const [created] = await eventsOf()
  expect(created?.resources.map(({ type }) => type)).toEqual(['accountGroupName', 'agentName'])
})
