import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import type { Person } from '../support/person.ts'
import { attacksOf } from './attacks.ts'
import { keptOnDisk } from './kept-on-disk.ts'
import {
  connectDevice,
  connectMeraki,
  expectRefusal,
  type Fields,
  merakiScope,
  paths,
  refresh,
  sdWan,
  signedIn,
  splunk,
  type Tokens,
} from './protocol.ts'

let service: RunningPanoptes
let person: Person

beforeAll(async () => {
  service = await startPanoptes()
  person = await signedIn(service)
})
afterAll(() => service.stop())

const asDevice = (client: Fields, scope: string): Promise<Tokens> =>
  connectDevice(service, person, { ...client, scope })

const connections: readonly (readonly [string, string, (scope: string) => Promise<Tokens>])[] = [
  ['Meraki', 'meraki', (scope) => connectMeraki(service, person, { scope })],
  ['SD-WAN Manager', 'sd-wan-manager', (scope) => asDevice(sdWan, scope)],
  ['the Splunk app', '0oalgciz1dyS1Uonr697', (scope) => asDevice(splunk, scope)],
]

const userinfo = (authorization: string | undefined): request.Test => {
  const asked = request(service.url).get(paths.userinfo)
  return authorization === undefined ? asked : asked.set('Authorization', authorization)
}

describe.each(connections)('identity of the user for %s', (_name, clientId, connect) => {
  test('GET /v7/oauth2/userinfo answers a token that has openid, with what was confirmed, OpenID Connect Core §5.3', async () => {
    const withEmail = await connect('openid email')
    const answer = await userinfo(`Bearer ${withEmail.access_token}`)
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({ sub: 'us1.1001', email: 'admin@acme.example' })
    expect(answer.headers['cache-control']).toContain('no-store')
    const alone = await connect('organization:read openid')
    expect((await userinfo(`Bearer ${alone.access_token}`)).body).toEqual({ sub: 'us1.1001' })
  })

  test('refuses a token without openid with insufficient_scope, RFC 6750 §3.1', async () => {
    const { access_token: token, id_token: idToken } = await connect('organization:read email')
    const answer = await userinfo(`Bearer ${token}`)
    expectRefusal(answer, 'insufficient_scope', 403)
    expect(answer.headers['www-authenticate']).toContain('error="insufficient_scope"')
    expect(idToken).toBeUndefined()
  })

  test('the id_token is ES256 and verifies through the published keys, OpenID Connect Core §3.1.3.7', async () => {
    const { id_token: idToken = '' } = await connect('openid email')
    const keys = createRemoteJWKSet(new URL(`${service.url}${paths.keys}`))
    const { payload, protectedHeader } = await jwtVerify(idToken, keys, {
      issuer: service.url,
      audience: clientId,
      algorithms: ['ES256'],
    })
    expect(protectedHeader.alg).toBe('ES256')
    expect(payload.sub).toBe('us1.1001')
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300)
  })
})

describe('id_token', () => {
  test('repeats the nonce, and a refreshed one still verifies', async () => {
    const tokens = await connectMeraki(service, person, { nonce: 'nonce of the platform' })
    const keys = createRemoteJWKSet(new URL(`${service.url}${paths.keys}`))
    const { payload } = await jwtVerify(tokens.id_token ?? '', keys)
    expect(payload['nonce']).toBe('nonce of the platform')
    const { id_token: second } = (await refresh(service, tokens.refresh_token)).body as Tokens
    expect((await jwtVerify(second ?? '', keys, { audience: 'meraki' })).payload.sub).toBe('us1.1001')
  })

  test('verifies after a restart: the key is kept with the data', async () => {
    using data = keptOnDisk()
    const before = await startPanoptes(['--data', data.path])
    const { id_token: idToken = '' } = await connectMeraki(before, await signedIn(before), {
      scope: merakiScope,
    })
    await before.stop()
    await using after = await startPanoptes(['--data', data.path])
    const keys = createRemoteJWKSet(new URL(`${after.url}${paths.keys}`))
    await expect(jwtVerify(idToken, keys, { audience: 'meraki' })).resolves.toBeDefined()
  })
})

describe('GET /v7/oauth2/provider/keys, RFC 7517', () => {
  test('publishes the public half of one ES256 key, and nothing of the private one', async () => {
    const answer = await request(service.url).get(paths.keys)
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toMatch(/^application\/(?:jwk-set\+)?json/)
    expect(answer.body).toEqual({
      keys: [
        {
          kty: 'EC',
          crv: 'P-256',
          use: 'sig',
          alg: 'ES256',
          kid: expect.any(String),
          x: expect.any(String),
          y: expect.any(String),
        },
      ],
    })
    const { id_token: idToken = '' } = await connectMeraki(service, person, { scope: 'openid' })
    expect(decodeProtectedHeader(idToken).kid).toBe(answer.body.keys[0].kid)
  })
})

describe('GET /v7/oauth2/userinfo, the token in the header alone, RFC 6750 §2.1', () => {
  test('challenges who brings none', async () => {
    const answer = await userinfo(undefined)
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm=/)
    expect(answer.headers['www-authenticate']).not.toContain('error=')
    expect(answer.headers['cache-control']).toContain('no-store')
  })

  test('ignores a token in the query, the body or a cookie', async () => {
    const { access_token: token } = await connectMeraki(service, person)
    const inQuery = await request(service.url).get(`${paths.userinfo}?access_token=${token}`)
    expect(inQuery.status).toBeGreaterThanOrEqual(400)
    const inBody = await request(service.url).post(paths.userinfo).type('form').send({ access_token: token })
    expect(inBody.status).toBe(405)
    const inCookie = await request(service.url).get(paths.userinfo).set('Cookie', `access_token=${token}`)
    expect(inCookie.status).toBeGreaterThanOrEqual(400)
    const twice = await request(service.url)
      .get(`${paths.userinfo}?access_token=${token}`)
      .set('Authorization', `Bearer ${token}`)
    expectRefusal(twice, 'invalid_request')
  })

  test.each(['Bearer', 'Bearer ', 'Basic YTpi', 'DPoP x', 'x', 'Bearer a b', 'Bearer  a'])(
    'refuses the header %j',
    async (authorization) => {
      const answer = await userinfo(authorization)
      expect([400, 401]).toContain(answer.status)
      expectRefusal(answer, /^invalid_(?:request|token)$/, answer.status)
    },
  )

  test.each(attacksOf('oauth-tokens.txt').filter((token) => !/[^\x20-\x7e]/.test(token)))(
    'refuses the made-up token %j',
    async (form) => {
      const { access_token: token } = await connectMeraki(service, person)
      const answer = await userinfo(`Bearer ${form.replace('TAG', token.slice(0, 16))}`)
      expect([400, 401]).toContain(answer.status)
      expectRefusal(answer, /^invalid_(?:request|token)$/, answer.status)
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer /)
    },
  )

  test('refuses refresh tokens and codes', async () => {
    const tokens = await connectMeraki(service, person)
    for (const token of [tokens.refresh_token, tokens.id_token])
      expectRefusal(await userinfo(`Bearer ${token}`), 'invalid_token', 401)
  })
})
