import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, origin, viewer } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

const panorama = {
  type: 'panorama',
  name: 'Branch firewalls',
  target: 'https://panorama.example',
  authentication: { type: 'pan-key-gen', username: 'thousandeyes', password: 'its-secret', keyTtl: 40 },
}
const conjur = {
  type: 'generic',
  name: 'Vault of passwords',
  target: 'https://conjur.example/secrets',
  account: 'acme',
  authentication: { type: 'basic', hostId: 'thousandeyes', apiKey: 'its-secret' },
}
const webhook = { name: 'To the operations room', category: 'alerts', status: 'pending' }

/** What is special about each kind: its wire name, how it is deleted, what its authentication looks like to a reader. */
const kinds = [
  {
    path: '/connectors/panorama',
    schema: 'PanoramaConnector',
    body: panorama,
    confirm: '',
    shown: { type: 'pan-key-gen', username: 'thousandeyes', password: '******', keyTtl: 40 },
    beside: { authentication: { type: 'pan-key-gen', username: 'thousandeyes', keyTtl: 40 } },
    wrong: [
      { ...panorama, type: 'generic' },
      { ...panorama, authentication: { ...panorama.authentication, type: 'basic' } },
      { ...panorama, authentication: { ...panorama.authentication, keyTtl: 29 } },
      { ...panorama, authentication: { type: 'other-token' } },
      { ...panorama, authentication: 'pan-key-gen' },
    ],
  },
  {
    path: '/connectors/conjur',
    schema: 'ConjurConnector',
    body: conjur,
    confirm: 'confirmDisabledObjects=true',
    shown: { type: 'basic', hostId: 'thousandeyes', apiKey: '******' },
    beside: {},
    wrong: [
      { ...conjur, type: 'panorama' },
      { ...conjur, account: undefined },
      { ...conjur, authentication: { ...conjur.authentication, type: 'none' } },
      { ...conjur, authentication: { type: 'basic', hostId: 'thousandeyes' } },
      { ...conjur, target: 7 },
    ],
  },
] as const

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

/** `beside` is what the document allows in the place of what clients need. */
describe.each(kinds)('$path', ({ path, schema, body, confirm, shown, beside, wrong }) => {
  const create = async (): Promise<string> => (await calls.call('POST', path, { body })).body.id
  const names = async (): Promise<readonly string[]> =>
    (await calls.call('GET', path)).body.items.map(({ name }: { name: string }) => name)

  test('lists, creates, reads, changes and deletes, and never shows the secret', async () => {
    const created = await calls.call('POST', path, { body })
    expect(created.status).toBe(201)
    expect(created.headers['location']).toBeUndefined()
    expect(violations(schema, { ...created.body, ...beside })).toEqual([])
    expect(created.body).toMatchObject({ name: body.name, lastModifiedDate: calls.clock.now() })
    expect(created.body.authentication).toEqual(shown)
    const item = `${path}/${created.body.id}`
    expect(created.body._links.self.href).toBe(`${origin}/v7${item}`)
    const read = await calls.call('GET', item)
    expect(read.body).toEqual(created.body)
    const list = await calls.call('GET', path)
    expect(list.body.items).toEqual([created.body])
    const allowed = { ...list.body, items: [{ ...created.body, ...beside }] }
    expect(violations(`${schema}s`, allowed)).toEqual([])
    calls.clock.advance(60)
    const changed = await calls.call('PUT', item, { body: { ...body, target: 'https://other.example' } })
    expect(changed).toMatchObject({ status: 200, body: { target: 'https://other.example' } })
    expect(changed.body.lastModifiedDate).toBe(calls.clock.now())
    for (const { text } of [created, read, list, changed]) expect(text).not.toContain('its-secret')
    expect((await calls.call('DELETE', item, { query: confirm })).status).toBe(204)
    expect((await calls.call('GET', item)).status).toBe(404)
  })

  test('keeps its connectors from other account groups, and from Regular Users who want to write', async () => {
    const item = `${path}/${await create()}`
    const options = { query: confirm, body: undefined }
    for (const [method, at] of [
      ['GET', item],
      ['DELETE', item],
      ['GET', `${item}/operations`],
    ] as const)
      expect((await calls.call(method, at, { ...options, aid: '1102' })).status).toBe(404)
    const refusals = [
      await calls.call('POST', path, { as: viewer, body }),
      await calls.call('PUT', item, { as: viewer, body }),
      await calls.call('DELETE', item, { ...options, as: viewer }),
      await calls.call('PUT', `${item}/operations`, { as: viewer, body: [], query: confirm }),
    ]
    expect(refusals.map(({ status }) => status)).toEqual([403, 403, 403, 403])
    expect(await names()).toEqual([body.name])
  })

  test.each(wrong.map((one) => [one]))('refuses and changes nothing: %j', async (one) => {
    const item = `${path}/${await create()}`
    for (const [method, at] of [
      ['POST', path],
      ['PUT', item],
    ] as const)
      expect((await calls.call(method, at, { body: { ...one, name: 'Wrong' } })).status).toBe(400)
    expect(await names()).toEqual([body.name])
  })

  test('has operations of either kind, in step with what these say', async () => {
    const secrets = [{ name: 'password', secretKey: 'acme/password' }]
    const [connector, hook, vault] = [
      await create(),
      (await calls.call('POST', '/operations/webhooks', { body: webhook })).body.id,
      (await calls.call('POST', '/operations/credential-vault', { body: { name: 'Vault', secrets } })).body
        .id,
    ]
    const at = `${path}/${connector}/operations`
    const operations = async () => (await calls.call('GET', at)).body.items
    const connectorsOf = async (kind: string, id: string) =>
      (await calls.call('GET', `/operations/${kind}/${id}/connectors`)).body.items
    const set = await calls.call('PUT', at, { body: [hook, vault, hook], query: confirm })
    expect(set).toMatchObject({ status: 200, body: { items: [hook, vault] } })
    expect(violations('Assignments', set.body)).toEqual([])
    expect(await connectorsOf('webhooks', hook)).toEqual([connector])
    expect(await connectorsOf('credential-vault', vault)).toEqual([connector])
    await calls.call('PUT', `/operations/credential-vault/${vault}/connectors`, { body: [] })
    expect(await operations()).toEqual([hook])
    await calls.call('PUT', at, { body: [], query: confirm })
    expect(await connectorsOf('webhooks', hook)).toEqual([])
    for (const stray of [[connector], ['nope'], [7], { items: [hook] }])
      expect((await calls.call('PUT', at, { body: stray, query: confirm })).status).toBe(400)
    await calls.call('PUT', `/operations/webhooks/${hook}/connectors`, { body: [connector] })
    await calls.call('DELETE', `${path}/${connector}`, { query: confirm })
    expect(await connectorsOf('webhooks', hook)).toEqual([])
  })
})

describe('a Conjur connector', () => {
  test('is of the type that was given, which the document draws too narrow', async () => {
    const { body } = await calls.call('POST', '/connectors/conjur', { body: { ...conjur, type: 'conjur' } })
    expect(body.type).toBe('conjur')
  })

  test('keeps the key that comes back masked', async () => {
    const { id } = (await calls.call('POST', '/connectors/conjur', { body: conjur })).body
    const read = (await calls.call('GET', `/connectors/conjur/${id}`)).body
    const changed = await calls.call('PUT', `/connectors/conjur/${id}`, { body: { ...read, name: 'New' } })
    expect(changed).toMatchObject({
      status: 200,
      body: { name: 'New', authentication: { apiKey: '******' } },
    })
  })
})

describe('a Panorama connector with a token', () => {
  test('shows that it has one, and not which', async () => {
    const authentication = { type: 'other-token', token: 'its-secret' }
    const { body } = await calls.call('POST', '/connectors/panorama', {
      body: { ...panorama, authentication },
    })
    expect(body.authentication).toEqual({ type: 'other-token', token: '******' })
    expect(violations('PanoramaConnector', { ...body, authentication: { type: 'other-token' } })).toEqual([])
  })

  test('is changed by a client that sends back what it read', async () => {
    const made = await calls.call('POST', '/connectors/panorama', {
      body: { ...panorama, authentication: { type: 'other-token', token: 'its-secret' } },
    })
    const changed = await calls.call('PUT', `/connectors/panorama/${made.body.id}`, {
      body: { ...made.body, name: 'New' },
    })
    expect(changed).toMatchObject({ status: 200, body: { name: 'New', authentication: { token: '******' } } })
  })
})
