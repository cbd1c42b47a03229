import { beforeEach, describe, expect, test } from 'vitest'
import { ops } from './emulator-calls.ts'
import { violations } from './schema-check.ts'
import { laptopsTest, openTemplates, type TemplateCalls } from './template-calls.ts'

const web = {
  type: 'http-server',
  testName: '{{name}} - web',
  url: 'https://a.example',
  interval: 300,
  agents: [{ agentId: 110201 }],
  groups: [{ groupId: '{{labels.office.groupId}}' }],
}
const laptops = {
  ...laptopsTest,
  testType: 'Network',
  server: { serverName: 'a.example', port: 443 },
  testLabelIds: '[{{labels.machines.groupId}}]',
}
const template = {
  name: 'Office',
  labels: {
    office: { name: '{{name}} label', type: 'tests' },
    machines: { name: '{{name}} machines', type: 'endpoint_tests' },
  },
  tests: { web },
  endpointTests: { laptops },
}
const existing = '110301'

let calls: TemplateCalls
beforeEach(async () => {
  calls = await openTemplates(template)
})

const labelsOf = async (type: string, testId: string) =>
  (await calls.call('GET', `/tests/${type}/${testId}`, { query: 'expand=label' })).body.labels

describe('deploying a template with labels', () => {
  test('makes them, and its tests and endpoint tests have them', async () => {
    const { status, body } = await calls.deploy(await calls.newTemplate())
    expect([status, violations('TemplateResponse', body)]).toEqual([200, []])
    const { office, machines } = body.labels
    expect(await labelsOf('http-server', body.tests.web.testId)).toEqual([
      { labelId: office.groupId, name: 'Paris label', isBuiltin: false },
    ])
    const { testId } = body.endpointTests.laptops
    const path = `/endpoint/tests/scheduled-tests/agent-to-server/${testId}`
    const { body: shown } = await calls.call('GET', path)
    expect(violations('EndpointAgentToServerTest', shown)).toEqual([])
    expect(shown.labels).toEqual([{ labelId: machines.groupId, name: 'Paris machines', isBuiltin: false }])
  })

  test('hangs them on tests that are there, beside the labels that these have', async () => {
    const first = await calls.newTemplate({
      labels: { one: { name: 'One', tests: [{ testId: Number(existing) }] } },
      tests: {},
      endpointTests: {},
    })
    const second = await calls.newTemplate({
      labels: { two: { name: 'Two', tests: [{ testId: existing }] } },
      tests: {},
      endpointTests: {},
    })
    await calls.deploy(first)
    await calls.deploy(second)
    const labels: readonly { name: string }[] = await labelsOf('http-server', existing)
    expect(labels.map(({ name }) => name)).toEqual(['One', 'Two'])
  })

  test('groups widgets by them, under their names', async () => {
    const dashboards = {
      overview: {
        title: 'Overview',
        widgets: [
          {
            type: 'Bar Chart: Stacked',
            title: 'By label',
            metricGroup: 'Web - HTTP Server',
            metric: 'Response Time',
            measure: { type: 'Median' },
            dataSource: 'Cloud & Enterprise Agents',
            axisGroupBy: 'TEST_LABEL',
            filters: { 'Test Labels': '[{{labels.office.groupId}}]' },
          },
        ],
      },
    }
    const { body } = await calls.deploy(await calls.newTemplate({ dashboards }))
    const { dashboardId } = body.dashboards.overview
    const { body: dashboard } = await calls.call('GET', `/dashboards/${dashboardId}`)
    const { body: shown } = await calls.call(
      'GET',
      `/dashboards/${dashboardId}/widgets/${dashboard.widgets[0].id}`,
    )
    expect(JSON.stringify(shown.groupLabels)).toContain('Paris label')
  })

  test.each([
    ['a name', { labels: { office: { name: '' } } }, 'labels.office.name'],
    ['a type that is one', { labels: { office: { type: 'agents' } } }, 'labels.office.type'],
    ['a test that is there', { labels: { office: { tests: [{ testId: '1' }] } } }, 'labels.office.tests'],
    [
      'a test of its own account group',
      { labels: { office: { tests: [{ testId: '110601' }] } } },
      'labels.office.tests',
    ],
    ['a label that is there', { tests: { web: { groups: [{ groupId: 1 }] } } }, 'tests.web.groups'],
    [
      'a label for tests',
      { tests: { web: { groups: '[{{labels.machines.groupId}}]' } } },
      'tests.web.groups',
    ],
    [
      'a label for endpoint tests',
      { endpointTests: { laptops: { testLabelIds: '[{{labels.office.groupId}}]' } } },
      'endpointTests.laptops.testLabelIds',
    ],
    [
      'a label that names no other asset',
      { labels: { office: { name: '{{tests.web.testName}}' } } },
      'labels.office',
    ],
  ])('400 without %s, and makes nothing', async (_, change, field) => {
    const id = await calls.newTemplate()
    expect(await calls.refusal(id, change)).toEqual([400, field])
    const { body: list } = await calls.call('GET', '/tests')
    expect(list.tests.map(({ testName }: { testName: string }) => testName)).not.toContain('Paris - web')
  })

  test('leaves them at the second time, and shares them under ignore alone', async () => {
    const only = { tests: {}, endpointTests: {}, labels: { shared: { name: 'Shared', type: 'tests' } } }
    const id = await calls.newTemplate(only)
    const { body: first } = await calls.deploy(id)
    expect((await calls.deploy(id)).body.labels.shared.groupId).toBe(first.labels.shared.groupId)
    expect(await calls.refusal(await calls.newTemplate(only))).toEqual([400, 'labels.shared.name'])
    const ignoring = await calls.newTemplate({ ...only, deploymentStrategy: { shared: 'ignore' } })
    expect((await calls.deploy(ignoring)).body.labels.shared.groupId).toBe(first.labels.shared.groupId)
  })

  test('keeps their type, which says what they hang on', async () => {
    const id = await calls.newTemplate()
    const { body: first } = await calls.deploy(id)
    expect(await calls.refusal(id, { labels: { office: { type: 'endpoint_tests' } } })).toEqual([
      400,
      'labels.office.type',
    ])
    const again = await calls.deploy(id, { labels: { office: { name: 'Renamed' } } })
    expect(again.body.labels.office.groupId).toBe(first.labels.office.groupId)
    expect((await labelsOf('http-server', first.tests.web.testId))[0].name).toBe('Renamed')
  })

  test('tells no other account group what they are called', async () => {
    const { body } = await calls.deploy(await calls.newTemplate())
    const labels = [body.labels.office.groupId]
    const test = {
      testName: 'Nosy',
      url: 'https://x.example',
      interval: 300,
      agents: [{ agentId: '110501' }],
      labels,
    }
    const options = { aid: '1102', as: ops }
    const made = await calls.call('POST', '/tests/http-server', { ...options, body: test })
    expect(made.status).toBe(201)
    const { body: shown } = await calls.call('GET', `/tests/http-server/${made.body.testId}`, {
      ...options,
      query: 'expand=label',
    })
    expect(shown.labels).toEqual([{ labelId: labels[0], name: labels[0], isBuiltin: false }])
    const named = { labels: { office: { groupId: labels[0], name: 'Mine' } } }
    const id = await calls.newTemplate({ tests: {}, endpointTests: {}, labels: { office: { name: 'x' } } })
    await calls.call('PUT', `/templates/${id}/sharing-settings`, { body: { scope: 'organization' } })
    expect(await calls.refusal(id, named, options)).toEqual([400, 'labels.office.groupId'])
  })
})
