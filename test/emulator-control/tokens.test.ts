import { beforeEach, describe, expect, test } from 'vitest'
import { fileEmulator } from './support/file-emulator.ts'
import { askForCode, exchange, merakiRequest, poll, refresh, statusOf } from './support/oauth.ts'

const panoptes = fileEmulator()
const { ask } = panoptes
beforeEach(() => ask('POST', '/reset'))

const wish = { integration: 'sd-wan-manager', user: 'ops@acme.example' }
const mint = async (more: object = {}) => (await ask('POST', '/tokens', { ...wish, ...more })).body

describe('POST /emulator/tokens', () => {
  test('mints a pair that works as any other', async () => {
    const { status, body } = await ask('POST', '/tokens', wish)
    expect(status).toBe(201)
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 600 })
    expect(body.scope.split(' ')).toContain('tests:manage')
    expect(await statusOf(panoptes.url, body.access_token)).toBe(200)
    expect((await refresh(panoptes.url, body.refresh_token)).status).toBe(200)
  })

  test.each([['tests:manage offline_access'], [['tests:manage', 'offline_access']]])(
    'gives the scopes that are asked for: %j',
    async (scopes) => {
      const { access_token: token, scope } = await mint({ scopes })
      expect(scope.split(' ').toSorted()).toEqual(['offline_access', 'tests:manage'])
      expect(await statusOf(panoptes.url, token)).toBe(200)
      expect(await statusOf(panoptes.url, token, '/v7/agents')).toBe(403)
    },
  )

  test('mints a scoped API token, which can be expired and revoked like any other', async () => {
    const apiToken = { integration: 'api-tokens', scopes: ['tests:read'], accountGroups: ['1101'] }
    const { access_token: token, ...rest } = await mint({ ...apiToken, name: 'CI' })
    expect(token).toMatch(/^panoptes_[\w-]{75}$/)
    expect(rest).toEqual({ token_type: 'Bearer', expires_in: 365 * 86_400, scope: 'tests:read' })
    expect(await statusOf(panoptes.url, token)).toBe(200)
    expect(await statusOf(panoptes.url, token, '/v7/agents')).toBe(403)
    expect((await ask('POST', '/tokens', { ...wish, ...apiToken, name: 'CI' })).status).toBe(409)
    for (const fate of ['expire', 'revoke']) {
      const { access_token: other } = await mint({ ...apiToken, name: fate })
      expect((await ask('POST', `/tokens/${fate}`, { token: other })).status).toBe(200)
      expect(await statusOf(panoptes.url, other)).toBe(401)
    }
    expect((await ask('PATCH', '/integrations/api-tokens', { lifetimes: { access: '1m' } })).status).toBe(409)
  })

  test('limits it to account groups', async () => {
    const { access_token: token } = await mint({ accountGroups: ['1102'] })
    expect(await statusOf(panoptes.url, token, '/v7/tests?aid=1102')).toBe(200)
    expect(await statusOf(panoptes.url, token, '/v7/tests?aid=1101')).toBe(403)
  })

  test.each([
    [{ integration: 'nobody' }, 404, /integration: found "nobody"; allowed are sd-wan-manager, meraki/],
    [{ user: 'nobody' }, 404, /user: found "nobody"; allowed are/],
    [{ scopes: 'alerts:manage' }, 422, /scopes: found "alerts:manage"; of sd-wan-manager allowed are/],
    [{ scopes: [] }, 422, /scopes: found \[\]; allowed are scope words/],
    [{ accountGroups: ['eleven'] }, 422, /accountGroups: found "eleven"; allowed is a list/],
    [{ accountGroups: '1101' }, 422, /accountGroups: found "1101"; allowed is a list/],
    [{ region: 'us3' }, 422, /region: found "us3"; allowed are us1, us2, eu1/],
    [{ scope: 'tests:read' }, 422, /scope: found something unknown; allowed are integration, user/],
  ])('refuses %j', async (more, status, words) => {
    const answer = await ask('POST', '/tokens', { ...wish, ...more })
    expect(answer.status).toBe(status)
    expect(answer.body.detail).toMatch(words)
  })
})

describe('POST /emulator/tokens/expire', () => {
  test('ends an access token, and the connection lives on', async () => {
    const { access_token: token, refresh_token: refreshToken } = await mint()
    expect((await ask('POST', '/tokens/expire', { token })).body).toEqual({ kind: 'access_token' })
    expect(await statusOf(panoptes.url, token)).toBe(401)
    expect((await refresh(panoptes.url, refreshToken)).status).toBe(200)
  })

  test('ends a refresh token, and the access token lives on', async () => {
    const { access_token: token, refresh_token: refreshToken } = await mint()
    const { body } = await ask('POST', '/tokens/expire', { token: refreshToken })
    expect(body).toEqual({ kind: 'refresh_token' })
    expect((await refresh(panoptes.url, refreshToken)).body.error).toBe('invalid_grant')
    expect(await statusOf(panoptes.url, token)).toBe(200)
  })

  test('ends a code', async () => {
    const url = merakiRequest(panoptes.url)
    const { code: token } = (await ask('POST', '/authorizations', { url, user: wish.user })).body
    expect((await ask('POST', '/tokens/expire', { token })).body).toEqual({ kind: 'authorization_code' })
    expect((await exchange(panoptes.url, token)).body.error).toBe('invalid_grant')
  })

  test('ends a device code', async () => {
    const { device_code: token } = await askForCode(panoptes.url)
    expect((await ask('POST', '/tokens/expire', { token })).body).toEqual({ kind: 'device_code' })
    expect((await poll(panoptes.url, token)).body.error).toBe('expired_token')
  })
})

describe('POST /emulator/tokens/revoke', () => {
  test.each(['access_token', 'refresh_token'])('ends the connection of an %s', async (kind) => {
    const tokens = await mint()
    expect((await ask('POST', '/tokens/revoke', { token: tokens[kind] })).body).toEqual({ kind })
    expect(await statusOf(panoptes.url, tokens.access_token)).toBe(401)
    expect((await refresh(panoptes.url, tokens.refresh_token)).body.error).toBe('invalid_grant')
  })

  test('ends a User API Token', async () => {
    const token = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'
    expect(await statusOf(panoptes.url, token)).toBe(200)
    expect((await ask('POST', '/tokens/revoke', { token })).body).toEqual({ kind: 'user_api_token' })
    expect(await statusOf(panoptes.url, token)).toBe(401)
  })
})

describe('POST /emulator/tokens/mark-used', () => {
  test('makes the next use of a refresh token a reuse, which ends the connection', async () => {
    const tokens = await mint()
    const { body } = await ask('POST', '/tokens/mark-used', { token: tokens.refresh_token })
    expect(body).toEqual({ kind: 'refresh_token' })
    expect(await statusOf(panoptes.url, tokens.access_token)).toBe(200)
    expect((await refresh(panoptes.url, tokens.refresh_token)).body.error).toBe('invalid_grant')
    expect(await statusOf(panoptes.url, tokens.access_token)).toBe(401)
  })

  test('refuses an access token', async () => {
    const { access_token: token } = await mint()
    const answer = await ask('POST', '/tokens/mark-used', { token })
    expect(answer).toMatchObject({ status: 409, body: { code: 'unsuited_token' } })
  })
})

describe('a token that is not alive', () => {
  test.each(['expire', 'revoke', 'mark-used'])('is refused by %s, and not repeated', async (fate) => {
    const answer = await ask('POST', `/tokens/${fate}`, { token: 'made-up-token' })
    expect(answer).toMatchObject({ status: 404, body: { code: 'unknown_token' } })
    expect(JSON.stringify(answer.body)).not.toContain('made-up-token')
  })
})
