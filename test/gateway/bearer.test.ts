import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { rawExchange, statusesOf } from './raw-exchange.ts'
import { accessToken, admin, fullAccess, madeUpToken, startGateway, userApiToken } from './start-gateway.ts'

const tests = '/v7/tests'
const invalidToken = { error: 'invalid_token', error_description: 'Invalid access token' }

describe('bearer token, RFC 6750 §2.1', () => {
  test('opens v7 for an access token and for a User API Token', async () => {
    await using gateway = await startGateway()
    await request(gateway.url).get(tests).auth(accessToken, { type: 'bearer' }).expect(200)
    await request(gateway.url).get(tests).auth(userApiToken, { type: 'bearer' }).expect(200)
    expect(gateway.sent.map(({ credential }) => credential)).toEqual([
      { kind: 'standing', userId: admin.id },
      { kind: 'standing', userId: admin.id, presentedToken: userApiToken },
    ])
  })

  test.each(['bearer', 'BEARER', 'bEaReR', 'Bearer  '])('takes the scheme as %j', async (scheme) => {
    await using gateway = await startGateway()
    await request(gateway.url).get(tests).set('Authorization', `${scheme} ${accessToken}`).expect(200)
  })

  test('answers a request without Authorization with the 401 that ThousandEyes gives, and a challenge', async () => {
    await using gateway = await startGateway()
    const answer = await request(gateway.url).get(tests).expect(401)
    expect(answer.body).toEqual({
      errorMessage: '401 Not Authorized\nPlease ensure you are using the correct authentication token.',
    })
    expect(answer.headers['www-authenticate']).toBe(
      `Bearer resource_metadata="${gateway.url}/.well-known/oauth-protected-resource"`,
    )
    expect(gateway.sent).toEqual([])
  })

  test.each([
    ['unknown', `Bearer ${madeUpToken('x')}`],
    ['unknown, in the form of a User API Token', 'Bearer 00000000-0000-0000-0000-000000000000'],
    ['garbage', 'Bearer garbage'],
    ['cut short', `Bearer ${accessToken.slice(0, -1)}`],
    ['too long', `Bearer ${accessToken}a`],
    ['in two pieces', `Bearer ${accessToken.slice(0, 20)} ${accessToken.slice(20)}`],
    ['behind a second scheme', `Bearer Bearer ${accessToken}`],
    ['in quotes', `Bearer "${accessToken}"`],
    ['in another letter case', `Bearer ${userApiToken.toUpperCase()}`],
  ])('answers a token that is %s with invalid_token', async (_what, authorization) => {
    await using gateway = await startGateway()
    const answer = await request(gateway.url).get(tests).set('Authorization', authorization).expect(401)
    expect(answer.body).toEqual(invalidToken)
    expect(answer.headers['www-authenticate']).toContain('Bearer error="invalid_token"')
    expect(gateway.sent).toEqual([])
  })

  test.each(['Basic YTpi', accessToken, `Token ${accessToken}`, `Bearer\t${accessToken}`, 'Bearer'])(
    'takes %j for no bearer token at all',
    async (authorization) => {
      await using gateway = await startGateway()
      const answer = await request(gateway.url).get(tests).set('Authorization', authorization).expect(401)
      expect(answer.body).toHaveProperty('errorMessage')
    },
  )

  test('notes the use of a grant with the address, whatever becomes of the call, and of nothing else', async () => {
    await using gateway = await startGateway()
    const call = (token: string, path: string): Promise<unknown> =>
      request(gateway.url).get(path).set('Authorization', `Bearer ${token}`).then()
    await call(userApiToken, tests)
    await call(madeUpToken('N'), tests)
    await call('garbage', tests)
    gateway.users.set(admin.id, { ...admin, disabled: true })
    await call(accessToken, tests)
    expect(gateway.uses).toEqual([])
    gateway.users.set(admin.id, admin)
    await call(accessToken, tests)
    await call(accessToken, '/v7/nothing')
    expect(gateway.uses).toEqual(Array(2).fill({ tag: fullAccess.tag, address: '127.0.0.1' }))
  })

  test('asks no store about garbage', async () => {
    const unasked = () => Promise.reject(new Error('the store was asked'))
    await using gateway = await startGateway({
      parts: {
        grants: { access: unasked, noteUse: unasked, list: unasked, revoke: unasked, revokeAll: unasked },
        userApiTokens: { ownerOf: unasked, install: unasked, rotate: unasked, revoke: unasked },
      },
    })
    await request(gateway.url)
      .get(tests)
      .set('Authorization', `Bearer ${'g'.repeat(60)}`)
      .expect(401)
    await request(gateway.url)
      .get(tests)
      .set('Authorization', `Bearer ${'g'.repeat(36)}`)
      .expect(401)
  })

  test('looks at no token in query, cookie or body (OAuth 2.1 §5.2)', async () => {
    await using gateway = await startGateway()
    await request(gateway.url).get(`${tests}?access_token=${accessToken}`).expect(401)
    await request(gateway.url).get(tests).set('Cookie', `access_token=${accessToken}`).expect(401)
    await request(gateway.url)
      .post('/v7/tests/bgp')
      .type('form')
      .send({ access_token: accessToken })
      .expect(401)
  })

  test('sends no token of the query on to the upstream', async () => {
    await using gateway = await startGateway()
    await request(gateway.url)
      .get(`${tests}?access_token=${accessToken}&x=1`)
      .auth(accessToken, { type: 'bearer' })
      .expect(200)
    expect(gateway.sent[0]?.query.toString()).toBe('x=1')
  })

  test('refuses two Authorization headers, of which Node keeps the first silently', async () => {
    await using gateway = await startGateway()
    const answer = await rawExchange(
      gateway.port,
      `GET ${tests} HTTP/1.1\r\nHost: 127.0.0.1:${gateway.port}\r\nAuthorization: Bearer ${accessToken}\r\nauthorization: Bearer ${madeUpToken('x')}\r\n\r\n`,
    )
    expect(statusesOf(answer)).toEqual([400])
    expect(answer).toMatch(/connection: close/i)
    expect(gateway.sent).toEqual([])
  })
})

describe('what stands behind a token (security-cases G03)', () => {
  test('is gone with the grant', async () => {
    await using gateway = await startGateway()
    gateway.grants.clear()
    const answer = await request(gateway.url).get(tests).auth(accessToken, { type: 'bearer' }).expect(401)
    expect(answer.body).toEqual(invalidToken)
  })

  test('is gone with the integration', async () => {
    await using gateway = await startGateway()
    gateway.clients.clear()
    await request(gateway.url).get(tests).auth(accessToken, { type: 'bearer' }).expect(401)
  })

  test.each([accessToken, userApiToken])('is gone with the user: %s', async (token) => {
    await using gateway = await startGateway()
    gateway.users.clear()
    await request(gateway.url).get(tests).auth(token, { type: 'bearer' }).expect(401)
  })

  test.each([accessToken, userApiToken])('is closed while the user is disabled: %s', async (token) => {
    await using gateway = await startGateway()
    gateway.users.set(admin.id, { ...admin, disabled: true })
    await request(gateway.url).get(tests).auth(token, { type: 'bearer' }).expect(401)
  })

  test.each([{ locked: true }, { disabled: true }])(
    'is open as soon as the user is, also where the word of it is still on its way: %o',
    async (before) => {
      await using gateway = await startGateway()
      gateway.formerUsers.set(admin.id, { ...admin, ...before })
      await request(gateway.url).get(tests).auth(accessToken, { type: 'bearer' }).expect(200)
      gateway.users.set(admin.id, { ...admin, ...before })
      await request(gateway.url).get(tests).auth(accessToken, { type: 'bearer' }).expect(401)
    },
  )

  test('settles the region, whatever the request says', async () => {
    await using gateway = await startGateway()
    const user = { ...admin, region: 'eu1' } as const
    gateway.users.set(admin.id, user)
    gateway.grants.set(accessToken, { ...fullAccess, region: 'eu1' })
    await request(gateway.url)
      .get(`${tests}?region=us2&teRegion=2`)
      .set('X-Region', 'us2')
      .auth(accessToken, { type: 'bearer' })
      .expect(200)
    expect(gateway.sent[0]?.region).toBe('eu1')
  })
})
