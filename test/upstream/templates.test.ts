import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, ops, origin, viewer } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

const branch = '7e3f1c52-0d34-4d44-a7ac-000000000001'
const agents = [{ agentId: '110201' }]
const filledIn = { target: 'crm.example', agents }
const mine = {
  name: 'Office',
  userInputs: {
    host: { name: 'host', type: 'string', allowedValues: [{ value: 'a.example' }, { value: 'b.example' }] },
  },
  tests: {
    web: {
      type: 'http-server',
      testName: '{{name}} - web',
      url: 'https://{{userInputs.host}}',
      interval: 300,
      agents: [{ agentId: 110201 }],
    },
  },
}

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const post = (path: string, body?: unknown) => calls.call('POST', path, { body })
const newTemplate = async (change: object = {}): Promise<string> => {
  const created = await post('/templates', { ...mine, ...change })
  expect(created.status).toBe(201)
  return created.body.id
}
const deploy = (id: string, body: object) => post(`/templates/${id}/deploy`, body)
const testsNamed = async (start: string) => {
  const { body } = await calls.call('GET', '/tests')
  return body.tests.filter(({ testName }: { testName: string }) => testName.startsWith(start))
}
const deployMine = (id: string, body: object = {}) =>
  deploy(id, { name: 'Paris', userInputValues: { host: 'a.example' }, ...body })

describe('a template', () => {
  test('is created, read, found by its name in any case, replaced and deleted', async () => {
    const created = await post('/templates', mine)
    expect(created.status).toBe(201)
    expect(violations('TemplateResponse', created.body)).toEqual([])
    expect(created.body).toMatchObject({ ...mine, certificationLevel: 'user', isBuiltIn: false })
    const path = `/templates/${created.body.id}`
    expect(created.headers['location']).toBe(`${origin}/v7${path}`)
    const list = await calls.call('GET', '/templates', { query: 'name=OFFICE' })
    expect(violations('TemplatesResponse', list.body)).toEqual([])
    expect(list.body.templates).toEqual([created.body])
    const replaced = await calls.call('PUT', path, { body: { name: 'Office 2' } })
    expect(replaced).toMatchObject({ status: 200, body: { name: 'Office 2' } })
    expect(replaced.body).not.toHaveProperty('tests')
    expect(replaced.body.dateCreated).toBe(created.body.dateCreated)
    expect((await calls.call('DELETE', path)).status).toBe(204)
    expect((await calls.call('GET', path)).status).toBe(404)
  })

  test('is seen by other account groups when it is shared, and changed by its own alone', async () => {
    const path = `/templates/${await newTemplate()}`
    expect((await calls.call('GET', path, { aid: '1102' })).status).toBe(404)
    const sharing = await calls.call('GET', `${path}/sharing-settings`)
    expect(violations('SharingSettingsResponse', sharing.body)).toEqual([])
    expect(sharing.body).toMatchObject({
      scope: 'default',
      _links: { template: { href: `${origin}/v7${path}` } },
    })
    const shared = await calls.call('PUT', `${path}/sharing-settings`, { body: { scope: 'organization' } })
    expect(shared).toMatchObject({ status: 200, body: { scope: 'organization' } })
    expect((await calls.call('GET', path, { aid: '1102' })).status).toBe(200)
    expect((await calls.call('PUT', path, { aid: '1102', body: { name: 'Mine' } })).status).toBe(403)
    expect((await calls.call('DELETE', path, { aid: '1102' })).status).toBe(403)
    expect((await calls.call('GET', path, { as: 'us2.2001' })).status).toBe(404)
  })

  test('of ThousandEyes is listed by its level and cannot be changed', async () => {
    const { body } = await calls.call('GET', '/templates', { query: 'certificationLevel=thousandeyes' })
    expect(violations('TemplatesResponse', body)).toEqual([])
    expect(body.templates.map(({ name }: { name: string }) => name)).toEqual([
      'SD-WAN Branch',
      'SD-WAN Tunnel',
    ])
    const path = `/templates/${branch}`
    expect((await calls.call('PUT', path, { body: { name: 'Mine' } })).status).toBe(403)
    expect((await calls.call('DELETE', path)).status).toBe(403)
    for (const wrong of [{ certificationLevel: 'certified' }, { modules: ['default', 'devices'] }])
      expect((await post('/templates', { name: 'Mine', ...wrong })).status).toBe(400)
    expect((await post('/templates', { name: 'Mine', modules: ['default'] })).status).toBe(201)
  })
})

describe('deploying a template', () => {
  test('makes its tests, alert rules and tags, which refer to each other', async () => {
    const deployed = await deploy(branch, { name: 'Austin', userInputValues: filledIn })
    expect(deployed.status).toBe(200)
    expect(violations('TemplateResponse', deployed.body)).toEqual([])
    const { tests, alertRules, tags } = deployed.body
    const application = `/tests/http-server/${tests.application.testId}`
    const shown = await calls.call('GET', application, { query: 'expand=tag,agent' })
    expect(shown.body).toMatchObject({
      testName: 'Austin - crm.example',
      url: 'https://crm.example',
      interval: 300,
      agents,
      tags: [{ id: tags.site.id, key: 'site', value: 'Austin' }],
    })
    const rule = await calls.call('GET', `/alerts/rules/${alertRules.loss.ruleId}`)
    expect(rule.body).toMatchObject({
      ruleName: 'Austin - loss',
      tests: [{ testId: tests.underlay.testId, testName: 'Austin - underlay' }],
    })
  })

  test('makes the tests of the account group that is asked for', async () => {
    const body = {
      name: 'Office',
      userInputValues: { target: 'crm.example', agents: [{ agentId: '110501' }] },
    }
    const { status } = await calls.call('POST', `/templates/${branch}/deploy`, { body, aid: '1102', as: ops })
    expect(status).toBe(200)
    expect(await testsNamed('Office - ')).toEqual([])
    const { body: list } = await calls.call('GET', '/tests', { aid: '1102' })
    expect(list.tests.map(({ testName }: { testName: string }) => testName)).toContain('Office - underlay')
  })

  test('makes a test between two sites', async () => {
    const tunnel = '7e3f1c52-0d34-4d44-a7ac-000000000002'
    const userInputValues = { agents, targetAgentId: '110203' }
    const { status, body } = await deploy(tunnel, { name: 'HQ to DC', userInputValues })
    expect(status).toBe(200)
    const { testId } = body.tests.tunnel
    expect((await calls.call('GET', `/tests/agent-to-agent/${testId}`)).body).toMatchObject({
      testName: 'HQ to DC - tunnel',
      direction: 'bidirectional',
      targetAgentId: '110203',
    })
  })

  test('brings the older forms of templates to those of v7', async () => {
    const id = await newTemplate({
      userInputs: {},
      tests: {
        path: {
          type: 'agent-to-server',
          testName: 'Old words',
          server: 'crm.example',
          port: '443',
          interval: 120,
          protocol: 'TCP',
          probeMode: 'SACK',
          mtuMeasurements: 1,
          bandwidthMeasurements: 0,
          agents: [{ agentId: 110201 }],
        },
      },
      alertRules: {
        loss: {
          ruleName: 'Old rule',
          alertType: 'End-to-End (Server)',
          expression: '((loss >= 10%))',
          roundsViolatingRequired: 1,
          roundsViolatingOutOf: 1,
          severity: 'MINOR',
          testIds: '{{tests.path.testId}}',
        },
      },
    })
    const { status, body } = await deploy(id, {})
    expect(status).toBe(200)
    const read = await calls.call('GET', `/tests/agent-to-server/${body.tests.path.testId}`)
    expect(read.body).toMatchObject({ probeMode: 'sack', protocol: 'tcp', mtuMeasurements: true })
    const rule = await calls.call('GET', `/alerts/rules/${body.alertRules.loss.ruleId}`)
    expect(rule.body).toMatchObject({ alertType: 'end-to-end-server', severity: 'minor', tests: [{}] })
  })

  test.each([
    ['a user input left out', { userInputValues: {} }, 'userInputValues.host'],
    ['a user input of another type', { userInputValues: { host: 5 } }, 'userInputValues.host'],
    ['a value that is not allowed', { userInputValues: { host: 'c.example' } }, 'userInputValues.host'],
    ['a placeholder that leads to nothing', { tests: { web: { url: '{{tests.gone.url}}' } } }, 'tests.web'],
    ['a test that v7 refuses', { tests: { web: { interval: 7 } } }, 'tests.web.interval'],
    ['a test type that is none', { tests: { web: { type: 'toaster' } } }, 'tests.web.type'],
  ])('400 for %s, and makes nothing', async (_, body, field) => {
    const id = await newTemplate({
      tags: { t: { key: 'k', value: 'v', objectType: 'test', accessType: 'all' } },
    })
    const { status, body: problem } = await deployMine(id, body)
    expect([status, problem.errors[0].field]).toEqual([400, field])
    const { body: tags } = await calls.call('GET', '/tags')
    expect(tags.tags.map(({ key }: { key: string }) => key)).not.toContain('k')
  })

  test('404 for unknown templates, 403 for a Regular User', async () => {
    const id = await newTemplate()
    expect((await deploy('00000000-0000-4000-8000-000000000000', {})).status).toBe(404)
    const asViewer = await calls.call('POST', `/templates/${id}/deploy`, { body: {}, as: viewer })
    expect(asViewer.status).toBe(403)
  })

  test('leaves out what the deployment or the template skips', async () => {
    const id = await newTemplate({ resourceInclusion: { web: 'skipped' } })
    expect((await deployMine(id)).status).toBe(200)
    expect(await testsNamed('Paris')).toEqual([])
    await deployMine(id, { resourceInclusion: { web: 'included' } })
    expect(await testsNamed('Paris')).toHaveLength(1)
  })
})

describe('deploying a template again', () => {
  test('leaves what has not changed, and makes a changed test anew', async () => {
    const id = await newTemplate()
    const first = await deployMine(id)
    const again = await deployMine(id)
    expect(again.body.tests.web.testId).toBe(first.body.tests.web.testId)
    const renamed = { tests: { web: { testName: '{{name}} - renamed' } } }
    expect((await deployMine(id, renamed)).status).toBe(200)
    expect(await testsNamed('Paris')).toHaveLength(2)
  })

  test('is refused under create where the name is taken', async () => {
    const id = await newTemplate()
    await deployMine(id)
    const { status } = await deployMine(id, { userInputValues: { host: 'b.example' } })
    expect(status).toBe(400)
  })

  test.each([
    ['update', 'https://b.example'],
    ['ignore', 'https://a.example'],
  ])('under %s keeps the test and has it measure %s', async (strategy, url) => {
    const id = await newTemplate({ deploymentStrategy: { web: strategy } })
    const first = await deployMine(id)
    const again = await deployMine(id, { userInputValues: { host: 'b.example' } })
    expect(again.body.tests.web.testId).toBe(first.body.tests.web.testId)
    const { body } = await calls.call('GET', `/tests/http-server/${first.body.tests.web.testId}`)
    expect(body.url).toBe(url)
  })

  test('updates a test that the template names by its id, and never makes it', async () => {
    const id = await newTemplate()
    const named = (testId: string) => ({ tests: { web: { testId, testName: 'Taken over' } } })
    expect((await deployMine(id, named('110301'))).status).toBe(200)
    const { body } = await calls.call('GET', '/tests/http-server/110301')
    expect(body).toMatchObject({ testName: 'Taken over', url: 'https://a.example' })
    expect((await deployMine(id, named('999'))).status).toBe(400)
  })

  test('changes an alert rule in its place', async () => {
    const rule = (rounds: number) => ({
      alertRules: {
        slow: {
          ruleName: 'Slow',
          alertType: 'http-server',
          expression: '((responseTime >= 500 ms))',
          roundsViolatingRequired: 1,
          roundsViolatingOutOf: rounds,
        },
      },
    })
    const id = await newTemplate(rule(2))
    const first = await deployMine(id)
    const again = await deployMine(id, rule(3))
    expect(again.body.alertRules.slow.ruleId).toBe(first.body.alertRules.slow.ruleId)
    const { body } = await calls.call('GET', `/alerts/rules/${first.body.alertRules.slow.ruleId}`)
    expect(body.roundsViolatingOutOf).toBe(3)
  })
})

describe('a template that is written wrong', () => {
  test.each([
    ['no name', { name: '' }, 'name'],
    ['a user input without a name', { userInputs: { a: { type: 'string' } } }, 'userInputs.a.name'],
    ['a user input without a type', { userInputs: { a: { name: 'a' } } }, 'userInputs.a.type'],
    ['a user input of no type', { userInputs: { a: { name: 'a', type: 'secret' } } }, 'userInputs.a.type'],
    ['a user input that is a text', { userInputs: { a: 'a' } }, 'userInputs.a'],
    ['a strategy that is none', { deploymentStrategy: { web: 'merge' } }, 'deploymentStrategy.web'],
    ['an inclusion that is none', { resourceInclusion: { web: 'maybe' } }, 'resourceInclusion.web'],
    ['an asset that is a list', { endpointTests: { one: [] } }, 'endpointTests.one'],
    ['a section that is a text', { labels: 'one' }, 'labels'],
  ])('400 for %s, neither made nor changed', async (_, change, field) => {
    const id = await newTemplate()
    const { body: before } = await calls.call('GET', '/templates')
    const created = await post('/templates', { ...mine, ...change })
    expect([created.status, created.body.errors[0].field]).toEqual([400, field])
    const replaced = await calls.call('PUT', `/templates/${id}`, { body: { ...mine, ...change } })
    expect([replaced.status, replaced.body.errors[0].field]).toEqual([400, field])
    expect((await calls.call('GET', '/templates')).body).toEqual(before)
  })

  test.each([
    ['an inclusion that is none', { resourceInclusion: { web: 'maybe' } }, 'resourceInclusion.web'],
    ['an asset that is a text', { tests: { web: 'x' } }, 'tests.web'],
    ['a section that is a list', { dashboards: [] }, 'dashboards'],
  ])('400 for a deployment over it with %s', async (_, change, field) => {
    const { status, body } = await deployMine(await newTemplate(), change)
    expect([status, body.errors[0].field]).toEqual([400, field])
    expect(await testsNamed('Paris')).toEqual([])
  })
})

describe('a template of many assets', () => {
  const many = (count: number) => ({
    tags: Object.fromEntries(
      Array.from({ length: count }, (_, i) => [
        `t${i}`,
        { key: 'many', value: `v${i}`, objectType: 'test', accessType: 'all' },
      ]),
    ),
  })
  const madeTags = async () =>
    (await calls.call('GET', '/tags')).body.tags.filter(({ key }: { key: string }) => key === 'many').length

  test('is deployed as far as a thousand go, with the tests beside them, and not beyond', async () => {
    const id = await newTemplate(many(1_000))
    const refused = await deployMine(id)
    expect([refused.status, refused.body.errors[0].field]).toEqual([400, 'tests'])
    expect([await madeTags(), await testsNamed('Paris')]).toEqual([0, []])
    expect((await deployMine(id, { resourceInclusion: { t7: 'skipped' } })).status).toBe(200)
    expect(await madeTags()).toBe(999)
  })

  test('lets other calls be answered while it is deployed', async () => {
    const id = await newTemplate(many(900))
    let isDeployed = false
    const deployed = deployMine(id).then((came) => {
      isDeployed = true
      return came
    })
    expect((await calls.call('GET', '/account-groups')).status).toBe(200)
    await new Promise(setImmediate)
    expect((await calls.call('GET', '/alerts/rules')).status).toBe(200)
    expect([isDeployed, await madeTags()]).toEqual([false, 0])
    expect((await deployed).status).toBe(200)
    expect(await madeTags()).toBe(900)
  })
})
