import { createServer, type Server } from 'node:net'
import request, { type Response } from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deviceGrantType } from '../support/device.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import type { Person } from '../support/person.ts'
import { linesOf } from './attacks.ts'
import {
  authorizeQuery,
  connectDevice,
  exchange,
  expectRefusal,
  newCode,
  paths,
  post,
  refresh,
  signedIn,
  type Tokens,
  toFullMinute,
  v7Status,
} from './protocol.ts'

let service: RunningPanoptes
let person: Person
/** Whatever connects to it has been made to. */
let listener: Server
let connections = 0

beforeAll(async () => {
  service = await startPanoptes(['--limits', 'off'])
  person = await signedIn(service)
  listener = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  await service.stop()
  await new Promise((resolve) => listener.close(resolve))
})

const redirectUri = 'https://app.example/cb'
const codeClient = {
  client_name: 'A platform',
  redirect_uris: [redirectUri],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
  scope: 'organization:read tests:read openid',
}

const send = (body: string, type = 'application/json'): Promise<Response> =>
  request(service.url).post(paths.clients).set('Content-Type', type).send(body).then()
async function register(metadata: object): Promise<Response> {
  const answer = await send(JSON.stringify(metadata))
  expect(answer.status, answer.text).toBe(201)
  return answer
}

describe('POST /v7/oauth2/clients, RFC 7591', () => {
  test('registers a public client, which works from the code to the revocation', async () => {
    const { body, headers } = await register(codeClient)
    expect(headers['cache-control']).toContain('no-store')
    expect(body).toMatchObject({ ...codeClient, client_id: expect.stringMatching(/^registered-[\w-]{20}$/) })
    expect(body).not.toHaveProperty('client_secret')
    const client = { client_id: body.client_id, client_secret: undefined }
    const asked = { client_id: body.client_id, redirect_uri: redirectUri, scope: codeClient.scope }
    await person.open(`${service.url}${paths.authorize}?${authorizeQuery(asked)}`)
    expect(person.page?.text).toContain('A platform')
    const code = await newCode(service, person, asked)
    const answer = await exchange(service, code, { ...client, redirect_uri: redirectUri })
    expect(answer.status, answer.text).toBe(200)
    const tokens = answer.body as Tokens
    expect(tokens).toMatchObject({ expires_in: 600, scope: codeClient.scope })
    expect(await v7Status(service, tokens.access_token)).toBe(200)
    const refreshed = await refresh(service, tokens.refresh_token, client)
    expect(refreshed.status, refreshed.text).toBe(200)
    const revoked = await post(service, paths.revoke, { ...client, token: refreshed.body.refresh_token })
    expect(revoked.status).toBe(200)
    expect(await v7Status(service, refreshed.body.access_token)).toBe(401)
  })

  test('has the confirm page say that nobody has checked its name, also when that is an integration of ours', async () => {
    const warning = 'nobody has checked its name'
    const { body } = await register({ ...codeClient, client_name: 'Meraki' })
    const asked = { client_id: body.client_id, redirect_uri: redirectUri, scope: codeClient.scope }
    await person.open(`${service.url}${paths.authorize}?${authorizeQuery(asked)}`)
    expect(person.page?.text).toContain(warning)
    await person.open(`${service.url}${paths.authorize}?${authorizeQuery()}`)
    expect(person.page?.text).toContain('Confirm authorization')
    expect(person.page?.text).not.toContain(warning)
  })

  test('registers a confidential client with a secret of 256 bits, by the body when it does not say how', async () => {
    const { token_endpoint_auth_method: _none, ...metadata } = codeClient
    const { body } = await register(metadata)
    expect(body).toMatchObject({
      token_endpoint_auth_method: 'client_secret_post',
      client_secret: expect.stringMatching(/^[\w-]{43}$/),
      client_secret_expires_at: 0,
    })
    const asked = { client_id: body.client_id, redirect_uri: redirectUri, scope: 'tests:read' }
    const code = await newCode(service, person, asked)
    const withoutSecret = { client_id: body.client_id, client_secret: undefined, redirect_uri: redirectUri }
    expectRefusal(await exchange(service, code, withoutSecret), 'invalid_client', 401)
    const answer = await exchange(service, code, { ...withoutSecret, client_secret: body.client_secret })
    expect(answer.status, answer.text).toBe(200)
  })

  test('registers a device client, which works', async () => {
    const { body } = await register({
      client_name: 'A device',
      grant_types: [deviceGrantType, 'refresh_token'],
      response_types: [],
      token_endpoint_auth_method: 'none',
    })
    const device = { client_id: body.client_id, scope: 'organization:read tests:manage' }
    const tokens = await connectDevice(service, person, device)
    expect(await v7Status(service, tokens.access_token)).toBe(200)
    expectRefusal(await post(service, paths.device, { ...device, scope: 'nope:read' }), 'invalid_scope')
  })

  test('takes loopback addresses and a scheme of an app’s own', async () => {
    await register({
      ...codeClient,
      redirect_uris: ['http://localhost:33418/callback', 'http://127.0.0.1/callback'],
    })
    await register({ ...codeClient, redirect_uris: ['example.app:/cb'], application_type: 'native' })
  })

  test('asks for no scope beyond its registration', async () => {
    const { body } = await register({ ...codeClient, scope: 'tests:read' })
    const query = authorizeQuery({
      client_id: body.client_id,
      redirect_uri: redirectUri,
      scope: 'tests:manage',
    })
    const answer = await request(service.url).get(`${paths.authorize}?${query}`).redirects(0)
    expect(new URL(answer.headers['location'] ?? '').searchParams.get('error')).toBe('invalid_scope')
  })

  test('decides itself what is the server’s to decide', async () => {
    const claimed = {
      client_id: 'meraki',
      client_secret: 'a secret of my own',
      client_id_issued_at: 1,
      client_secret_expires_at: 1,
      registration_access_token: 'mine',
      registration_client_uri: 'https://evil.example/',
      role: 'admin',
      lifetimes: { accessSeconds: 999_999 },
    }
    const { body, text } = await register({ ...codeClient, ...claimed })
    expect(body.client_id).not.toBe('meraki')
    expect(body).not.toHaveProperty('client_secret')
    expect(body.client_id_issued_at).toBeGreaterThan(1_600_000_000)
    expect(body.registration_client_uri).toBe(`${service.url}${paths.clients}/${body.client_id}`)
    expect(text).not.toMatch(/evil|mine|role|999999/)
  })

  test.each(linesOf('oauth-registrations.txt'))('refuses %s', async (line) => {
    const { port } = listener.address() as { port: number }
    const json = line.replaceAll('LISTENER', `127.0.0.1:${port}`)
    const answer = await send(JSON.stringify({ ...codeClient, ...(JSON.parse(json) as object) }))
    expectRefusal(answer, /^invalid_(?:client_metadata|redirect_uri)$/)
  })

  test.each([
    '',
    'null',
    '[]',
    '7',
    '"x"',
    '{',
    '{"a":}',
    '[[[[[[]]]]]]',
    '\u0000',
    `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`,
  ])('refuses the body %.20j', async (body) => {
    expectRefusal(await send(body), /^invalid_(?:request|client_metadata|redirect_uri)$/)
  })

  test.each(['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x', 'x'])(
    'refuses the type %s',
    async (type) => {
      expectRefusal(await send(JSON.stringify(codeClient), type), 'invalid_request')
    },
  )

  test('has connected to nothing for all of that', async () => {
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(connections).toBe(0)
  })

  test('refuses more than 56 kB', async () => {
    const answer = await send(JSON.stringify({ ...codeClient, filler: 'x'.repeat(60_000) }))
    expectRefusal(answer, 'invalid_request', answer.status)
    expect([400, 413]).toContain(answer.status)
  })

  test('pollutes no prototype, security-cases H07', async () => {
    for (const name of ['__proto__', 'constructor', 'prototype'])
      await send(
        `{"redirect_uris":["${redirectUri}"],"token_endpoint_auth_method":"none","${name}":{"polluted":true}}`,
      )
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    const { body } = await register(codeClient)
    expect(JSON.stringify(body)).not.toContain('polluted')
  })

  test('has a bound per address: a registered client has no end', async () => {
    await using limited = await startPanoptes()
    toFullMinute(limited)
    const ask = (): Promise<Response> => request(limited.url).post(paths.clients).send(codeClient).then()
    let answer = await ask()
    for (let asked = 1; asked < 65 && answer.status === 201; asked += 1) answer = await ask()
    expectRefusal(answer, 'temporarily_unavailable', 429)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  })
})

describe('GET /v7/oauth2/clients/:id, RFC 7592 §2.1', () => {
  test('shows a client its own registration, and no other’s', async () => {
    const [one, other] = [(await register(codeClient)).body, (await register(codeClient)).body]
    const read = (id: string, token: string): Promise<Response> =>
      request(service.url).get(`${paths.clients}/${id}`).set('Authorization', `Bearer ${token}`).then()
    const own = await read(one.client_id, one.registration_access_token)
    expect(own.status).toBe(200)
    expect(own.body).toMatchObject(codeClient)
    for (const id of [one.client_id, 'meraki', 'nope', '__proto__'])
      for (const token of ['x', 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'])
        expectRefusal(await read(id, token), 'invalid_token', 401)
    expectRefusal(await read('meraki', other.registration_access_token), 'invalid_token', 401)
    for (const method of ['put', 'patch', 'delete', 'post'] as const) {
      const answer = await request(service.url)[method](`${paths.clients}/${one.client_id}`).send({})
      expect([404, 405]).toContain(answer.status)
    }
  })
})
