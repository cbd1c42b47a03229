import { describe, expect, test } from 'vitest'
import { fileEmulator } from './support/file-emulator.ts'
import { exchange, merakiRequest, statusOf } from './support/oauth.ts'

const panoptes = fileEmulator()
const { ask } = panoptes

const otis = 'ops@acme.example'

describe('POST /emulator/authorizations', () => {
  test('answers the redirect with a code that the integration can exchange', async () => {
    const { status, body } = await ask('POST', '/authorizations', {
      url: merakiRequest(panoptes.url),
      user: otis,
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({ state: 'state-of-the-test', iss: panoptes.url })
    expect(body.redirect).toMatch(/^http:\/\/127\.0\.0\.1:49152\/callback\?/)
    const tokens = await exchange(panoptes.url, body.code)
    expect(tokens.status).toBe(200)
    expect(await statusOf(panoptes.url, tokens.body.access_token)).toBe(200)
  })

  test('takes a request from its path on, and one under another name of this machine', async () => {
    const { port } = new URL(panoptes.url)
    for (const origin of ['', `http://127.0.0.1:${port}`, `http://localhost:${port}`]) {
      const { body } = await ask('POST', '/authorizations', { url: merakiRequest(origin), user: otis })
      expect(body.code).toEqual(expect.any(String))
    }
  })

  test('presses Logout', async () => {
    const { body } = await ask('POST', '/authorizations', {
      url: merakiRequest(panoptes.url),
      user: otis,
      choice: 'logout',
    })
    expect(body).toMatchObject({ error: 'access_denied', state: 'state-of-the-test' })
    expect(body.code).toBeUndefined()
  })

  test('shows errors that go back to the integration', async () => {
    const { status, body } = await ask('POST', '/authorizations', {
      url: merakiRequest(panoptes.url, { scope: 'alerts:manage' }),
      user: otis,
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({ error: 'invalid_scope', state: 'state-of-the-test' })
  })

  test.each([
    ['client_id', 'nobody'],
    ['redirect_uri', 'https://evil.example/'],
  ])('refuses what may not go back: a wrong %s', async (parameter, value) => {
    const url = merakiRequest(panoptes.url, { [parameter]: value })
    const { status, body } = await ask('POST', '/authorizations', { url, user: otis })
    expect(status).toBe(400)
    expect(body.code).toMatch(/^invalid_/)
  })

  test.each([
    'https://app.thousandeyes.com/oauth2/authorize?client_id=meraki',
    'http://localhost:1/oauth2/authorize?client_id=meraki',
    '/oauth2/device',
    '/v7/../oauth2/authorizex',
    'javascript:alert(1)',
    '//evil.example/oauth2/authorize',
    'http://[',
  ])('refuses %s', async (url) => {
    const { status, body } = await ask('POST', '/authorizations', { url, user: otis })
    expect(status).toBe(422)
    expect(body.detail).toContain('allowed is an authorization request of this server, as http://localhost:')
  })
})
