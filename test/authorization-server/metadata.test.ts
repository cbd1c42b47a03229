import * as oauth from 'oauth4webapi'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import {
  authorize,
  connectDevice,
  connectMeraki,
  expectRefusal,
  merakiSecret,
  newCode,
  paths,
  post,
  redirectedAnswer,
  resourceServer,
  sdWan,
  signedIn,
} from './protocol.ts'

let service: RunningPanoptes
let metadata: Readonly<Record<string, unknown>>

beforeAll(async () => {
  service = await startPanoptes()
  metadata = (await request(service.url).get('/.well-known/oauth-authorization-server')).body
})
afterAll(() => service.stop())

describe('GET /.well-known/oauth-authorization-server, RFC 8414', () => {
  test('is read by a strict client library, with the very issuer', async () => {
    const issuer = new URL(service.url)
    const plain = { [oauth.allowInsecureRequests]: true }
    const answer = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...plain })
    const server = await oauth.processDiscoveryResponse(issuer, answer)
    expect(server.issuer).toBe(service.url)
    expect(metadata['issuer']).toBe(service.url)
  })

  test('names ThousandEyes’ own paths, all of them on the canonical origin', () => {
    const at = (path: string): string => `${service.url}${path}`
    expect(metadata).toMatchObject({
      authorization_endpoint: at('/oauth2/authorize'),
      token_endpoint: at('/v7/oauth2/token'),
      device_authorization_endpoint: at('/v7/oauth2/device/authorization'),
      registration_endpoint: at('/v7/oauth2/clients'),
      userinfo_endpoint: at('/v7/oauth2/userinfo'),
      jwks_uri: at('/v7/oauth2/provider/keys'),
      revocation_endpoint: at('/v7/oauth2/revoke'),
      introspection_endpoint: at('/v7/oauth2/introspect'),
      end_session_endpoint: at('/oauth2/logout'),
    })
  })

  test('may be cached and read from everywhere, and is the same under every Host that names us', async () => {
    const answer = await request(service.url).get('/.well-known/oauth-authorization-server')
    expect(answer.headers['cache-control']).toBe('public, max-age=300')
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    const { port } = new URL(service.url)
    for (const host of [`127.0.0.1:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`]) {
      const other = await request(service.url)
        .get('/.well-known/oauth-authorization-server')
        .set('Host', host)
      expect(other.body).toEqual(metadata)
    }
    const forged = await request(service.url)
      .get('/.well-known/oauth-authorization-server')
      .set('Host', 'evil.example')
    expectRefusal(forged, 'invalid_request', 421)
    expect(forged.text).not.toContain('evil')
  })

  test.each([
    '/.well-known/oauth-authorization-server/',
    '/.WELL-KNOWN/oauth-authorization-server',
    '/.well-known/OAuth-Authorization-Server',
    '/.well-known/openid-configuration/',
    '/.WELL-KNOWN/openid-configuration',
    '/.well-known/oauth-authorization-server/v7',
    '/v7/.well-known/oauth-authorization-server',
    '/.well-known/jwks.json',
    '/.well-known/openid-credential-issuer',
  ])('shows no other document at %s', async (path) => {
    const answer = await request(service.url).get(path)
    expect([401, 404]).toContain(answer.status)
    expect(answer.text).not.toContain('_endpoint')
  })

  test('is read by GET and HEAD alone', async () => {
    const head = await request(service.url).head('/.well-known/oauth-authorization-server')
    expect(head.status).toBe(200)
    for (const method of ['post', 'put', 'delete'] as const)
      expect((await request(service.url)[method]('/.well-known/oauth-authorization-server')).status).toBe(405)
  })

  test('OpenID discovery answers 401 to anybody, as at ThousandEyes', async () => {
    for (const name of ['openid-configuration', 'api-catalog', 'ai-plugin.json', 'agent-card.json']) {
      const answer = await request(service.url).get(`/.well-known/${name}`)
      expect(answer.status).toBe(401)
      expect(answer.body.errorMessage).toMatch(/^401 Not Authorized/)
    }
  })
})

describe('metadata tells the truth, security-cases F08', () => {
  test('lists every member that is proven here, and no other', () => {
    expect(
      Object.keys(metadata)
        .filter((name) => !name.endsWith('_endpoint'))
        .sort(),
    ).toEqual([
      'authorization_response_iss_parameter_supported',
      'code_challenge_methods_supported',
      'grant_types_supported',
      'id_token_signing_alg_values_supported',
      'introspection_endpoint_auth_methods_supported',
      'issuer',
      'jwks_uri',
      'request_parameter_supported',
      'request_uri_parameter_supported',
      'response_modes_supported',
      'response_types_supported',
      'revocation_endpoint_auth_methods_supported',
      'scopes_supported',
      'subject_types_supported',
      'token_endpoint_auth_methods_supported',
    ])
  })

  test('every endpoint is there', async () => {
    const missing: string[] = []
    for (const [name, url] of Object.entries(metadata)) {
      if (!/(?:_endpoint|^jwks_uri)$/.test(name)) continue
      const { pathname } = new URL(String(url))
      if ((await request(service.url).get(pathname)).status === 404) missing.push(name)
    }
    expect(missing).toEqual([])
  })

  test('grant types: the three that it lists work, and the rest is unsupported', async () => {
    expect(metadata['grant_types_supported']).toEqual([
      'authorization_code',
      'urn:ietf:params:oauth:grant-type:device_code',
      'refresh_token',
    ])
    const person = await signedIn(service)
    await connectDevice(service, person)
    const { refresh_token } = await connectMeraki(service, person)
    const refreshed = await post(service, paths.token, {
      ...merakiSecret,
      grant_type: 'refresh_token',
      refresh_token,
    })
    expect(refreshed.status).toBe(200)
  })

  test('response types and modes: code in the query', async () => {
    expect(metadata['response_types_supported']).toEqual(['code'])
    expect(metadata['response_modes_supported']).toEqual(['query'])
    expect(await newCode(service, await signedIn(service), { response_mode: 'query' })).not.toBe('')
  })

  test('PKCE: S256 alone; iss in every answer; no request objects', async () => {
    expect(metadata).toMatchObject({
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      request_parameter_supported: false,
      request_uri_parameter_supported: false,
    })
    const plain = redirectedAnswer(await authorize(service, { code_challenge_method: 'plain' }))
    expect(plain.get('iss')).toBe(metadata['issuer'])
    const object = redirectedAnswer(await authorize(service, { request: 'a.b.c' }))
    expect(object.get('error')).toBe('request_not_supported')
  })

  test('client authentication: the secret in the body, or none; introspection takes none without', async () => {
    expect(metadata).toMatchObject({
      token_endpoint_auth_methods_supported: ['client_secret_post', 'none'],
      revocation_endpoint_auth_methods_supported: ['client_secret_post', 'none'],
      introspection_endpoint_auth_methods_supported: ['client_secret_post'],
    })
    expect((await post(service, paths.revoke, { ...sdWan, token: 'x' })).status).toBe(200)
    expect((await post(service, paths.introspect, { ...resourceServer, token: 'x' })).body).toEqual({
      active: false,
    })
  })

  test('scopes: each that it lists exists, and none is missing', async () => {
    const scopes = metadata['scopes_supported'] as readonly string[]
    expect(scopes).toEqual(
      expect.arrayContaining(['openid', 'offline_access', 'tests:read', 'agents:manage']),
    )
    const registered = await request(service.url)
      .post(paths.clients)
      .send({
        redirect_uris: ['https://app.example/cb'],
        token_endpoint_auth_method: 'none',
        scope: scopes.join(' '),
      })
    expect(registered.status, registered.text).toBe(201)
  })

  test('advertises less when it is told to: of what ThousandEyes lists what means something here', async () => {
    await using live = await startPanoptes(['--config', 'test/authorization-server/config/live-scopes.yaml'])
    const answer = await request(live.url).get('/.well-known/oauth-authorization-server')
    expect(answer.body.scopes_supported).toEqual(['offline_access'])
  })

  test('registration: not advertised and not there when it is closed', async () => {
    await using closed = await startPanoptes([
      '--config',
      'test/authorization-server/config/live-scopes.yaml',
    ])
    const answer = await request(closed.url).get('/.well-known/oauth-authorization-server')
    expect(answer.body).not.toHaveProperty('registration_endpoint')
    for (const method of ['post', 'get', 'put', 'delete'] as const)
      for (const path of [paths.clients, `${paths.clients}/meraki`])
        expectRefusal(await request(closed.url)[method](path).send({}), 'not_found', 404)
  })
})

describe('GET /.well-known/oauth-protected-resource, RFC 9728', () => {
  test.each([
    ['', ''],
    ['/v7', '/v7'],
  ])('describes the resource at the origin%s', async (suffix, path) => {
    const answer = await request(service.url).get(`/.well-known/oauth-protected-resource${suffix}`)
    expect(answer.body).toEqual({
      resource: `${service.url}${path}`,
      authorization_servers: [service.url],
      bearer_methods_supported: ['header'],
      scopes_supported: metadata['scopes_supported'],
    })
    expect(answer.headers['cache-control']).toBe('public, max-age=300')
  })

  test('is where the gateway points to, RFC 9728 §5.1', async () => {
    const challenge = (await request(service.url).get('/v7/tests')).headers['www-authenticate'] ?? ''
    const url = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? ''
    const document = await request(service.url).get(new URL(url).pathname)
    expect(document.body.authorization_servers).toEqual([service.url])
  })

  test('is only read', async () => {
    for (const suffix of ['', '/v7'])
      for (const method of ['post', 'put', 'delete'] as const) {
        const path = `/.well-known/oauth-protected-resource${suffix}`
        const { status, headers } = await request(service.url)[method](path)
        expect({ status, allow: headers['allow'] }).toEqual({ status: 405, allow: 'GET' })
      }
  })

  test('has no relatives', async () => {
    for (const suffix of ['/', '/v6', '/v7/', '/v7/tests'])
      expect((await request(service.url).get(`/.well-known/oauth-protected-resource${suffix}`)).status).toBe(
        404,
      )
  })
})
