import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, origin, viewer } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

const rule = {
  ruleName: 'Slow gateway',
  alertType: 'end-to-end-server',
  expression: '((loss >= 50%) || (avgLatency >= 200 ms))',
  minimumSources: 2,
  roundsViolatingRequired: 3,
  roundsViolatingOutOf: 4,
  roundsViolatingMode: 'exact',
  severity: 'major',
}

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const create = (body: object, as?: string) =>
  calls.call('POST', '/alerts/rules', { body: { ...rule, ...body }, ...(as && { as }) })

const rulesOf = async (testPath: string): Promise<readonly string[]> =>
  (await calls.call('GET', testPath, { query: 'expand=alert-rule' })).body.alertRules.map(
    ({ ruleId }: { ruleId: string }) => ruleId,
  )

describe('GET /alerts/rules', () => {
  test('lists the default rules of all test types, in the form of the document', async () => {
    const { body } = await calls.call('GET', '/alerts/rules')
    expect(violations('Rules', body)).toEqual([])
    const names = body.alertRules.map(({ ruleName }: { ruleName: string }) => ruleName)
    expect(names).toEqual(expect.arrayContaining(['Default HTTP Alert Rule 2.0', 'Default BGP Alert Rule']))
    expect(new Set(names).size).toBe(13)
  })
})

describe('an alert rule', () => {
  test('is created, read, changed and deleted', async () => {
    const created = await create({})
    expect(created.status).toBe(201)
    expect(violations('Rule', created.body)).toEqual([])
    expect(created.body).toMatchObject({ ...rule, testIds: [] })
    const path = `/alerts/rules/${created.body.ruleId}`
    expect(created.headers['location']).toBe(`${origin}/v7${path}`)
    const read = await calls.call('GET', path)
    expect(violations('RuleDetail', read.body)).toEqual([])
    expect(read.body).toMatchObject({ ...rule, tests: [] })
    const changed = await calls.call('PUT', path, { body: { ...rule, ruleName: 'Renamed' } })
    expect(changed).toMatchObject({
      status: 200,
      body: { ruleName: 'Renamed', roundsViolatingMode: 'exact' },
    })
    expect((await calls.call('DELETE', path)).status).toBe(204)
  })

  test('that does not exist, or is of another account group, is nowhere', async () => {
    for (const id of ['99', '110201', '210101']) {
      expect((await calls.call('GET', `/alerts/rules/${id}`)).status).toBe(404)
      expect((await calls.call('PUT', `/alerts/rules/${id}`, { body: rule })).status).toBe(404)
      expect((await calls.call('DELETE', `/alerts/rules/${id}`)).status).toBe(404)
    }
  })

  test('shows notifications as they were given, with recipients, and none when none were', async () => {
    expect((await create({})).body).not.toHaveProperty('notifications')
    const webhook = {
      integrationId: '6e069ae9-8537-4120-b988-61bf8e0d8b87',
      integrationType: 'custom-webhook',
    }
    const { body } = await create({ ruleName: 'Loud', notifications: { customWebhook: [webhook] } })
    expect(violations('Rule', body)).toEqual([])
    expect(body.notifications).toEqual({ customWebhook: [webhook], email: { recipients: [] } })
    const email = { recipients: ['noc@acme.example'], message: 'Look.' }
    expect((await create({ ruleName: 'Mail', notifications: { email } })).body.notifications).toEqual({
      email,
    })
  })

  test('is of medium sensitivity when its rounds count by themselves, unless it says otherwise', async () => {
    const made = (fields: object) =>
      calls.call('POST', '/alerts/rules', { body: { ...rule, roundsViolatingMode: 'auto', ...fields } })
    expect((await made({})).body.sensitivityLevel).toBe('medium')
    expect((await made({ sensitivityLevel: 'high' })).body.sensitivityLevel).toBe('high')
    expect((await made({ roundsViolatingMode: 'any' })).body).not.toHaveProperty('sensitivityLevel')
  })

  test('counts its sources or takes a share of them', async () => {
    expect((await create({ minimumSourcesPct: 50 })).status).toBe(400)
    const { ruleId } = (await create({})).body
    const { body } = await calls.call('PUT', `/alerts/rules/${ruleId}`, {
      body: { ...rule, minimumSources: null, minimumSourcesPct: 50 },
    })
    expect(body).toMatchObject({ minimumSourcesPct: 50 })
    expect(body).not.toHaveProperty('minimumSources')
  })

  test.each([
    ['no name', { ruleName: null }],
    ['an unknown type', { alertType: 'weather' }],
    ['an unknown mode', { roundsViolatingMode: 'often' }],
    ['more rounds than there are', { roundsViolatingRequired: 5 }],
    ['no rounds', { roundsViolatingOutOf: 0 }],
    ['a test of others', { testIds: ['210301'] }],
  ])('with %s is refused', async (_, change) => {
    expect((await create(change)).status).toBe(400)
  })

  test('is not written by a Regular User', async () => {
    expect((await create({}, viewer)).status).toBe(403)
    expect((await calls.call('GET', '/alerts/rules', { as: viewer })).status).toBe(200)
  })
})

describe('rules and tests', () => {
  test('are linked from either side', async () => {
    const { ruleId } = (await create({ testIds: ['110301', '110303'] })).body
    const { body } = await calls.call('GET', `/alerts/rules/${ruleId}`)
    expect(violations('RuleDetail', body)).toEqual([])
    expect(body.testIds).toEqual(['110301', '110303'])
    expect(body.tests[1]).toMatchObject({ testId: '110303', testName: 'Acme VPN gateway' })
    expect(await rulesOf('/tests/http-server/110301')).toContain(ruleId)
    await calls.call('PUT', '/tests/agent-to-server/110303', { body: { alertRules: ['110102'] } })
    expect((await calls.call('GET', `/alerts/rules/${ruleId}`)).body.testIds).toEqual(['110301'])
    await calls.call('PUT', `/alerts/rules/${ruleId}`, { body: { ...rule, testIds: [] } })
    expect(await rulesOf('/tests/http-server/110301')).toEqual(['110101', '110102'])
  })

  test('are linked, parted and deleted by roles that may edit tests as well', async () => {
    const { permissions } = (await calls.call('GET', '/permissions')).body
    const held = ['API access', 'View alert rules', 'Edit alert rules']
    const ids = permissions.flatMap((one: { label: string; permissionId: string }) =>
      held.includes(one.label) ? [one.permissionId] : [],
    )
    const role = await calls.call('POST', '/roles', { body: { name: 'Rules alone', permissions: ids } })
    const { body: user } = await calls.call('POST', '/users', {
      body: {
        email: 'rules@acme.example',
        loginAccountGroupId: '1101',
        accountGroupRoles: [{ accountGroupId: '1101', roleIds: [role.body.roleId] }],
      },
    })
    const as = `us1.${user.uid}`
    expect((await create({ testIds: ['110301'] }, as)).status).toBe(403)
    const { ruleId } = (await create({ testIds: ['110301'] })).body
    const path = `/alerts/rules/${ruleId}`
    const put = (body: object) => calls.call('PUT', path, { as, body: { ...rule, ...body } })
    for (const testIds of [[], ['110301', '110303']]) expect((await put({ testIds })).status).toBe(403)
    expect((await put({ testIds: ['110301'], severity: 'minor' })).body.severity).toBe('minor')
    expect((await calls.call('DELETE', path, { as })).status).toBe(403)
    expect((await calls.call('GET', path)).body.testIds).toEqual(['110301'])
    const own = (await create({ ruleName: 'Linked to nothing' }, as)).body.ruleId
    expect((await calls.call('DELETE', `/alerts/rules/${own}`, { as })).status).toBe(403)
    expect((await calls.call('DELETE', `/alerts/rules/${own}`)).status).toBe(204)
  })

  test('part when the rule is deleted', async () => {
    await calls.call('DELETE', '/alerts/rules/110102')
    expect(await rulesOf('/tests/http-server/110301')).toEqual(['110101'])
  })

  test('a new default rule takes the place of the old and is attached to new tests', async () => {
    const { ruleId } = (await create({ isDefault: true })).body
    expect((await calls.call('GET', '/alerts/rules/110102')).body.isDefault).toBe(false)
    const created = await calls.call('POST', '/tests/agent-to-server', {
      query: 'expand=alert-rule',
      body: {
        testName: 'Watched',
        server: 'x.example',
        port: 443,
        interval: 60,
        agents: [{ agentId: '3' }],
        alertsEnabled: true,
      },
    })
    expect(created.body.alertRules.map((one: { ruleId: string }) => one.ruleId)).toEqual([ruleId])
  })
})
