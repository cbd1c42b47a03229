import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, ops, origin, viewer } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

const path = '/operations/credential-vault'
const operation = {
  name: 'Passwords of tests',
  secrets: [
    { name: 'user', secretKey: 'acme/user' },
    { name: 'password', secretKey: 'acme/password' },
  ],
}
const conjur = {
  type: 'generic',
  name: 'Vault',
  target: 'https://conjur.example/secrets',
  account: 'acme',
  authentication: { type: 'basic', hostId: 'thousandeyes', apiKey: 'its-secret' },
}
const confirmed = 'confirmDisabledObjects=true'
const unconfirmed = 'confirmDisabledObjects=false'

interface Secret {
  readonly id: string
  readonly name: string
  readonly secretKey: string
}

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const create = async (): Promise<{ readonly id: string; readonly secrets: readonly Secret[] }> =>
  (await calls.call('POST', path, { body: operation })).body
const newConnector = async (): Promise<string> =>
  (await calls.call('POST', '/connectors/conjur', { body: conjur })).body.id

/** An HTTP test that takes its password from the secret. */
async function newTest(secretId: string | undefined): Promise<string> {
  const vaultCredentials = [{ secretId, target: 'password' }]
  const body = { testName: 'Guarded', interval: 300, url: 'https://acme.example', agents: [{ agentId: '3' }] }
  const answer = await calls.call('POST', '/tests/http-server', { body: { ...body, vaultCredentials } })
  expect(answer.status).toBe(201)
  expect(violations('HttpServerTestResponse', answer.body)).toEqual([])
  return answer.body.testId
}
const readTest = async (id: string) => (await calls.call('GET', `/tests/http-server/${id}`)).body

describe('a credential vault operation', () => {
  test('is created, read, listed, changed and deleted', async () => {
    const created = await calls.call('POST', path, { body: operation })
    expect(created.status).toBe(201)
    expect(created.headers['location']).toBeUndefined()
    expect(violations('CredentialVaultOperation', created.body)).toEqual([])
    expect(created.body).toMatchObject({ ...operation, status: 'pending' })
    const item = `${path}/${created.body.id}`
    expect(created.body._links.self.href).toBe(`${origin}/v7${item}`)
    const list = await calls.call('GET', path)
    expect(violations('CredentialVaultOperations', list.body)).toEqual([])
    expect(list.body.items).toEqual([created.body])
    const changed = await calls.call('PUT', item, { body: { ...operation, name: 'New' } })
    expect(changed).toMatchObject({ status: 200, body: { name: 'New', secrets: created.body.secrets } })
    expect((await calls.call('DELETE', item, { query: unconfirmed })).status).toBe(204)
    expect((await calls.call('GET', item)).status).toBe(404)
  })

  test('has a secret under the same id for as long as it is named or its id is given', async () => {
    const { id, secrets } = await create()
    const [user, password] = secrets
    expect(user?.id).toMatch(/^[\da-f-]{36}$/)
    const changed = await calls.call('PUT', `${path}/${id}`, {
      body: {
        name: 'New',
        secrets: [
          { id: password?.id, name: 'renamed', secretKey: 'acme/other' },
          { name: 'user', secretKey: 'acme/user-2' },
          { name: 'third', secretKey: 'acme/third' },
        ],
      },
    })
    expect(changed.body.secrets).toEqual([
      { id: password?.id, name: 'renamed', secretKey: 'acme/other' },
      { id: user?.id, name: 'user', secretKey: 'acme/user-2' },
      { id: expect.stringMatching(/^[\da-f-]{36}$/), name: 'third', secretKey: 'acme/third' },
    ])
  })

  test('has no two secrets under one id', async () => {
    const { id, secrets } = await create()
    const [user, password] = secrets
    const put = (given: readonly object[]) =>
      calls.call('PUT', `${path}/${id}`, { body: { ...operation, secrets: given } })
    const twice = await put([{ ...user }, { ...user, name: 'other' }, { ...password }])
    expect([twice.status, twice.text.includes('secrets[1].id')]).toEqual([400, true])
    const { body } = await put([
      { ...user, name: 'renamed' },
      { name: 'user', secretKey: 'acme/new' },
    ])
    expect(body.secrets).toEqual([
      { ...user, name: 'renamed' },
      { id: expect.stringMatching(/^[\da-f-]{36}$/), name: 'user', secretKey: 'acme/new' },
    ])
    expect(body.secrets[1].id).not.toBe(user?.id)
  })

  test.each([
    ['POST', {}],
    ['POST', { ...operation, secrets: [{ name: 'user' }] }],
    ['POST', { ...operation, secrets: 'acme/user' }],
    ['POST', { ...operation, secrets: [operation.secrets[0], operation.secrets[0]] }],
    ['POST', { ...operation, status: 'fine' }],
    ['POST', { ...operation, type: 'email' }],
    ['PUT', { ...operation, secrets: [{ id: 'nope', name: 'user', secretKey: 'acme/user' }] }],
    ['PUT', { name: 'New' }],
  ])('is refused by %s of %j, and nothing changes', async (method, body) => {
    const before = await create()
    const at = method === 'PUT' ? `${path}/${before.id}` : path
    expect((await calls.call(method, at, { body })).status).toBe(400)
    expect((await calls.call('GET', path)).body.items).toEqual([before])
  })

  test('is its account group’s own, and not a Regular User’s to write', async () => {
    const { id } = await create()
    const item = `${path}/${id}`
    expect((await calls.call('GET', item, { aid: '1102' })).status).toBe(404)
    expect((await calls.call('DELETE', item, { aid: '1102', query: confirmed })).status).toBe(404)
    expect((await calls.call('GET', path, { aid: '1102' })).body.items).toEqual([])
    expect((await calls.call('POST', path, { as: viewer, body: operation })).status).toBe(403)
    expect((await calls.call('DELETE', item, { as: viewer, query: confirmed })).status).toBe(403)
  })

  test.each(['', 'confirmDisabledObjects=perhaps'])('is not deleted with the query "%s"', async (query) => {
    const { id } = await create()
    expect((await calls.call('DELETE', `${path}/${id}`, { query })).status).toBe(400)
    expect((await calls.call('GET', `${path}/${id}`)).status).toBe(200)
  })
})

describe('a test that takes its password from a vault', () => {
  test('names a secret of its own account group', async () => {
    const { secrets } = await create()
    const id = await newTest(secrets[1]?.id)
    expect((await readTest(id)).vaultCredentials).toEqual([{ secretId: secrets[1]?.id, target: 'password' }])
    const asked = { url: 'https://acme.example', interval: 300, agents: [{ agentId: '3' }] }
    const secretId = 'f27e85b2-318b-4145-b5aa-000000000001'
    const wrong = { ...asked, vaultCredentials: [{ secretId, target: 'username' }] }
    const answer = await calls.call('PUT', `/tests/http-server/${id}`, { body: wrong })
    expect(answer).toMatchObject({
      status: 400,
      body: { title: expect.stringContaining('vaultCredentials') },
    })
    const body = { ...asked, vaultCredentials: [{ secretId: secrets[1]?.id, target: 'password' }] }
    expect((await calls.call('POST', '/tests/http-server', { body, aid: '1102' })).status).toBe(400)
  })

  test('is disabled with the deletion of its operation, which somebody has to confirm', async () => {
    const { id, secrets } = await create()
    const [used, other] = [await newTest(secrets[0]?.id), '110301']
    const refused = await calls.call('DELETE', `${path}/${id}`, { query: unconfirmed })
    expect(refused.status).toBe(400)
    expect(refused.body.message).toContain(used)
    expect(await readTest(used)).toMatchObject({ enabled: true })
    expect((await calls.call('DELETE', `${path}/${id}`, { query: confirmed })).status).toBe(204)
    expect(await readTest(used)).toMatchObject({ enabled: false, vaultCredentials: [] })
    expect(await readTest(other)).toMatchObject({ enabled: true })
  })

  test('has versions of what the deletion of its operation did to it', async () => {
    const { id, secrets } = await create()
    const used = await newTest(secrets[0]?.id)
    calls.clock.advance(60)
    await calls.call('DELETE', `${path}/${id}`, { query: confirmed, as: ops })
    const { body } = await calls.call('GET', `/tests/${used}/history`)
    expect(violations('TestVersionHistoryResponse', body)).toEqual([])
    const [newest, ...older] = body.testVersionHistory
    expect(newest).toMatchObject({ createdBy: 'ops@acme.example', versionTimestamp: '2030-01-01T00:01:00Z' })
    const first = older.at(-1)
    expect([newest.versionId, first.versionId]).toEqual(['3', '1'])
    const version = async (versionId: string) =>
      (await calls.call('GET', `/tests/http-server/${used}`, { query: `versionId=${versionId}` })).body
    expect(await version('1')).toMatchObject({
      enabled: true,
      vaultCredentials: [{ secretId: secrets[0]?.id }],
    })
    expect(await version('3')).toMatchObject({ enabled: false, vaultCredentials: [] })
  })

  test('keeps its secret while it takes it', async () => {
    const { id, secrets } = await create()
    await newTest(secrets[0]?.id)
    const body = { name: 'New', secrets: [secrets[1]] }
    expect((await calls.call('PUT', `${path}/${id}`, { body })).status).toBe(400)
    expect((await calls.call('GET', `${path}/${id}`)).body.secrets).toEqual(secrets)
    const unused = { name: 'New', secrets: [secrets[0]] }
    expect((await calls.call('PUT', `${path}/${id}`, { body: unused })).status).toBe(200)
  })

  test.each([
    [
      'deletion of the connector',
      (connector: string) => ['DELETE', `/connectors/conjur/${connector}`] as const,
    ],
    [
      'other operations of the connector',
      (connector: string) => ['PUT', `/connectors/conjur/${connector}/operations`, []] as const,
    ],
    ['loss of the connector', (_: string, id: string) => ['PUT', `${path}/${id}/connectors`, []] as const],
  ])('is disabled by the %s, which somebody has to confirm', async (_, cut) => {
    const { id, secrets } = await create()
    const connector = await newConnector()
    await calls.call('PUT', `${path}/${id}/connectors`, { body: [connector] })
    const used = await newTest(secrets[0]?.id)
    const [method, at, body] = cut(connector, id)
    expect((await calls.call(method, at, { body, query: unconfirmed })).status).toBe(400)
    expect((await calls.call('GET', `${path}/${id}/connectors`)).body.items).toEqual([connector])
    expect(await readTest(used)).toMatchObject({ enabled: true })
    expect((await calls.call(method, at, { body, query: confirmed })).status).toBeLessThan(300)
    expect(await readTest(used)).toMatchObject({
      enabled: false,
      vaultCredentials: [{ secretId: secrets[0]?.id }],
    })
    expect((await calls.call('GET', `${path}/${id}/connectors`)).body.items).toEqual([])
  })

  test('goes on when another connector takes over', async () => {
    const { id, secrets } = await create()
    const used = await newTest(secrets[0]?.id)
    for (const connector of [await newConnector(), await newConnector()])
      expect((await calls.call('PUT', `${path}/${id}/connectors`, { body: [connector] })).status).toBe(200)
    expect(await readTest(used)).toMatchObject({ enabled: true })
  })
})
