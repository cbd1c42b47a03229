import type { Response } from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import type { Person } from '../support/person.ts'
import { attacksOf } from './attacks.ts'
import {
  challengeOf,
  confirm,
  exchange,
  expectRefusal,
  type Fields,
  newCode,
  newVerifier,
  paths,
  post,
  refresh,
  signedIn,
  type Tokens,
  v7Status,
} from './protocol.ts'

let service: RunningPanoptes
let person: Person

beforeAll(async () => {
  service = await startPanoptes(['--config', 'test/authorization-server/config/panoptes.yaml'])
  person = await signedIn(service)
})
afterAll(() => service.stop())

const verifier = newVerifier()
const cloudOne: Fields = { client_id: 'cloud-one', client_secret: 'cloud-one-secret' }
const cloudTwo: Fields = { client_id: 'cloud-two', client_secret: 'cloud-two-secret' }
const redirectUri = 'https://app.example/cb'

const codeOfOne = (changes: Fields = {}): Promise<string> =>
  newCode(service, person, {
    client_id: 'cloud-one',
    redirect_uri: redirectUri,
    scope: 'tests:read organization:read openid',
    code_challenge: challengeOf(verifier),
    ...changes,
  })

const exchanged = (code: string, changes: Fields = {}): Promise<Response> =>
  exchange(service, code, {
    ...cloudOne,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    ...changes,
  }).then()

const refreshed = (tokens: Tokens): Promise<Response> =>
  refresh(service, tokens.refresh_token, cloudOne).then()

/** Nothing of the connection works any more, at any door. */
async function expectDead(tokens: Tokens): Promise<void> {
  expect(await v7Status(service, tokens.access_token)).toBe(401)
  expectRefusal(await refreshed(tokens), 'invalid_grant')
}

describe('POST /v7/oauth2/token, authorization_code, RFC 6749 §4.1.3', () => {
  test('gives tokens once, for the scope that was confirmed', async () => {
    const answer = await exchanged(await codeOfOne())
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
    expect(answer.body).toEqual({
      access_token: expect.stringMatching(/^[\w-]{16}\.[\w-]{43}$/),
      refresh_token: expect.stringMatching(/^[\w-]{16}\.1\.[\w-]{43}\.[\w-]{16}$/),
      id_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 300,
      scope: 'tests:read organization:read openid',
    })
  })

  test.each(attacksOf('oauth-code-verifiers.txt'))('refuses the verifier %j', async (wrong) => {
    const answer = await exchanged(await codeOfOne(), { code_verifier: wrong })
    expectRefusal(answer, /^invalid_(?:grant|request)$/)
  })

  test('leaves the code usable for the right client after every wrong attempt, OAuth 2.1 §7.5.3', async () => {
    const code = await codeOfOne()
    const wrong: readonly Fields[] = [
      { code_verifier: undefined },
      { code_verifier: '' },
      { code_verifier: newVerifier() },
      { code_verifier: challengeOf(verifier) },
      { code_verifier: [verifier, verifier] },
      { redirect_uri: 'https://app.example/second' },
      { redirect_uri: 'https://evil.example/' },
      { redirect_uri: undefined },
      { redirect_uri: [redirectUri, redirectUri] },
      cloudTwo,
      { client_id: 'desktop', client_secret: undefined },
    ]
    for (const changes of wrong)
      expectRefusal(await exchanged(code, changes), /^(?:invalid_grant|invalid_request)$/)
    expectRefusal(await exchanged(code, { client_secret: 'wrong-secret' }), 'invalid_client', 401)
    expect((await exchanged(code)).status).toBe(200)
  })

  test('is bound to the client it was issued to, RFC 9700 §4.5', async () => {
    const code = await codeOfOne()
    expectRefusal(await exchanged(code, cloudTwo), 'invalid_grant')
    expect((await exchanged(code)).status).toBe(200)
  })

  test('is bound to its redirect URI, even to another registered one', async () => {
    const code = await codeOfOne({ redirect_uri: 'https://app.example/second' })
    expectRefusal(await exchanged(code), 'invalid_grant')
    expect((await exchanged(code, { redirect_uri: 'https://app.example/second' })).status).toBe(200)
  })

  test('ends after 60 seconds, FAPI 2.0 §5.3.2.1', async () => {
    const [early, late] = [await codeOfOne(), await codeOfOne()]
    service.advance(55)
    expect((await exchanged(early)).status).toBe(200)
    service.advance(6)
    expectRefusal(await exchanged(late), 'invalid_grant')
  })

  test.each(attacksOf('oauth-tokens.txt'))('refuses the made-up code %j and harms nobody', async (form) => {
    const tokens = (await exchanged(await codeOfOne())).body as Tokens
    const madeUp = form.replace('TAG', tokens.access_token.slice(0, 16))
    expectRefusal(await exchanged(madeUp), /^invalid_(?:grant|request)$/)
    expect(await v7Status(service, tokens.access_token)).toBe(200)
  })
})

describe('POST /v7/oauth2/token, a code that comes again, RFC 6749 §4.1.2', () => {
  test('is refused, and what it gave is dead at once when the replay is valid', async () => {
    const code = await codeOfOne()
    const tokens = (await exchanged(code)).body as Tokens
    expect(await v7Status(service, tokens.access_token)).toBe(200)
    expectRefusal(await exchanged(code), 'invalid_grant')
    await expectDead(tokens)
  })

  test('ends a connection that has been refreshed meanwhile', async () => {
    const code = await codeOfOne()
    const first = (await exchanged(code)).body as Tokens
    const second = (await refreshed(first)).body as Tokens
    expectRefusal(await exchanged(code), 'invalid_grant')
    await expectDead(second)
  })

  test.each<[string, Fields]>([
    ['a wrong verifier', { code_verifier: newVerifier() }],
    ['no verifier', { code_verifier: undefined }],
    ['another redirect URI', { redirect_uri: 'https://app.example/second' }],
    ['another client', cloudTwo],
    ['a public client', { client_id: 'desktop', client_secret: undefined }],
  ])('is refused and harms nothing with %s, OAuth 2.1 §7.5.3', async (_case, changes) => {
    const code = await codeOfOne()
    const tokens = (await exchanged(code)).body as Tokens
    expectRefusal(await exchanged(code, changes), 'invalid_grant')
    expect(await v7Status(service, tokens.access_token)).toBe(200)
    expect((await refreshed(tokens)).status).toBe(200)
  })

  test('succeeds exactly once of 50 at the same moment, and the family is dead afterwards, security-cases A22', async () => {
    for (let round = 0; round < 5; round += 1) {
      const code = await codeOfOne()
      const answers = await Promise.all(Array.from({ length: 50 }, () => exchanged(code)))
      const winners = answers.filter(({ status }) => status === 200)
      expect(winners).toHaveLength(1)
      for (const loser of answers.filter(({ status }) => status !== 200))
        expectRefusal(loser, 'invalid_grant')
      await expectDead(winners[0]?.body as Tokens)
    }
  })

  test('of a wrong and a right request at the same moment the right one wins and lives', async () => {
    for (let round = 0; round < 5; round += 1) {
      const code = await codeOfOne()
      const wrong = Array.from({ length: 10 }, () => exchanged(code, { code_verifier: newVerifier() }))
      const right = exchanged(code)
      for (const answer of await Promise.all(wrong)) expectRefusal(answer, 'invalid_grant')
      const tokens = (await right).body as Tokens
      expect(await v7Status(service, tokens.access_token)).toBe(200)
    }
  })
})

describe('POST /v7/oauth2/token, tokens of one kind presented as another, security-cases A29', () => {
  test('are refused each time, and the connection lives on', async () => {
    const spare = await codeOfOne()
    const tokens = (await exchanged(await codeOfOne())).body as Tokens
    const { access_token: access, refresh_token: refreshToken } = tokens
    for (const code of [access, refreshToken]) expectRefusal(await exchanged(code), 'invalid_grant')
    for (const token of [access, spare])
      expectRefusal(await refresh(service, token, cloudOne), 'invalid_grant')
    for (const token of [refreshToken, spare, tokens.id_token ?? ''])
      expect(await v7Status(service, token)).toBe(401)
    const asDeviceCode = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: spare }
    expectRefusal(await post(service, paths.token, { ...cloudOne, ...asDeviceCode }), 'unauthorized_client')
    expect(await v7Status(service, access)).toBe(200)
    expect((await refreshed(tokens)).status).toBe(200)
    expect((await exchanged(spare)).status).toBe(200)
  })

  test('a client without the refresh grant gets no refresh token and may not use one', async () => {
    const codeOnly = { client_id: 'code-only', client_secret: 'code-only-secret' }
    const asked = { client_id: 'code-only', scope: 'tests:read openid' }
    const answer = await exchanged(await codeOfOne(asked), codeOnly)
    expect(answer.status).toBe(200)
    expect(answer.body).not.toHaveProperty('refresh_token')
    const other = (await exchanged(await codeOfOne())).body as Tokens
    expectRefusal(await refresh(service, other.refresh_token, codeOnly), 'unauthorized_client')
    expect((await refreshed(other)).status).toBe(200)
  })

  test('a session cookie is no access token', async () => {
    const cookie = /panoptes_session=([^;]+)/.exec(person.cookiesFor(new URL(service.url)))?.[1] ?? ''
    expect(cookie).not.toBe('')
    expect(await v7Status(service, cookie)).toBe(401)
    expect(
      (
        await confirm(service, person, { client_id: 'cloud-one', redirect_uri: redirectUri, scope: 'openid' })
      ).searchParams.get('code'),
    ).not.toBeNull()
  })
})
