import { beforeEach, describe, expect, test } from 'vitest'
import { viewer } from './emulator-calls.ts'
import { violations } from './schema-check.ts'
import { openTemplates, type TemplateCalls } from './template-calls.ts'

const web = {
  type: 'http-server',
  testName: '{{name}} - web',
  url: 'https://{{userInputs.host}}',
  interval: 300,
  agents: [{ agentId: 110201 }],
}
const health = {
  name: '{{name}} - health',
  context: [
    {
      dataSourceId: 'VIRTUAL_AGENT',
      filters: [{ filterId: 'TEST', values: ['{{tests.web.testId}}'], metricIds: '["WEB_TTFB"]' }],
    },
  ],
}
const overview = {
  title: '{{name}} - overview',
  description: 'Of {{userInputs.host}}',
  globalFilterId: '{{dashboardFilters.health.id}}',
  refreshRate: '5m',
  widgets: [
    {
      type: 'Bar Chart: Stacked',
      title: '{{name}}',
      metricGroup: 'Web - HTTP Server',
      metric: 'Response Time',
      measure: { type: 'Median' },
      axisGroupBy: 'Continents',
      dataSource: 'Cloud & Enterprise Agents',
      filters: { Tests: '[{{tests.web.testId}}]', 'Test Tags': '[{{tags.site.id}}]' },
    },
    { type: 'Number', numberCards: [{ description: 'Loss', metric: 'NET_LOSS' }] },
  ],
}
const template = {
  name: 'Office',
  userInputs: { host: { name: 'host', type: 'string' } },
  tags: { site: { key: 'site', value: '{{name}}', objectType: 'test', accessType: 'all' } },
  tests: { web },
  dashboardFilters: { health },
  dashboards: { overview },
}

let calls: TemplateCalls
beforeEach(async () => {
  calls = await openTemplates(template, { userInputValues: { host: 'a.example' } })
})

const titles = async () => {
  const { body } = await calls.call('GET', '/dashboards')
  return body.slice(1).map(({ title }: { title: string }) => title)
}
const filterNames = async () => {
  const { body } = await calls.call('GET', '/dashboards/filters')
  return body.dashboardFilters.map(({ name }: { name: string }) => name)
}
const read = async (dashboardId: string) => (await calls.call('GET', `/dashboards/${dashboardId}`)).body

describe('deploying a template with a dashboard', () => {
  test('makes the filter and the dashboard, which refer to what was made before them', async () => {
    const { status, body } = await calls.deploy(await calls.newTemplate())
    expect([status, violations('TemplateResponse', body)]).toEqual([200, []])
    const { testId } = body.tests.web
    const filterId = body.dashboardFilters.health.id
    const dashboard = await read(body.dashboards.overview.dashboardId)
    expect(dashboard).toMatchObject({
      title: 'Paris - overview',
      description: 'Of a.example',
      globalFilterId: filterId,
      refreshRate: '5m',
    })
    const filter = await calls.call('GET', `/dashboards/filters/${filterId}`)
    expect(filter.body).toMatchObject({
      name: 'Paris - health',
      context: [{ filters: [{ values: [testId], metricIds: ['WEB_TTFB'] }] }],
    })
  })

  test('brings the words of the web application to those of v7, and the widgets show data', async () => {
    const { body } = await calls.deploy(await calls.newTemplate())
    const { dashboardId } = body.dashboards.overview
    const [bars, numbers] = (await read(dashboardId)).widgets
    expect(bars).toMatchObject({
      title: 'Paris',
      metricGroup: 'HTTP_SERVER',
      metric: 'WEB_TTFB',
      measure: { type: 'MEDIAN' },
      axisGroupBy: 'CONTINENT',
      dataSource: 'CLOUD_AND_ENTERPRISE_AGENTS',
      filters: { TEST: [Number(body.tests.web.testId)], TEST_TAG: [body.tags.site.id] },
    })
    expect(numbers.numberCards[0].id).toMatch(/^[a-z\d]{5}$/)
    await calls.call('POST', `/tags/${body.tags.site.id}/assign`, {
      body: { assignments: [{ id: body.tests.web.testId, type: 'test' }] },
    })
    const { body: shown } = await calls.call('GET', `/dashboards/${dashboardId}/widgets/${bars.id}`)
    expect(shown.data.points[0].groups[0]).toEqual({
      groupProperty: 'CONTINENT',
      groupValue: 'North America',
    })
  })

  test('again leaves it, and changes it in its place when it has changed', async () => {
    const id = await calls.newTemplate()
    const first = await calls.deploy(id)
    const { dashboardId } = first.body.dashboards.overview
    const before = await read(dashboardId)
    calls.clock.advance(60)
    expect((await calls.deploy(id)).body.dashboards.overview.dashboardId).toBe(dashboardId)
    expect(await read(dashboardId)).toEqual(before)
    const change = { dashboards: { overview: { description: 'New' } } }
    const changed = await calls.deploy(id, change)
    expect(changed.body.dashboards.overview.dashboardId).toBe(dashboardId)
    expect(await read(dashboardId)).toMatchObject({ description: 'New', title: before.title })
    expect([await titles(), await filterNames()]).toEqual([['Paris - overview'], ['Paris - health']])
  })

  test.each([
    ['update', 'Of b.example'],
    ['ignore', 'Of a.example'],
  ])(
    'under %s shares one dashboard among templates, whose description is then %s',
    async (strategy, description) => {
      const shared = { title: 'Health Overview', description: 'Of {{userInputs.host}}', widgets: [] }
      const change = {
        tests: {},
        tags: {},
        dashboardFilters: {},
        dashboards: { overview: shared },
        deploymentStrategy: { overview: strategy },
      }
      const first = await calls.deploy(await calls.newTemplate(change))
      const second = await calls.deploy(await calls.newTemplate(change), {
        userInputValues: { host: 'b.example' },
      })
      const { dashboardId } = second.body.dashboards.overview
      expect(dashboardId).toBe(first.body.dashboards.overview.dashboardId)
      expect((await read(dashboardId)).description).toBe(description)
    },
  )

  test('changes one that it names by its id, which is made by no template for that', async () => {
    const { body: mine } = await calls.call('POST', '/dashboards', { body: { title: 'Health' } })
    const none = { tests: {}, tags: {}, dashboardFilters: {} }
    const named = { ...none, dashboards: { overview: { dashboardId: mine.dashboardId, title: 'Health 2' } } }
    expect((await calls.deploy(await calls.newTemplate(named))).status).toBe(200)
    expect(await titles()).toEqual(['Health 2'])
    const sharing = {
      dashboards: { overview: { title: 'Health 2' } },
      deploymentStrategy: { overview: 'ignore' },
    }
    const { body } = await calls.deploy(await calls.newTemplate({ ...none, ...sharing }))
    expect(body.dashboards.overview.dashboardId).not.toBe(mine.dashboardId)
    expect(await titles()).toEqual(['Health 2', 'Health 2'])
  })

  test('under create refuses the title of another deployment, and does not know dashboards of others', async () => {
    const change = {
      tests: {},
      tags: {},
      dashboardFilters: {},
      dashboards: { overview: { title: 'Health' } },
    }
    await calls.call('POST', '/dashboards', { body: { title: 'Health' } })
    expect((await calls.deploy(await calls.newTemplate(change))).status).toBe(200)
    expect(await calls.refusal(await calls.newTemplate(change))).toEqual([400, 'dashboards.overview.title'])
    expect(await titles()).toEqual(['Health', 'Health'])
  })

  test.each([
    [
      'a widget that is none',
      { dashboards: { overview: { widgets: [{ type: 'Gauge' }] } } },
      'dashboards.overview.widgets[0].type',
    ],
    [
      'a filter that is not there',
      { dashboards: { overview: { globalFilterId: '0' } } },
      'dashboards.overview.globalFilterId',
    ],
    [
      'a filter without a name',
      { dashboardFilters: { health: { name: '' } } },
      'dashboardFilters.health.name',
    ],
    ['what comes later', { tests: { web: { description: '{{dashboards.overview.title}}' } } }, 'tests.web'],
    [
      'a label that the template does not make',
      { dashboards: { overview: { title: '{{labels.one.groupId}}' } } },
      'dashboards.overview',
    ],
  ])('400 for %s, and makes nothing', async (_, change, field) => {
    expect(await calls.refusal(await calls.newTemplate(), change)).toEqual([400, field])
    expect([await titles(), await filterNames()]).toEqual([[], []])
  })

  test('leaves it out where it is skipped, and 403 for a Regular User', async () => {
    const id = await calls.newTemplate({ resourceInclusion: { overview: 'skipped', health: 'skipped' } })
    const { status, body } = await calls.deploy(id)
    expect(status).toBe(200)
    expect(body.dashboards.overview).not.toHaveProperty('dashboardId')
    expect(await titles()).toEqual([])
    expect((await calls.deploy(id, {}, { as: viewer })).status).toBe(403)
  })
})
