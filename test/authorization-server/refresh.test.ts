import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import type { Person } from '../support/person.ts'
import { attacksOf } from './attacks.ts'
import {
  admin,
  connectDevice,
  connectMeraki,
  expectRefusal,
  type Fields,
  merakiScope,
  merakiSecret,
  paths,
  post,
  refresh,
  resourceServer,
  sdWan,
  sdWanScope,
  signedIn,
  splunk,
  type Tokens,
  v7Status,
} from './protocol.ts'

/** The token of the product documentation's own example: an organization administrator's. */
const userApiToken = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'

let service: RunningPanoptes
let person: Person

beforeAll(async () => {
  service = await startPanoptes()
  person = await signedIn(service)
})
afterAll(() => service.stop())

const newTokens = (): Promise<Tokens> => connectMeraki(service, person)
const refreshed = async (token: string, changes: Fields = {}): Promise<Tokens> => {
  const answer = await refresh(service, token, changes)
  expect(answer.status, answer.text).toBe(200)
  return answer.body as Tokens
}
/** Later than any retry may come. */
const afterTheWindow = (): void => service.advance(11)

async function expectDead(...tokens: readonly Tokens[]): Promise<void> {
  for (const one of tokens) {
    expect(await v7Status(service, one.access_token)).toBe(401)
    expectRefusal(await refresh(service, one.refresh_token), 'invalid_grant')
  }
}

describe('POST /v7/oauth2/token, refresh_token, RFC 6749 §6', () => {
  test.each<[string, () => Promise<Tokens>, Fields]>([
    ['a confidential client', () => newTokens(), merakiSecret],
    ['SD-WAN Manager', () => connectDevice(service, person), sdWan],
    ['the Splunk app', () => connectDevice(service, person, { ...splunk, scope: 'tests:read' }), splunk],
  ])(
    'rotates for %s every time, and the old access token lives on, RFC 9700 §4.14.2',
    async (_who, connect, client) => {
      const seen = new Set<string>()
      let tokens = await connect()
      const first = tokens
      for (let generation = 1; generation <= 5; generation += 1) {
        expect(tokens.refresh_token.split('.')[1]).toBe(String(generation))
        seen.add(tokens.refresh_token)
        const answer = await post(service, paths.token, {
          grant_type: 'refresh_token',
          ...client,
          refresh_token: tokens.refresh_token,
        })
        expect(answer.status, answer.text).toBe(200)
        expect(answer.headers['cache-control']).toBe('no-store')
        tokens = answer.body as Tokens
        expect(tokens.scope).toBe(first.scope)
        expect(tokens.expires_in).toBe(first.expires_in)
      }
      expect(seen.size).toBe(5)
      expect(await v7Status(service, tokens.access_token, '/v7/tests')).toBe(200)
    },
  )

  test('keeps the five newest access tokens of a connection that refreshes in a loop', async () => {
    const all = [await newTokens()]
    for (let generation = 0; generation < 7; generation += 1)
      all.push(await refreshed(all.at(-1)?.refresh_token ?? ''))
    const statuses: number[] = []
    for (const { access_token: token } of all) statuses.push(await v7Status(service, token))
    expect(statuses).toEqual([401, 401, 401, 200, 200, 200, 200, 200])
  })

  test.each<[string, Fields, RegExp, number]>([
    ['another confidential client', resourceServer, /^unauthorized_client$/, 400],
    ['a public client', { ...sdWan, client_secret: undefined }, /^invalid_grant$/, 400],
    ['a wrong secret', { client_secret: 'wrong-secret' }, /^invalid_client$/, 401],
  ])(
    'refuses the token of another client presented by %s, and harms nobody',
    async (_who, changes, error, status) => {
      const tokens = await newTokens()
      expectRefusal(await refresh(service, tokens.refresh_token, changes), error, status)
      await refreshed(tokens.refresh_token)
    },
  )

  test('refuses the old token of another client without ending the connection', async () => {
    const tokens = await newTokens()
    const second = await refreshed(tokens.refresh_token)
    const third = await refreshed(second.refresh_token)
    afterTheWindow()
    const stranger = { ...splunk, client_secret: undefined }
    for (const token of [tokens, second, third])
      expectRefusal(await refresh(service, token.refresh_token, stranger), 'invalid_grant')
    await refreshed(third.refresh_token)
  })

  test.each(attacksOf('oauth-tokens.txt'))('refuses the made-up token %j and harms nobody', async (form) => {
    const tokens = await newTokens()
    const madeUp = form.replace('TAG', tokens.access_token.slice(0, 16))
    expectRefusal(await refresh(service, madeUp), /^invalid_(?:grant|request)$/)
    await refreshed(tokens.refresh_token)
  })

  test('refuses a right token in which any one character is wrong, and harms nobody', async () => {
    const { refresh_token: token } = await newTokens()
    const { refresh_token: next } = await refreshed(token)
    afterTheWindow()
    for (let index = 0; index < token.length; index += 3) {
      const other = token[index] === 'A' ? 'B' : 'A'
      const wrong = `${token.slice(0, index)}${other}${token.slice(index + 1)}`
      expectRefusal(await refresh(service, wrong), 'invalid_grant')
    }
    for (const wrong of [token.slice(0, -1), `${token}A`, `${token} `, ` ${token}`, token.toLowerCase()])
      expectRefusal(await refresh(service, wrong), 'invalid_grant')
    await refreshed(next)
  })
})

describe('POST /v7/oauth2/token, refresh_token, scope, OAuth 2.1 §4.3.1', () => {
  test('narrows the access token alone: the connection keeps what was confirmed', async () => {
    const tokens = await newTokens()
    const narrow = await refreshed(tokens.refresh_token, { scope: 'organization:read' })
    expect(narrow.scope).toBe('organization:read')
    expect(narrow.id_token).toBeUndefined()
    expect(await v7Status(service, narrow.access_token, '/v7/account-groups')).toBe(200)
    expect(await v7Status(service, narrow.access_token, '/v7/tests')).toBe(403)
    const whole = await refreshed(narrow.refresh_token)
    expect(whole.scope).toBe(merakiScope)
    expect(await v7Status(service, whole.access_token, '/v7/tests')).toBe(200)
  })

  test.each(attacksOf('oauth-scopes.txt'))(
    'refuses %j, and the token is as good as before',
    async (scope) => {
      const tokens = await newTokens()
      expectRefusal(await refresh(service, tokens.refresh_token, { scope }), 'invalid_scope')
      await refreshed(tokens.refresh_token)
    },
  )

  test('refuses what the client may ask for and the user has not confirmed', async () => {
    const tokens = await connectMeraki(service, person, { scope: 'organization:read' })
    expectRefusal(
      await refresh(service, tokens.refresh_token, { scope: 'organization:read tests:manage' }),
      'invalid_scope',
    )
    expect((await refreshed(tokens.refresh_token)).scope).toBe('organization:read')
  })
})

describe('POST /v7/oauth2/token, a refresh token that comes again, RFC 9700 §4.14.2', () => {
  test('ends the connection when it comes after the window', async () => {
    const first = await newTokens()
    const second = await refreshed(first.refresh_token)
    afterTheWindow()
    expectRefusal(await refresh(service, first.refresh_token), 'invalid_grant')
    await expectDead(first, second)
  })

  test('ends the connection when it is two generations old, even inside the window', async () => {
    const first = await newTokens()
    const second = await refreshed(first.refresh_token)
    const third = await refreshed(second.refresh_token)
    expectRefusal(await refresh(service, first.refresh_token), 'invalid_grant')
    await expectDead(first, second, third)
  })

  test('ends the connection however old it is, as no list of old ones is kept', async () => {
    const first = await newTokens()
    let last = first
    for (let generation = 0; generation < 12; generation += 1) last = await refreshed(last.refresh_token)
    afterTheWindow()
    expectRefusal(await refresh(service, first.refresh_token), 'invalid_grant')
    await expectDead(last)
  })

  test('leaves the other connections of the same user and integration alone', async () => {
    const [stolen, other] = [await newTokens(), await newTokens()]
    await refreshed(stolen.refresh_token)
    afterTheWindow()
    expectRefusal(await refresh(service, stolen.refresh_token), 'invalid_grant')
    expect(await v7Status(service, other.access_token)).toBe(200)
    await refreshed(other.refresh_token)
  })
})

describe('POST /v7/oauth2/token, refresh_token of a user who is gone, security-cases C12', () => {
  test('is refused, and so is everything else of that user', async () => {
    const users = await request(service.url).get('/v7/users').set('Authorization', `Bearer ${userApiToken}`)
    const people = users.body.users as readonly { readonly uid: string; readonly email: string }[]
    const uid = people.find(({ email }) => email === 'ops@acme.example')?.uid
    const ops = await signedIn(service, { ...admin, email: 'ops@acme.example' })
    const tokens = await connectMeraki(service, ops)
    const device = await connectDevice(service, ops, { ...sdWan, scope: `${sdWanScope} openid` })
    const removed = await request(service.url)
      .delete(`/v7/users/${uid}`)
      .set('Authorization', `Bearer ${userApiToken}`)
    expect(removed.status, removed.text).toBe(204)
    await expectDead(tokens)
    expect(await v7Status(service, device.access_token)).toBe(401)
    const userinfo = await request(service.url)
      .get(paths.userinfo)
      .set('Authorization', `Bearer ${device.access_token}`)
    expectRefusal(userinfo, 'invalid_token', 401)
    const asked = await post(service, paths.introspect, { ...resourceServer, token: device.access_token })
    expect(asked.body).toEqual({ active: false })
  })
})
