import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { attacksOf } from './attacks.ts'
import { authorize, expectErrorPage, redirectedAnswer } from './protocol.ts'

const registered = 'https://app.example/cb'

let service: RunningPanoptes
let hostile: RunningPanoptes

beforeAll(async () => {
  service = await startPanoptes()
  hostile = await startPanoptes(['--config', 'test/authorization-server/config/panoptes.yaml'])
})
afterAll(async () => {
  await service.stop()
  await hostile.stop()
})

const asCloudOne = (redirectUri: string | undefined) => ({
  client_id: 'cloud-one',
  scope: 'tests:read',
  redirect_uri: redirectUri,
})

describe('GET /oauth2/authorize, redirect_uri, RFC 9700 §2.1', () => {
  test('accepts the registered text', async () => {
    const answer = await authorize(hostile, asCloudOne(registered))
    expect(answer.status).toBe(303)
    expect(answer.headers['location']).toMatch(/^\/interaction\//)
  })

  test.each(attacksOf('oauth-redirect-uris.txt'))(
    'shows an error page and redirects nowhere for %j',
    async (uri) => {
      const answer = await authorize(hostile, asCloudOne(uri))
      expectErrorPage(answer)
      expect(answer.text).not.toContain('<script')
      expect(answer.text).not.toContain('evil.example')
    },
  )

  test.each(attacksOf('oauth-redirect-uris.txt'))('sends no error to %j either', async (uri) => {
    // The request is wrong in a second way, whose refusal would otherwise go to the redirect URI.
    expectErrorPage(await authorize(hostile, { ...asCloudOne(uri), response_type: 'token', scope: 'nope' }))
  })

  test.each(attacksOf('oauth-loopback-uris.txt'))('shows Meraki an error page for %j', async (uri) => {
    expectErrorPage(await authorize(service, { redirect_uri: uri }))
  })

  test.each(attacksOf('oauth-loopback-uris.txt'))(
    'shows a native client an error page for %j',
    async (uri) => {
      expectErrorPage(
        await authorize(hostile, { client_id: 'desktop', scope: 'tests:read', redirect_uri: uri }),
      )
    },
  )

  test.each([
    'http://127.0.0.1/callback',
    'http://127.0.0.1:1/callback',
    'http://127.0.0.1:8080/callback',
    'http://127.0.0.1:65535/callback',
  ])('leaves the port of a loopback address free, RFC 8252 §7.3: %s', async (uri) => {
    for (const [at, client] of [
      [service, {}],
      [hostile, { client_id: 'desktop', scope: 'tests:read' }],
    ] as const) {
      const answer = await authorize(at, { ...client, redirect_uri: uri })
      expect(answer.headers['location']).toMatch(/^\/interaction\//)
    }
  })

  test('answers errors at the loopback port that was asked for', async () => {
    const uri = 'http://127.0.0.1:51004/callback'
    const answer = await authorize(service, { redirect_uri: uri, code_challenge_method: 'plain' })
    expect(redirectedAnswer(answer, uri).get('error')).toBe('invalid_request')
  })

  test('must be named by a client that has several', async () => {
    expectErrorPage(await authorize(hostile, asCloudOne(undefined)))
  })

  test.each([
    ['an unknown client', { client_id: 'nope' }],
    ['a client in another case', { client_id: 'CLOUD-ONE' }],
    ['a client by URL, RFC 7591 or not', { client_id: 'https://evil.example/client.json' }],
    ['a prototype for a client', { client_id: '__proto__' }],
    ['no client', { client_id: undefined }],
    ['an empty client', { client_id: '' }],
    ['two clients', { client_id: ['cloud-one', 'cloud-one'] }],
    ['two redirect URIs', { redirect_uri: [registered, registered] }],
    ['a good and a bad redirect URI', { redirect_uri: [registered, 'https://evil.example/'] }],
  ])('shows an error page for %s, security-cases A05, A07', async (_case, changes) => {
    expectErrorPage(await authorize(hostile, { ...asCloudOne(registered), ...changes }))
  })

  test('writes a hostile client_id as text', async () => {
    const answer = await authorize(service, {
      client_id: '"><script>alert(1)</script>',
      redirect_uri: 'https://evil.example/',
    })
    expectErrorPage(answer)
    expect(answer.text).not.toContain('<script')
  })
})
