import { createServer } from 'node:net'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { attacksOf } from './attacks.ts'
import { authorize, authorizeQuery, type Fields, paths, redirectedAnswer } from './protocol.ts'

let service: RunningPanoptes

beforeAll(async () => {
  service = await startPanoptes()
})
afterAll(() => service.stop())

/** The refusal that the browser takes to the client: always with the issuer, RFC 9207 §2, and the state. */
async function refusal(changes: Fields): Promise<URLSearchParams> {
  const answer = redirectedAnswer(await authorize(service, changes))
  expect(answer.get('iss')).toBe(service.url)
  expect(answer.get('state')).toBe('state-of-the-platform')
  expect(answer.get('code')).toBeNull()
  expect(answer.get('access_token')).toBeNull()
  return answer
}

describe('GET /oauth2/authorize, response types and modes, RFC 6749 §3.1.1', () => {
  test.each([
    'token',
    'id_token',
    'code token',
    'code id_token',
    'id_token token',
    'none',
    'CODE',
    'code,token',
    '__proto__',
  ])('refuses response_type %s in the query', async (responseType) => {
    const { error } = Object.fromEntries(await refusal({ response_type: responseType }))
    expect(error).toMatch(/^(?:unsupported_response_type|invalid_request)$/)
  })

  test.each([undefined, ''])('refuses a missing response_type (%j)', async (responseType) => {
    expect((await refusal({ response_type: responseType })).get('error')).toBe('invalid_request')
  })

  test.each([
    'fragment',
    'form_post',
    'web_message',
    'jwt',
    'query.jwt',
    'fragment.jwt',
    'form_post.jwt',
    'QUERY',
    'nope',
    '__proto__',
  ])('refuses response_mode %s, and says so in the query', async (responseMode) => {
    const { error } = Object.fromEntries(await refusal({ response_mode: responseMode }))
    expect(error).toMatch(/^(?:unsupported_response_mode|invalid_request)$/)
  })

  test('refuses a response mode in every combination in the query', async () => {
    await refusal({ response_mode: 'form_post', response_type: 'token' })
    await refusal({ response_mode: 'fragment', scope: 'nope' })
    await refusal({ response_mode: 'form_post', prompt: 'none' })
  })

  test('takes response_mode query for what it is', async () => {
    expect((await authorize(service, { response_mode: 'query' })).headers['location']).toMatch(
      /^\/interaction\//,
    )
  })
})

describe('GET /oauth2/authorize, PKCE for every client, RFC 7636 §4.4.1', () => {
  test.each<[string, Fields]>([
    ['no challenge', { code_challenge: undefined, code_challenge_method: undefined }],
    ['an empty challenge', { code_challenge: '' }],
    ['a challenge without method, which would mean plain', { code_challenge_method: undefined }],
    ['the method alone', { code_challenge: undefined }],
    ['plain', { code_challenge_method: 'plain' }],
    ['s256', { code_challenge_method: 's256' }],
    ['an unknown method', { code_challenge_method: 'S512' }],
    ['two challenges', { code_challenge: ['E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', 'b'.repeat(43)] }],
  ])('refuses %s', async (_case, changes) => {
    expect((await refusal(changes)).get('error')).toBe('invalid_request')
  })

  test.each(attacksOf('oauth-code-challenges.txt'))('refuses the challenge %j', async (challenge) => {
    expect((await refusal({ code_challenge: challenge })).get('error')).toBe('invalid_request')
  })
})

describe('GET /oauth2/authorize, scope, RFC 6749 §3.3', () => {
  test.each([undefined, '', ' ', '   '])('refuses an absent scope (%j)', async (scope) => {
    expect((await refusal({ scope })).get('error')).toBe('invalid_scope')
  })

  test.each(attacksOf('oauth-scopes.txt'))('refuses %j and narrows nothing', async (scope) => {
    expect((await refusal({ scope })).get('error')).toBe('invalid_scope')
  })

  test('refuses two hundred scopes', async () => {
    const scope = Array.from({ length: 200 }, (_, index) => `tests${index}:read`).join(' ')
    expect((await refusal({ scope })).get('error')).toBe('invalid_scope')
  })

  test('takes a scope that stands twice for one', async () => {
    const answer = await authorize(service, { scope: 'tests:manage tests:manage' })
    expect(answer.headers['location']).toMatch(/^\/interaction\//)
  })
})

describe('GET /oauth2/authorize, parameters', () => {
  test.each([
    'response_type',
    'scope',
    'code_challenge',
    'code_challenge_method',
    'nonce',
    'prompt',
    'response_mode',
    'login_hint',
    'max_age',
    'teRegion',
  ])('refuses %s twice, OAuth 2.1 §3.1', async (name) => {
    expect((await refusal({ [name]: ['code', 'code'] })).get('error')).toBe('invalid_request')
  })

  test('refuses two states and returns neither', async () => {
    const answer = redirectedAnswer(await authorize(service, { state: ['one', 'two'] }))
    expect(Object.fromEntries(answer)).toMatchObject({ error: 'invalid_request', iss: service.url })
    expect(answer.get('state')).toBeNull()
  })

  test('refuses request objects without fetching anything, security-cases A16', async () => {
    let connections = 0
    const listener = createServer((socket) => {
      connections += 1
      socket.destroy()
    })
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const { port } = listener.address() as { port: number }
    const uri = `http://127.0.0.1:${port}/request.jwt`
    expect((await refusal({ request: 'eyJhbGciOiJub25lIn0.e30.' })).get('error')).toBe(
      'request_not_supported',
    )
    expect((await refusal({ request_uri: uri })).get('error')).toBe('request_uri_not_supported')
    expect((await refusal({ registration: `{"jwks_uri":"${uri}"}` })).get('error')).toBe(
      'registration_not_supported',
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
    await new Promise((resolve) => listener.close(resolve))
    expect(connections).toBe(0)
  })

  test('ignores parameters that it does not know, five hundred of them, and resource, RFC 8707', async () => {
    const junk = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`junk${index}`, 'x']))
    const answer = await authorize(service, {
      ...junk,
      resource: `${service.url}/v7`,
      claims: '{bad',
      dpop_jkt: 'x',
    })
    expect(answer.headers['location']).toMatch(/^\/interaction\//)
  })

  test.each<[string, Fields, RegExp]>([
    ['prompt=none without a session', { prompt: 'none' }, /^login_required$/],
    ['prompt=none with another', { prompt: 'none login' }, /^invalid_request$/],
    ['an unknown prompt', { prompt: 'nope' }, /^invalid_request$/],
    ['a negative max_age', { max_age: '-1' }, /^invalid_request$/],
    ['a max_age that is no number', { max_age: 'NaN' }, /^invalid_request$/],
    ['a made-up id_token_hint', { id_token_hint: 'eyJhbGciOiJub25lIn0.e30.' }, /^invalid_request$/],
  ])('refuses %s', async (_case, changes, error) => {
    expect((await refusal(changes)).get('error')).toMatch(error)
  })

  test('answers a target of 64 kB without breaking, and goes on', async () => {
    const outcome = await authorize(service, { state: 'x'.repeat(65_536) }).then(
      ({ status }) => status,
      // Node closes the connection while the client is still writing.
      (error: { code?: string }) => error.code,
    )
    expect([400, 414, 431, 'ECONNRESET', 'EPIPE']).toContain(outcome)
    expect((await authorize(service)).status).toBe(303)
  })

  test('takes GET alone and gives no other origin access, security-cases A11', async () => {
    const posted = await request(service.url).post(paths.authorize).type('form').send(authorizeQuery())
    expect(posted.status).toBe(405)
    expect(posted.headers['allow']).toBe('GET')
    for (const method of ['get', 'options'] as const) {
      const answer = await request(service.url)
        [method](`${paths.authorize}?${authorizeQuery()}`)
        .set('Origin', 'https://evil.example')
        .redirects(0)
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
    }
  })

  test.each([
    '/OAUTH2/AUTHORIZE',
    '/oauth2/authorize/',
    '//oauth2/authorize',
    '/oauth2/%61uthorize',
    '/oauth2/authorize%2f',
    '/oauth2/./authorize%20',
  ])('is not found under the spelling %s', async (path) => {
    const answer = await request(service.url).get(`${path}?${authorizeQuery()}`).redirects(0)
    expect(answer.status).toBe(404)
  })
})
