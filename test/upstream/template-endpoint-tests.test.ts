import { beforeEach, describe, expect, test } from 'vitest'
import { ops, viewer } from './emulator-calls.ts'
import { violations } from './schema-check.ts'
import { openTemplates, type TemplateCalls } from './template-calls.ts'

const laptop = '3fde6422-f119-40e1-ae32-000000001101'
const foreignLaptop = '3fde6422-f119-40e1-ae32-000000001201'

const networkConfig = {
  flagPing: true,
  flagTraceroute: true,
  ipVersion: 'V4_ONLY',
  networkProtocol: 'PREFER_TCP',
  pathtraceInSession: true,
  tcpConnect: false,
  tcpProbeMode: 'SACK',
}
const genericConfig = { interval: '{{userInputs.interval}}', priority: 1 }
const http = {
  testName: '{{name}} - portal',
  testType: 'Http',
  testCategory: 'SCHEDULED_TEST',
  genericConfig,
  networkConfig,
  machineConfig: {
    monitoringSettingsType: 'SPECIFIC_AGENTS',
    agentIds: '{{userInputs.laptops}}',
    maxMachines: 5,
  },
  httpConfig: {
    url: 'https://{{userInputs.host}}/home',
    targetResponseTime: 900,
    targetFetchTime: 2000,
    httpTimeLimit: 10_000,
    sslVersion: 0,
    verifyCertHostname: false,
    authType: 'BASIC',
    username: 'probe',
    password: 'pw-of-the-portal',
    expectedResponseCode: 200,
  },
  tagIds: ['{{tags.site.id}}'],
}
const network = {
  name: '{{name}} - vpn',
  testType: 'Network',
  testCategory: 'SCHEDULED_TEST',
  flagEnabled: false,
  genericConfig: { interval: 60, priority: 0 },
  networkConfig: { ...networkConfig, networkProtocol: 'UNKNOWN' },
  machineConfig: { monitoringSettingsType: 'ANY_AGENT', maxMachines: 25 },
  server: { serverName: '{{userInputs.host}}', port: 8443 },
}
const template = {
  name: 'Laptops',
  userInputs: {
    host: { name: 'host', type: 'string' },
    interval: { name: 'interval', type: 'number', defaultValue: 300 },
    laptops: { name: 'laptops', type: 'string[]' },
  },
  tags: {
    site: { key: 'site', value: '{{name}}', objectType: 'endpoint-test', accessType: 'all' },
    kind: {
      key: 'kind',
      value: 'vpn',
      objectType: 'endpoint-test',
      accessType: 'all',
      assignments: [{ id: '{{endpointTests.network.testId}}', type: 'endpoint-test' }],
    },
  },
  endpointTests: { http, network },
}
const paths = {
  http: '/endpoint/tests/scheduled-tests/http-server',
  network: '/endpoint/tests/scheduled-tests/agent-to-server',
  dynamic: '/endpoint/tests/dynamic-tests/agent-to-server',
}

let calls: TemplateCalls
beforeEach(async () => {
  calls = await openTemplates(template, { userInputValues: { host: 'a.example', laptops: [laptop] } })
})

const read = async (path: string) => (await calls.call('GET', path)).body
const endpointTests = async (): Promise<readonly { testName: string; testId: string }[]> =>
  (await read('/endpoint/tests/scheduled-tests')).tests
const named = async (start: string) =>
  (await endpointTests()).filter(({ testName }) => testName.startsWith(start)).map(({ testName }) => testName)
const everything = async () => [await endpointTests(), await read('/tags'), (await read('/tests')).tests]

describe('deploying a template with endpoint tests', () => {
  test('makes them of both types, with what the template says', async () => {
    const { status, body } = await calls.deploy(await calls.newTemplate())
    expect([status, violations('TemplateResponse', body)]).toEqual([200, []])
    const { testId } = body.endpointTests.http
    const portal = await read(`${paths.http}/${testId}`)
    expect(violations('EndpointHttpServerTest', portal)).toEqual([])
    expect(portal).toMatchObject({
      testName: 'Paris - portal',
      url: 'https://a.example/home',
      interval: 300,
      isPrioritized: true,
      isEnabled: true,
      httpTargetTime: 900,
      httpTimeLimit: 10_000,
      verifyCertificate: false,
      authType: 'basic',
      username: 'probe',
      protocol: 'prefer-tcp',
      tcpProbeMode: 'sack',
      hasPathTraceInSession: true,
      agentSelectorConfig: { agentSelectorType: 'specific-agents', agents: [laptop], maxMachines: 5 },
    })
    // Settings that v7 has no key for are told by what was deployed, and by no test.
    expect(body.endpointTests.http.httpConfig).toMatchObject({
      expectedResponseCode: 200,
      targetFetchTime: 2000,
    })
    expect(Object.keys(portal)).not.toContain('expectedResponseCode')
    const vpn = await read(`${paths.network}/${body.endpointTests.network.testId}`)
    expect(violations('EndpointAgentToServerTest', vpn)).toEqual([])
    expect(vpn).toMatchObject({
      testName: 'Paris - vpn',
      server: 'a.example',
      port: 8443,
      interval: 60,
      isEnabled: false,
      isPrioritized: false,
      protocol: 'icmp',
      agentSelectorConfig: { agentSelectorType: 'all-agents' },
    })
  })

  test('makes a dynamic one, which needs its application', async () => {
    const meetings = { ...network, testCategory: 'DYNAMIC_APP_TEST', name: 'Meetings', tagIds: undefined }
    expect(await calls.refusal(await calls.newTemplate({ endpointTests: { meetings } }))).toEqual([
      400,
      'endpointTests.meetings.application',
    ])
    const tags = { site: template.tags.site }
    const id = await calls.newTemplate({
      tags,
      endpointTests: { meetings: { ...meetings, application: 'zoom' } },
    })
    const { body } = await calls.deploy(id)
    expect(await read(`${paths.dynamic}/${body.endpointTests.meetings.testId}`)).toMatchObject({
      testName: 'Meetings',
      application: 'zoom',
      isEnabled: false,
    })
  })

  test('has their results, and their tags on them', async () => {
    const { body } = await calls.deploy(await calls.newTemplate())
    const { http: portal, network: vpn } = body.endpointTests
    const { status } = await calls.call(
      'GET',
      `/endpoint/test-results/scheduled-tests/${portal.testId}/http-server`,
    )
    expect(status).toBe(200)
    const assigned = async (id: string) =>
      (await calls.call('GET', `/tags/${id}`, { query: 'expand=assignments' })).body
    expect(await assigned(body.tags.site.id)).toMatchObject({
      assignments: [{ id: portal.testId, type: 'endpoint-test' }],
    })
    expect(await assigned(body.tags.kind.id)).toMatchObject({
      assignments: [{ id: vpn.testId, type: 'endpoint-test' }],
    })
    await calls.call('DELETE', `${paths.http}/${portal.testId}`)
    expect(await assigned(body.tags.site.id)).toMatchObject({ assignments: [] })
  })

  test.each([
    [
      'an agent of another account group',
      { userInputValues: { host: 'a', laptops: [foreignLaptop] } },
      'http.agents',
    ],
    ['a type that is none', { endpointTests: { http: { testType: 'Toaster' } } }, 'http.testType'],
    [
      'an HTTP test of applications',
      { endpointTests: { http: { testCategory: 'DYNAMIC_APP_TEST' } } },
      'http.testType',
    ],
    ['no URL', { endpointTests: { http: { httpConfig: {} } } }, 'http.url'],
    [
      'an interval that is none',
      { endpointTests: { network: { genericConfig: { interval: 7 } } } },
      'network.interval',
    ],
    [
      'an agent for no reason',
      { endpointTests: { network: { machineConfig: { monitoringSettingsType: 'SPECIFIC_AGENTS' } } } },
      'network.agents',
    ],
    [
      'a tag that is not there',
      { endpointTests: { network: { tagIds: ['7e3f1c52-0d34-4d44-a7ac-0000000000ff'] } } },
      'network.tagIds',
    ],
    [
      'a label that is not there',
      { endpointTests: { network: { testLabelIds: [17] } } },
      'network.testLabelIds',
    ],
    [
      'an alert rule that is not there',
      { endpointTests: { network: { alertRules: [{ ruleId: 17 }] } } },
      'network.alertRules',
    ],
    [
      'a test, which comes beside it',
      { endpointTests: { network: { name: '{{endpointTests.http.testId}}' } } },
      'network',
    ],
    [
      'an authentication that v7 does not have',
      { endpointTests: { http: { httpConfig: { ...http.httpConfig, authType: 'KERBEROS' } } } },
      'http.authType',
    ],
    ['what is no object', { endpointTests: { network: 5 } }, 'network'],
    [
      'settings that are no object',
      { endpointTests: { network: { machineConfig: 'x' } } },
      'network.machineConfig',
    ],
    [
      'a category that is none',
      { endpointTests: { network: { testCategory: 'TEST' } } },
      'network.testCategory',
    ],
    ['an alert rule in text', { endpointTests: { network: { alertRules: '[17]' } } }, 'network.alertRules'],
  ])('400 for %s, and makes nothing', async (_, change, field) => {
    const id = await calls.newTemplate()
    const before = await everything()
    expect(await calls.refusal(id, change)).toEqual([400, `endpointTests.${field}`])
    expect(await everything()).toEqual(before)
  })

  test('403 for a Regular User and for a role without endpoint tests, and makes nothing', async () => {
    const id = await calls.newTemplate()
    expect((await calls.deploy(id, {}, { as: viewer })).status).toBe(403)
    const { permissions } = await read('/permissions')
    const wanted = [
      'API access',
      'View tests',
      'Edit tests',
      'View labels',
      'Edit labels',
      'View endpoint tests',
    ]
    const permissionIds = permissions
      .filter(({ label }: { label: string }) => wanted.includes(label))
      .map(({ permissionId }: { permissionId: string }) => permissionId)
    expect(permissionIds).toHaveLength(wanted.length)
    const { body: role } = await calls.call('POST', '/roles', {
      body: { name: 'Testers', permissions: permissionIds },
    })
    const accountGroupRoles = [{ accountGroupId: '1101', roleIds: [role.roleId] }]
    const { body: viewerUser } = await calls.call('GET', '/users/1003')
    await calls.call('PUT', '/users/1003', {
      body: {
        name: viewerUser.name,
        email: viewerUser.email,
        loginAccountGroupId: '1101',
        accountGroupRoles,
      },
    })
    const { status, text } = await calls.deploy(id, {}, { as: viewer })
    expect(status).toBe(403)
    expect(text).toContain('Edit endpoint tests')
    expect(await named('Paris')).toEqual([])
  })

  test('makes those of the account group that is asked for', async () => {
    const id = await calls.newTemplate()
    await calls.call('PUT', `/templates/${id}/sharing-settings`, { body: { scope: 'organization' } })
    const userInputValues = { host: 'a.example', laptops: [foreignLaptop] }
    expect((await calls.deploy(id, { userInputValues }, { aid: '1102', as: ops })).status).toBe(200)
    expect(await named('Paris')).toEqual([])
    expect((await calls.deploy(id, {}, { aid: '1102', as: ops })).status).toBe(400)
  })
})

describe('deploying a template with endpoint tests again', () => {
  test('leaves what has not changed', async () => {
    const id = await calls.newTemplate()
    const first = await calls.deploy(id)
    const before = await endpointTests()
    calls.clock.advance(60)
    expect((await calls.deploy(id)).body.endpointTests).toEqual(first.body.endpointTests)
    expect(await endpointTests()).toEqual(before)
  })

  test('makes a changed one anew, under create by another name alone', async () => {
    const id = await calls.newTemplate()
    await calls.deploy(id)
    const slow = { endpointTests: { network: { genericConfig: { interval: 600, priority: 0 } } } }
    expect(await calls.refusal(id, slow)).toEqual([400, 'endpointTests.network.testName'])
    const renamed = await calls.deploy(id, { endpointTests: { network: { testName: 'Paris - vpn 2' } } })
    expect(renamed.status).toBe(200)
    expect(await named('Paris')).toEqual(['Paris - portal', 'Paris - vpn', 'Paris - vpn 2'])
  })

  test.each([
    ['update', [{ agentSelectorType: 'all-agents', maxMachines: 7 }, 'https://b.example/home', true]],
    ['ignore', [{ agentSelectorType: 'specific-agents', maxMachines: 5 }, 'https://a.example/home', true]],
  ])('under %s keeps its id, and is then %j', async (strategy, [agentSelectorConfig, url]) => {
    const id = await calls.newTemplate({ deploymentStrategy: { http: strategy, network: strategy } })
    const { body } = await calls.deploy(id)
    const machineConfig = { monitoringSettingsType: 'ANY_AGENT', maxMachines: 7 }
    const again = await calls.deploy(id, {
      userInputValues: { host: 'b.example', laptops: [laptop] },
      endpointTests: { http: { machineConfig } },
    })
    expect(again.body.endpointTests.http.testId).toBe(body.endpointTests.http.testId)
    expect(await read(`${paths.http}/${body.endpointTests.http.testId}`)).toMatchObject({
      agentSelectorConfig,
      url,
    })
    expect(await named('Paris')).toHaveLength(2)
  })

  test('changes one that it names by its id, and never makes it', async () => {
    const id = await calls.newTemplate()
    const [seeded] = (await read(paths.network)).tests
    const named = (testId: string) => ({ endpointTests: { network: { testId, testName: 'Taken over' } } })
    expect((await calls.deploy(id, named(seeded.testId))).status).toBe(200)
    expect(await read(`${paths.network}/${seeded.testId}`)).toMatchObject({
      testName: 'Taken over',
      port: 8443,
    })
    expect(await calls.refusal(id, named('110701'))).toEqual([400, 'endpointTests.network.testId'])
  })
})
