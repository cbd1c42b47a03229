import type { Response } from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import type { Person } from '../support/person.ts'
import { attacksOf } from './attacks.ts'
import {
  connectDevice,
  connectMeraki,
  expectRefusal,
  type Fields,
  merakiScope,
  merakiSecret,
  newCode,
  paths,
  post,
  refresh,
  resourceServer,
  sdWan,
  signedIn,
  splunk,
  type Tokens,
} from './protocol.ts'

let service: RunningPanoptes
let person: Person
let tokens: Tokens

beforeAll(async () => {
  service = await startPanoptes()
  person = await signedIn(service)
  tokens = await connectMeraki(service, person)
})
afterAll(() => service.stop())

const introspect = (token: string | undefined, changes: Fields = resourceServer): Promise<Response> =>
  post(service, paths.introspect, { ...changes, token }).then()

/** RFC 7662 §2.2: no other word than that it is not active. */
function expectInactive(answer: Response): void {
  expect(answer.status, answer.text).toBe(200)
  expect(answer.body).toEqual({ active: false })
  expect(answer.headers['cache-control']).toContain('no-store')
}

describe('POST /v7/oauth2/introspect, RFC 7662', () => {
  test('tells the configured resource server what an access token opens, and nothing of the token itself', async () => {
    const { body, headers, text } = await introspect(tokens.access_token)
    expect(body).toEqual({
      active: true,
      client_id: 'meraki',
      scope: merakiScope,
      sub: 'us1.1001',
      iss: service.url,
      token_type: 'Bearer',
      iat: expect.any(Number),
      exp: expect.any(Number),
    })
    expect(body.exp - body.iat).toBe(300)
    expect(headers['cache-control']).toContain('no-store')
    expect(text).not.toContain(tokens.access_token)
  })

  test('finds it under every hint', async () => {
    for (const hint of ['access_token', 'refresh_token', 'nope', ''])
      expect(
        (await introspect(tokens.access_token, { ...resourceServer, token_type_hint: hint })).body.active,
      ).toBe(true)
  })

  test.each<[string, Fields]>([
    ['the client itself', merakiSecret],
    ['a public client', sdWan],
    ['another public client', splunk],
  ])('tells %s nothing', async (_who, client) => {
    expectInactive(await introspect(tokens.access_token, client))
    expectInactive(await introspect(tokens.refresh_token, client))
  })

  test('refuses a resource server that cannot prove who it is', async () => {
    for (const client_secret of [undefined, '', 'meraki-secret'])
      expectRefusal(
        await introspect(tokens.access_token, { ...resourceServer, client_secret }),
        'invalid_client',
        401,
      )
    expectRefusal(await introspect(tokens.access_token, {}), 'invalid_request')
  })

  test('calls a refresh token inactive, current and previous: it opens no resource', async () => {
    const mine = await connectMeraki(service, person)
    expectInactive(await introspect(mine.refresh_token))
    const next = (await refresh(service, mine.refresh_token)).body as Tokens
    for (const token of [mine.refresh_token, next.refresh_token]) {
      expectInactive(await introspect(token))
      expectInactive(await introspect(token, { ...resourceServer, token_type_hint: 'refresh_token' }))
    }
    // To ask about an old token is no reuse.
    service.advance(11)
    expectInactive(await introspect(mine.refresh_token))
    expect((await introspect(next.access_token)).body.active).toBe(true)
    expect((await refresh(service, next.refresh_token)).status).toBe(200)
  })

  test('calls an expired and a revoked token inactive', async () => {
    const expired = await connectMeraki(service, await signedIn(service))
    service.advance(300)
    expectInactive(await introspect(expired.access_token))
    const revoked = await connectDevice(service, await signedIn(service))
    expect((await introspect(revoked.access_token)).body.client_id).toBe('sd-wan-manager')
    await post(service, paths.revoke, { ...sdWan, token: revoked.refresh_token })
    expectInactive(await introspect(revoked.access_token))
  })

  test('calls codes and User API Tokens inactive', async () => {
    expectInactive(await introspect(await newCode(service, await signedIn(service))))
    expectInactive(await introspect('f537f4ac-2921-3199-bbab-d5a43f1c2b60'))
  })

  test.each(attacksOf('oauth-tokens.txt'))(
    'calls the made-up token %j inactive, or what it cannot be',
    async (form) => {
      const answer = await introspect(form.replace('TAG', tokens.access_token.slice(0, 16)))
      if (answer.status === 200) expectInactive(answer)
      else expectRefusal(answer, 'unsupported_token_type')
    },
  )

  test('needs one token', async () => {
    expectRefusal(await introspect(undefined), 'invalid_request')
    const two = { ...resourceServer, token: [tokens.access_token, tokens.access_token] }
    expectRefusal(await post(service, paths.introspect, two), 'invalid_request')
  })
})
