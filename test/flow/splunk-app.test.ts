import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postForm } from '../support/device.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { admin, splunkApp } from './integrations.ts'
import {
  addAccount,
  addInSplunk,
  authorizeInSplunk,
  callFromSplunk,
  type SplunkCall,
  type StoredAccount,
} from './splunk-client.ts'
import type { V7Answer } from './v7.ts'

describe('Splunk ThousandEyes App, adding an account', () => {
  test('shows the pending error to a user who is too early, then takes the tokens in one call', async () => {
    await using service = await startPanoptes()
    const code = await authorizeInSplunk(service)
    expect(code['verification_url']).toBe(`${service.url}/oauth2/device`)
    await expect(addInSplunk(service, String(code['device_code']))).rejects.toThrow(/pending/)

    const person = new Person()
    await person.open(String(code['verification_url']))
    await person.press('Continue', { user_code: String(code['user_code']).toLowerCase() })
    await person.press('Continue')
    await person.signIn(admin.email, admin.password)
    for (const scope of splunkApp.scope.split(' ')) expect(person.page?.text).toContain(scope)
    await person.press('Confirm')

    const account = await addInSplunk(service, String(code['device_code']))
    const user = await callFromSplunk<{ email: string }>(service, account, {
      method: 'GET',
      path: '/users/current',
    })
    expect(user.body.email).toBe(admin.email)
    await expect(addInSplunk(service, String(code['device_code']))).rejects.toThrow()
  })

  test('shows why a device authorization was refused', async () => {
    await using service = await startPanoptes()
    const refused = await postForm(`${service.url}/v7/oauth2/device/authorization`, {
      scope: splunkApp.scope,
      client_id: 'nobody',
    })
    expect(refused.status).toBe(401)
    expect(refused.body['error_description']).toBeTypeOf('string')
  })

  test('asks for the documented alerts:read as well, or for every scope it ever asked for', async () => {
    await using service = await startPanoptes()
    for (const scope of [
      'alerts:read endpoint-tests:read organization:read tests:read streams:manage',
      `${splunkApp.scope} alerts:read`,
    ]) {
      const { status } = await postForm(`${service.url}/v7/oauth2/device/authorization`, {
        scope,
        client_id: splunkApp.clientId,
      })
      expect(status).toBe(200)
    }
  })
})

describe('Splunk ThousandEyes App, the calls of its inputs and forms', () => {
  let service: RunningPanoptes
  let account: StoredAccount

  beforeAll(async () => {
    service = await startPanoptes()
    account = await addAccount(service)
  })
  afterAll(() => service.stop())

  const call = <Body>(method: SplunkCall['method'], path: string, json?: unknown): Promise<V7Answer<Body>> =>
    callFromSplunk<Body>(service, account, { method, path, ...(json === undefined ? {} : { json }) })
  const get = <Body = Record<string, unknown>>(path: string): Promise<V7Answer<Body>> =>
    call<Body>('GET', path)

  test.each([
    ['/account-groups', 'accountGroups'],
    ['/tests?aid=1101', 'tests'],
    ['/endpoint/tests/scheduled-tests?aid=1101', 'tests'],
    ['/endpoint/tests/dynamic-tests/agent-to-server?aid=1101', 'tests'],
    ['/tags?aid=1101&expand=assignments', 'tags'],
    ['/alerts/rules?aid=1101', 'alertRules'],
  ])('fills a list from GET %s', async (path, name) => {
    const { status, body, headers } = await get(path)
    expect(status).toBe(200)
    expect(body[name]).toEqual(expect.arrayContaining([expect.any(Object)]))
    expect(headers.get('content-type')).toMatch(/json/)
  })

  const at = (seconds: number): string =>
    `${new Date(Date.now() + seconds * 1000).toISOString().slice(0, 19)}Z`
  const week = `startDate=${at(-604_800)}&endDate=${at(0)}`
  const day = `startDate=${at(-86_400)}&endDate=${at(60)}`

  test('collects the events of a week', async () => {
    const { body } = await get<{ aid: string; events: unknown[] }>(`/events?aid=1101&${week}`)
    expect(body.aid).toBe('1101')
    expect(body.events.length).toBeGreaterThan(0)
  })

  test.each([
    ['one account group', 'aid=1101'],
    ['all account groups', 'useAllPermittedAids=true'],
  ])('collects the activity log of %s, with the sign-in that added the account', async (_, which) => {
    const { body } = await get(`/audit-user-events?${which}&${day}`)
    expect(body['auditEvents']).toContainEqual(
      expect.objectContaining({ user: expect.stringContaining(admin.email), aid: '1101' }),
    )
  })

  test('collects the path visualisation of its tests', async () => {
    const tests = await get<{ tests: { testId: string; type: string }[] }>('/tests?aid=1101')
    const test = tests.body.tests.find(({ type }) => type === 'agent-to-server')
    expect(await get(`/test-results/${test?.testId}/path-vis?aid=1101&window=1h`)).toMatchObject({
      status: 200,
      body: { results: expect.any(Array) },
    })
  })

  test.each([
    ['scheduled', '/endpoint/tests/scheduled-tests', '/endpoint/test-results/scheduled-tests'],
    ['dynamic', '/endpoint/tests/dynamic-tests/agent-to-server', '/endpoint/test-results/dynamic-tests'],
  ])('collects the path visualisation of %s endpoint tests', async (_, list, results) => {
    const { body } = await get<{ tests: { testId: string }[] }>(`${list}?aid=1101`)
    const [first] = body.tests
    expect(first?.testId).toBeTypeOf('string')
    expect(await get(`${results}/${first?.testId}/path-vis?aid=1101&window=1h`)).toMatchObject({
      status: 200,
      body: { results: expect.any(Array) },
    })
  })

  test('creates a webhook and a connector, joins them, adds the webhook to an alert rule, and takes all of it away', async () => {
    const webhook = await call<{ id: string }>('POST', '/operations/webhooks?aid=1101', {
      name: 'Splunk alerts',
      enabled: true,
      category: 'alerts',
      status: 'pending',
      type: 'webhook',
      path: '/services/collector/event',
      payload: '{"event":"{{alert.id}}"}',
      headers: [{ name: 'Content-Type', value: 'application/json' }],
    })
    const connector = await call<{ id: string }>('POST', '/connectors/generic?aid=1101', {
      type: 'generic',
      name: 'Splunk HEC',
      target: 'https://splunk.example:8088',
      headers: [{ name: 'Authorization', value: 'Splunk 11111111-2222-3333-4444-555555555555' }],
    })
    expect([webhook.status, connector.status]).toEqual([201, 201])
    expect(await get('/operations/webhooks?aid=1101')).toMatchObject({
      body: { items: [{ id: webhook.body.id, name: 'Splunk alerts' }] },
    })

    const joined = `/connectors/generic/${connector.body.id}/operations?aid=1101`
    await call('PUT', joined, [webhook.body.id])
    expect(await get(joined)).toMatchObject({ body: { items: [webhook.body.id] } })
    expect(await get(`/operations/webhooks/${webhook.body.id}/connectors?aid=1101`)).toMatchObject({
      body: { items: [connector.body.id] },
    })

    const rules = await get<{ alertRules: { ruleId: string }[] }>('/alerts/rules?aid=1101')
    const path = `/alerts/rules/${rules.body.alertRules[0]?.ruleId}?aid=1101`
    const { tests: _tests, _links, ...rule } = (await get(path)).body
    const customWebhook = [{ integrationId: webhook.body.id, integrationType: 'custom-webhook' }]
    await call('PUT', path, { ...rule, notifications: { customWebhook } })
    expect(await get(path)).toMatchObject({ body: { notifications: { customWebhook } } })

    const renamed = { name: 'Splunk alerts 2', category: 'alerts', status: 'connected', enabled: true }
    expect(await call('PUT', `/operations/webhooks/${webhook.body.id}?aid=1101`, renamed)).toMatchObject({
      status: 200,
      body: { name: 'Splunk alerts 2' },
    })
    await call('PUT', path, { ...rule, notifications: {} })
    for (const gone of [
      `/connectors/generic/${connector.body.id}`,
      `/operations/webhooks/${webhook.body.id}`,
    ]) {
      expect((await call('DELETE', `${gone}?aid=1101`)).status).toBe(204)
      await expect(get(`${gone}?aid=1101`)).rejects.toThrow('404')
    }
  })

  test('creates, changes and deletes a stream under the older singular path', async () => {
    const stream = await call<{ id: string }>('POST', '/stream?aid=1101', {
      type: 'splunk-hec',
      signal: 'metric',
      endpointType: 'http',
      streamEndpointUrl: 'https://splunk.example:8088/services/collector/event',
      dataModelVersion: 'v2',
      enabled: true,
      testMatch: [{ id: '110301', domain: 'cea' }],
      exporterConfig: {
        splunkHec: {
          token: '11111111-2222-3333-4444-555555555555',
          source: 'ThousandEyesOTel',
          sourceType: 'cisco:thousandeyes:metric',
          index: 'thousandeyes',
        },
      },
    })
    expect(stream.status).toBe(201)
    const path = `/stream/${stream.body.id}?aid=1101`
    expect((await call('PUT', path, { enabled: false })).status).toBe(200)
    expect(await get(`/streams/${stream.body.id}?aid=1101`)).toMatchObject({ body: { enabled: false } })
    expect((await call('DELETE', path)).status).toBe(204)
    await expect(get(`/streams/${stream.body.id}?aid=1101`)).rejects.toThrow('404')
  })

  test('posts its ITSI events', async () => {
    const event = { event_id: '1', title: 'Episode', status: 'open', severity: 'high' }
    const { status } = await call('POST', '/ingest/events/itsi?aid=1101', event)
    expect(status).toBe(202)
  })

  test('shows a refusal of an account group that is not the user’s', async () => {
    await expect(get('/tests?aid=2101')).rejects.toThrow(/^403 Forbidden/)
  })
})
