import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, origin } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

const webhook = {
  name: 'To the operations room',
  category: 'alerts',
  status: 'pending',
  path: '/alerts',
  payload: '{"alert":"{{alert.id}}"}',
  headers: [
    { name: 'Content-Type', value: 'application/json' },
    { name: 'X-Api-Key', value: 'header-secret' },
  ],
}
const connector = {
  name: 'Operations room',
  type: 'generic',
  target: 'https://hooks.example',
  authentication: { type: 'basic', username: 'thousandeyes', password: 'connector-secret' },
}

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const newId = async (path: string, body: object): Promise<string> => {
  const created = await calls.call('POST', path, { body })
  expect(created.status).toBe(201)
  return created.body.id
}
const newWebhook = () => newId('/operations/webhooks', webhook)
const newConnector = () => newId('/connectors/generic', connector)

describe('a webhook operation', () => {
  test('is created, read, listed, changed and deleted', async () => {
    const created = await calls.call('POST', '/operations/webhooks', { body: webhook })
    expect(created.status).toBe(201)
    expect(created.headers['location']).toBeUndefined()
    expect(violations('WebhookOperation', created.body)).toEqual([])
    expect(created.body).toMatchObject({ type: 'webhook', enabled: true, category: 'alerts' })
    const path = `/operations/webhooks/${created.body.id}`
    expect(created.body._links.self.href).toBe(`${origin}/v7${path}`)
    const list = await calls.call('GET', '/operations/webhooks')
    expect(violations('WebhookOperations', list.body)).toEqual([])
    expect(list.body.items).toEqual([created.body])
    const changed = await calls.call('PUT', path, { body: { ...webhook, name: 'Renamed' } })
    expect(changed).toMatchObject({ status: 200, body: { name: 'Renamed', path: '/alerts' } })
    expect((await calls.call('DELETE', path)).status).toBe(204)
    expect((await calls.call('GET', path)).status).toBe(404)
  })

  test('that is deleted is notified by no alert rule any more', async () => {
    const [gone, kept] = [
      await newWebhook(),
      await newId('/operations/webhooks', { ...webhook, name: 'Kept' }),
    ]
    const customWebhook = [gone, kept].map((integrationId) => ({
      integrationId,
      integrationType: 'custom-webhook',
    }))
    const rule = { ruleName: 'Rule', alertType: 'http-server', expression: '((responseTime >= 5 ms))' }
    const rounds = { minimumSources: 1, roundsViolatingOutOf: 1, roundsViolatingRequired: 1 }
    const { status, body } = await calls.call('POST', '/alerts/rules', {
      body: { ...rule, ...rounds, notifications: { customWebhook } },
    })
    expect(status).toBe(201)
    await calls.call('DELETE', `/operations/webhooks/${gone}`)
    const read = await calls.call('GET', `/alerts/rules/${body.ruleId}`)
    expect(read.body.notifications.customWebhook).toEqual([customWebhook[1]])
  })

  test('shows headers that let somebody in masked, the others as they are', async () => {
    const { body, text } = await calls.call('POST', '/operations/webhooks', { body: webhook })
    expect(text).not.toContain('header-secret')
    expect(body.headers).toEqual([
      { name: 'Content-Type', value: 'application/json' },
      { name: 'X-Api-Key', value: '******' },
    ])
  })

  test('shows no header’s secret under another name', async () => {
    const { body } = await calls.call('POST', '/operations/webhooks', { body: webhook })
    const headers = webhook.headers.map(() => ({ name: 'X-Other', value: '******' }))
    const path = `/operations/webhooks/${body.id}`
    const changed = await calls.call('PUT', path, { body: { ...webhook, headers } })
    expect(changed.body.headers).toEqual(headers)
    expect((await calls.call('GET', path)).text).not.toContain('header-secret')
  })

  test('answers Spring’s error for JSON that is none, and for required keys left out', async () => {
    const broken = await calls.call('POST', '/operations/webhooks', { body: '{"name":' })
    expect(broken.status).toBe(400)
    expect(broken.body).toMatchObject({
      status: 400,
      error: 'Bad Request',
      path: '/v7/operations/webhooks',
      message: expect.stringMatching(/^JSON parse error: /),
    })
    const empty = await calls.call('POST', '/operations/webhooks', { body: {} })
    expect(empty.body.message).toContain('Category is empty.')
  })
})

describe('a generic connector', () => {
  test.each(['__proto__', 'constructor', 'nope'])(
    'is refused with authentication of type %s',
    async (type) => {
      const body = { ...connector, authentication: { ...connector.authentication, type } }
      const answer = await calls.call('POST', '/connectors/generic', { body })
      expect(answer.status).toBe(400)
      expect(answer.text).toContain('authentication.type')
    },
  )

  test('is created, read, listed, changed and deleted', async () => {
    const created = await calls.call('POST', '/connectors/generic', { body: connector })
    expect(created.status).toBe(201)
    expect(violations('GenericConnector', created.body)).toEqual([])
    expect(created.body.lastModifiedDate).toBe(calls.clock.now())
    const path = `/connectors/generic/${created.body.id}`
    const list = await calls.call('GET', '/connectors/generic')
    expect(violations('GenericConnectors', list.body)).toEqual([])
    expect(list.body.items).toEqual([created.body])
    const changed = await calls.call('PUT', path, { body: { ...connector, target: 'https://other.example' } })
    expect(changed).toMatchObject({ status: 200, body: { target: 'https://other.example' } })
    expect((await calls.call('DELETE', path)).status).toBe(204)
    expect((await calls.call('GET', path)).status).toBe(404)
  })

  test('loses authentication and headers with an update that leaves them out', async () => {
    const headers = [{ name: 'X-Team', value: 'network' }]
    const created = await calls.call('POST', '/connectors/generic', { body: { ...connector, headers } })
    expect(created.body.headers).toHaveLength(1)
    const path = `/connectors/generic/${created.body.id}`
    const { authentication: _, ...bare } = connector
    expect((await calls.call('PUT', path, { body: bare })).status).toBe(200)
    const { body } = await calls.call('GET', path)
    expect([body.name, 'authentication' in body, 'headers' in body]).toEqual([connector.name, false, false])
  })

  test.each([
    [connector.authentication, { password: '******' }],
    [{ type: 'bearer-token', token: 'connector-secret' }, { token: '******' }],
    [{ type: 'other-token', token: 'connector-secret' }, { token: '******' }],
    [
      {
        type: 'oauth-client-credentials',
        oauthClientId: 'thousandeyes',
        oauthClientSecret: 'connector-secret',
        oauthTokenUrl: 'https://hooks.example/token',
      },
      { oauthClientSecret: '******' },
    ],
  ])('never shows the secret of $type', async (authentication, shown) => {
    const { body, text } = await calls.call('POST', '/connectors/generic', {
      body: { ...connector, authentication },
    })
    expect(text).not.toContain('connector-secret')
    expect(body.authentication).toEqual({ ...authentication, ...shown })
    const list = await calls.call('GET', '/connectors/generic')
    expect(list.text).not.toContain('connector-secret')
  })

  test('needs the keys of the authentication that it names', async () => {
    const { status, body } = await calls.call('POST', '/connectors/generic', {
      body: { ...connector, authentication: { type: 'basic', username: 'thousandeyes' } },
    })
    expect([status, body.message]).toEqual([400, expect.stringContaining('Password is empty.')])
  })
})

describe('the relation of operations and connectors', () => {
  const connectorsOf = (id: string) => `/operations/webhooks/${id}/connectors`
  const operationsOf = (id: string) => `/connectors/generic/${id}/operations`
  const itemsOf = async (path: string) => (await calls.call('GET', path)).body.items

  test('is replaced from either end and read from both', async () => {
    const [one, two, hooks] = [await newWebhook(), await newWebhook(), await newConnector()]
    expect(await itemsOf(connectorsOf(one))).toEqual([])
    const set = await calls.call('PUT', operationsOf(hooks), { body: [one, two, one] })
    expect(set).toMatchObject({ status: 200, body: { items: [one, two] } })
    expect(violations('Assignments', set.body)).toEqual([])
    expect(set.body._links.self.href).toBe(`${origin}/v7${operationsOf(hooks)}`)
    expect(await itemsOf(connectorsOf(two))).toEqual([hooks])
    await calls.call('PUT', connectorsOf(one), { body: [] })
    expect(await itemsOf(operationsOf(hooks))).toEqual([two])
    await calls.call('PUT', operationsOf(hooks), { body: [one] })
    expect([await itemsOf(connectorsOf(one)), await itemsOf(connectorsOf(two))]).toEqual([[hooks], []])
  })

  test('outlives a change of either end and ends with each', async () => {
    const [hook, other, connector] = [await newWebhook(), await newWebhook(), await newConnector()]
    for (const id of [hook, other]) await calls.call('PUT', connectorsOf(id), { body: [connector] })
    await calls.call('PUT', `/operations/webhooks/${hook}`, { body: { ...webhook, name: 'Renamed' } })
    expect(await itemsOf(connectorsOf(hook))).toEqual([connector])
    await calls.call('DELETE', `/operations/webhooks/${hook}`)
    expect(await itemsOf(operationsOf(connector))).toEqual([other])
    await calls.call('DELETE', `/connectors/generic/${connector}`)
    expect(await itemsOf(connectorsOf(other))).toEqual([])
  })

  test('gives an operation one connector at most, the last one that took it', async () => {
    const [hook, first, second] = [await newWebhook(), await newConnector(), await newConnector()]
    await calls.call('PUT', connectorsOf(hook), { body: [first] })
    const two = await calls.call('PUT', connectorsOf(hook), { body: [first, second] })
    expect(two).toMatchObject({ status: 400, body: { message: expect.stringContaining('at most 1') } })
    expect(await itemsOf(connectorsOf(hook))).toEqual([first])
    await calls.call('PUT', operationsOf(second), { body: [hook] })
    expect(await itemsOf(connectorsOf(hook))).toEqual([second])
    expect(await itemsOf(operationsOf(first))).toEqual([])
  })

  test('takes only what exists in the account group', async () => {
    const [hook, hooks] = [await newWebhook(), await newConnector()]
    for (const [path, body] of [
      [connectorsOf(hook), [hook]],
      [operationsOf(hooks), [hooks]],
      [operationsOf(hooks), { items: [hook] }],
    ] as const)
      expect((await calls.call('PUT', path, { body })).status).toBe(400)
    expect((await calls.call('PUT', connectorsOf(hook), { body: [hooks], aid: '1102' })).status).toBe(404)
    expect((await calls.call('GET', `/operations/emails/${hook}/connectors`)).status).toBe(404)
    expect((await calls.call('GET', operationsOf(hook))).status).toBe(404)
  })
})
