import { describe, expect, test } from 'vitest'
import { startPanoptes } from '../support/panoptes.ts'
import { connect, sdWan, viewer } from './integrations.ts'
import { callV7 } from './v7.ts'

/** What SD-WAN Manager deploys for a branch: two tests whose fields come from what the user fills in. */
const branchTemplate = {
  name: 'Branch health',
  description: 'Reachability of an application from the branches',
  userInputs: {
    domain: { name: 'Application', type: 'string' },
    interval: { name: 'Interval', type: 'number', defaultValue: 300 },
    agents: { name: 'Branch routers', type: 'agents' },
  },
  tests: {
    application: {
      type: 'http-server',
      testName: '{{name}} - {{userInputs.domain}}',
      url: 'https://{{userInputs.domain}}',
      interval: '{{userInputs.interval}}',
      agents: '{{userInputs.agents}}',
    },
    network: {
      type: 'agent-to-server',
      testName: '{{name}} - network',
      server: '{{userInputs.domain}}',
      port: 443,
      interval: '{{userInputs.interval}}',
      agents: '{{userInputs.agents}}',
    },
  },
}

describe('Cisco SD-WAN Manager, templates', () => {
  test('creates a template, deploys it with what the user filled in, and finds the tests that it made', async () => {
    await using service = await startPanoptes()
    const { access_token: token } = await connect(service, sdWan)
    const created = await callV7<{ id: string }>(service, token, '/v7/templates', {
      method: 'POST',
      json: branchTemplate,
    })
    expect(created).toMatchObject({ status: 201, body: { name: 'Branch health' } })
    expect(new URL(created.headers.get('location') ?? '').pathname).toBe(`/v7/templates/${created.body.id}`)
    expect(await callV7(service, token, '/v7/templates?name=Branch%20health')).toMatchObject({
      status: 200,
      body: { templates: [{ id: created.body.id }] },
    })

    const deployed = await callV7(service, token, `/v7/templates/${created.body.id}/deploy`, {
      method: 'POST',
      json: {
        name: 'Austin',
        userInputValues: { domain: 'crm.example', interval: 120, agents: [{ agentId: '110201' }] },
      },
    })
    expect(deployed.status).toBe(200)
    expect(deployed.headers.get('x-template-deploy-rate-limit-limit')).toBe('10')
    expect(deployed.headers.get('x-template-deploy-rate-limit-remaining')).toBe('9')

    const { body } = await callV7<{ tests: { testId: string; testName: string; type: string }[] }>(
      service,
      token,
      '/v7/tests',
    )
    const made = body.tests.filter(({ testName }) => testName.startsWith('Austin - '))
    expect(made.map(({ testName, type }) => [testName, type]).sort()).toEqual([
      ['Austin - crm.example', 'http-server'],
      ['Austin - network', 'agent-to-server'],
    ])
    const http = made.find(({ type }) => type === 'http-server')
    expect(await callV7(service, token, `/v7/tests/http-server/${http?.testId}?expand=agent`)).toMatchObject({
      body: { url: 'https://crm.example', interval: 120, agents: [{ agentId: '110201' }] },
    })
  })

  test('deploys endpoint tests and labels with it, and is shown no password of theirs', async () => {
    await using service = await startPanoptes()
    const { access_token: token } = await connect(service, sdWan)
    const { name, userInputs, tests } = branchTemplate
    const template = {
      name,
      userInputs,
      labels: { site: { name: '{{name}} site', type: 'tests' } },
      tests: { application: { ...tests.application, groups: [{ groupId: '{{labels.site.groupId}}' }] } },
      endpointTests: {
        laptops: {
          testName: '{{name}} - laptops',
          testType: 'Http',
          testCategory: 'SCHEDULED_TEST',
          genericConfig: { interval: 300, priority: 0 },
          networkConfig: {},
          machineConfig: { monitoringSettingsType: 'ANY_AGENT', maxMachines: 25 },
          httpConfig: { url: 'https://{{userInputs.domain}}', username: 'probe', password: 'pw-of-laptops' },
        },
      },
    }
    const created = await callV7<{ id: string }>(service, token, '/v7/templates', {
      method: 'POST',
      json: template,
    })
    const deployed = await callV7<{
      labels: { site: { groupId: string } }
      tests: { application: { testId: string } }
      endpointTests: { laptops: { testId: string } }
    }>(service, token, `/v7/templates/${created.body.id}/deploy`, {
      method: 'POST',
      json: { name: 'Austin', userInputValues: { domain: 'crm.example', agents: [{ agentId: '110201' }] } },
    })
    expect(deployed).toMatchObject({
      status: 200,
      body: {
        endpointTests: { laptops: { testName: 'Austin - laptops', httpConfig: { password: '******' } } },
      },
    })
    expect(JSON.stringify([created.body, deployed.body])).not.toContain('pw-of-laptops')
    expect(deployed.body.endpointTests.laptops.testId).toMatch(/^\d+$/)
    const path = `/v7/tests/http-server/${deployed.body.tests.application.testId}?expand=label`
    expect(await callV7(service, token, path)).toMatchObject({
      body: { labels: [{ labelId: deployed.body.labels.site.groupId, name: 'Austin site' }] },
    })
  })

  test('finds the built-in template for a branch and deploys it', async () => {
    await using service = await startPanoptes()
    const { access_token: token } = await connect(service, sdWan)
    const { body } = await callV7<{ templates: { id: string; isBuiltIn: boolean }[] }>(
      service,
      token,
      '/v7/templates?name=SD-WAN%20Branch',
    )
    const [template] = body.templates
    expect(template?.isBuiltIn).toBe(true)
    const deployed = await callV7(service, token, `/v7/templates/${template?.id}/deploy`, {
      method: 'POST',
      json: { name: 'Austin', userInputValues: { target: 'crm.example', agents: [{ agentId: '110201' }] } },
    })
    expect(deployed.status).toBe(200)
    const tests = await callV7<{ tests: { testName: string }[] }>(service, token, '/v7/tests')
    expect(tests.body.tests.filter(({ testName }) => testName.includes('Austin')).length).toBeGreaterThan(1)
  })

  test('deploys nothing without templates:deploy, and nothing for a Regular User', async () => {
    await using service = await startPanoptes()
    const admins = await connect(service, sdWan, { scope: 'templates:manage' })
    const { body } = await callV7<{ id: string }>(service, admins.access_token, '/v7/templates', {
      method: 'POST',
      json: branchTemplate,
    })
    const viewers = await connect(service, sdWan, { credentials: viewer })
    for (const { access_token: token } of [admins, viewers]) {
      const refused = await callV7(service, token, `/v7/templates/${body.id}/deploy`, {
        method: 'POST',
        json: {},
      })
      expect(refused.status).toBe(403)
    }
  })
})
