import { createHash } from 'node:crypto'
import { connect } from 'node:tls'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Panoptes, startPanoptes } from '../../src/testing.ts'
import { deviceGrantType, postForm } from '../support/device.ts'
import { Person } from '../support/person.ts'

const ops = { user: 'ops@acme.example' }
const documentedToken = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'
const verifier = 'v'.repeat(43)
const redirectUri = 'http://127.0.0.1/callback'

let panoptes: Panoptes
beforeAll(async () => {
  panoptes = await startPanoptes()
})
afterAll(() => panoptes.stop())
beforeEach(() => panoptes.reset())

const call = (path: string, token: string): Promise<Response> =>
  fetch(`${panoptes.url}/v7${path}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(10_000),
  })

const refresh = (token: string): ReturnType<typeof postForm> =>
  postForm(`${panoptes.url}/v7/oauth2/token`, {
    grant_type: 'refresh_token',
    client_id: 'sd-wan-manager',
    refresh_token: token,
  })

const mint = (): Promise<{ access_token: string; refresh_token: string }> =>
  panoptes.tokens.mint({ integration: 'sd-wan-manager', ...ops, scopes: ['tests:manage'] }) as Promise<{
    access_token: string
    refresh_token: string
  }>

async function authorizationCode(scope = 'tests:manage'): Promise<string> {
  const url = new URL('/oauth2/authorize', panoptes.url)
  url.search = String(
    new URLSearchParams({
      client_id: 'meraki',
      response_type: 'code',
      redirect_uri: redirectUri,
      scope,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    }),
  )
  return (await panoptes.authorize(url, ops)).code ?? ''
}

const exchange = (code: string): ReturnType<typeof postForm> =>
  postForm(`${panoptes.url}/v7/oauth2/token`, {
    grant_type: 'authorization_code',
    client_id: 'meraki',
    client_secret: 'meraki-secret',
    redirect_uri: redirectUri,
    code,
    code_verifier: verifier,
  })

describe('the virtual clock moves', () => {
  test('authorization codes: 60 seconds', async () => {
    const [used, late] = [await authorizationCode(), await authorizationCode()]
    // Real time goes on beside it, on a busy machine by seconds.
    await panoptes.clock.advance('50s')
    expect((await exchange(used)).status).toBe(200)
    await panoptes.clock.advance('11s')
    expect(await exchange(late)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })

  test('device codes and the polling interval', async () => {
    const asked = await postForm(`${panoptes.url}/v7/oauth2/device/authorization`, {
      client_id: 'sd-wan-manager',
      scope: 'tests:manage',
    })
    const poll = (): ReturnType<typeof postForm> =>
      postForm(`${panoptes.url}/v7/oauth2/token`, {
        grant_type: deviceGrantType,
        client_id: 'sd-wan-manager',
        device_code: String(asked.body['device_code']),
      })
    expect((await poll()).body).toMatchObject({ error: 'authorization_pending' })
    expect((await poll()).body).toMatchObject({ error: 'slow_down' })
    await panoptes.clock.advance('10s')
    expect((await poll()).body).toMatchObject({ error: 'authorization_pending' })
    await panoptes.clock.advance('10m')
    expect((await poll()).body).toMatchObject({ error: 'expired_token' })
  })

  test('access tokens, also while it stands still', async () => {
    const { access_token: token } = await mint()
    await panoptes.clock.freeze()
    await panoptes.clock.advance('599s')
    expect((await call('/tests', token)).status).toBe(200)
    await panoptes.clock.advance('1s')
    expect((await call('/tests', token)).status).toBe(401)
  })

  test('the idle end of refresh tokens, and the absolute end of a connection', async () => {
    const { refresh_token: first } = await mint()
    await panoptes.clock.advance('8d')
    expect(await refresh(first)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    let { refresh_token: kept } = await mint()
    for (let day = 0; day < 180; day += 6) {
      await panoptes.clock.advance('6d')
      const answer = await refresh(kept)
      if (day < 174) kept = String(answer.body['refresh_token'])
      else expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    }
  })

  test('browser sessions: half an hour idle', async () => {
    const person = new Person()
    await person.open(`${panoptes.url}/account`)
    await person.signIn('ops@acme.example', 'panoptes-us1')
    await panoptes.clock.advance('29m')
    expect((await person.open(`${panoptes.url}/account`)).text).toContain('ops@acme.example')
    await panoptes.clock.advance('31m')
    expect((await person.open(`${panoptes.url}/account`)).text).not.toContain('ops@acme.example')
  })

  test('rate windows', async () => {
    const { access_token: token } = await mint()
    await panoptes.budgets.exhaust({ integration: 'sd-wan-manager', ...ops })
    expect((await call('/tests', token)).status).toBe(429)
    await panoptes.clock.advance('1m')
    expect((await call('/tests', token)).status).toBe(200)
  })

  test('the block after 120 answers 401', async () => {
    await panoptes.addresses.block('127.0.0.1')
    expect((await call('/tests', documentedToken)).status).toBe(429)
    await panoptes.clock.advance('61m')
    expect((await call('/tests', documentedToken)).status).toBe(200)
  })

  test('rounds of tests: the newest result is of the last five minutes', async () => {
    const newestRound = async (): Promise<number> => {
      const answer = await call('/test-results/110301/network?window=10m', documentedToken)
      const { results } = (await answer.json()) as { results: { roundId: number }[] }
      return Math.max(...results.map(({ roundId }) => roundId))
    }
    const before = await newestRound()
    await panoptes.clock.advance('20m')
    const after = await newestRound()
    expect(after - before).toBeGreaterThanOrEqual(900)
    const { now } = await panoptes.clock.read()
    expect(now.getTime() / 1000 - after).toBeLessThan(900)
  })

  test('the date of answers, of v7 and of the token endpoint', async () => {
    await panoptes.clock.freeze()
    await panoptes.clock.set('2031-02-03T04:05:06Z')
    const date = 'Mon, 03 Feb 2031 04:05:06 GMT'
    expect((await call('/tests', documentedToken)).headers.get('date')).toBe(date)
    expect((await refresh('nothing')).headers.get('date')).toBe(date)
    await panoptes.clock.reset()
    const now = Date.parse((await call('/tests', documentedToken)).headers.get('date') ?? '')
    expect(Math.abs(now - Date.now())).toBeLessThan(10_000)
  })

  test('expiry dates of User API Tokens: two years', async () => {
    await panoptes.clock.advance('729d')
    expect((await call('/tests', documentedToken)).status).toBe(200)
    await panoptes.clock.advance('2d')
    expect((await call('/tests', documentedToken)).status).toBe(401)
  })

  test.each(['2030-01-01T00:00:00Z', '2020-01-01T00:00:00Z'])(
    'the dates in an id_token, to %s, and it verifies there through the published keys',
    async (instant) => {
      await panoptes.clock.freeze()
      await panoptes.clock.set(instant)
      const answer = await exchange(await authorizationCode('openid email'))
      const keys = createRemoteJWKSet(new URL(`${panoptes.url}/v7/oauth2/provider/keys`))
      const { payload } = await jwtVerify(String(answer.body['id_token']), keys, {
        issuer: panoptes.url,
        audience: 'meraki',
        currentDate: new Date(instant),
      })
      const now = Date.parse(instant) / 1000
      expect(Math.abs(Number(payload.iat) - now)).toBeLessThanOrEqual(1)
      expect(Number(payload.exp) - Number(payload.iat)).toBe(300)
      expect(Math.abs(Number(payload['auth_time'] ?? now) - now)).toBeLessThanOrEqual(1)
    },
  )
})

describe('the certificate of --tls', () => {
  const validity = (url: string): Promise<{ from: number; until: number }> =>
    new Promise((resolve, reject) => {
      const { hostname: host, port } = new URL(url)
      const socket = connect({ host, port: Number(port), rejectUnauthorized: false }, () => {
        const { valid_from: from, valid_to: until } = socket.getPeerCertificate()
        socket.destroy()
        resolve({ from: Date.parse(from), until: Date.parse(until) })
      })
      socket.once('error', reject)
    })

  test('is renewed when the clock passes its end, and valid by both clocks', async () => {
    await using secure = await startPanoptes({ tls: true })
    const first = await validity(secure.url)
    await secure.clock.advance('364d')
    expect(await validity(secure.url)).toEqual(first)
    await secure.clock.advance('2d')
    const { now } = await secure.clock.read()
    await expect
      .poll(async () => (await validity(secure.url)).until, { timeout: 5_000 })
      .toBeGreaterThan(now.getTime())
    expect((await validity(secure.url)).from).toBeLessThan(Date.now())
  })
})

describe('a clock that is set back', () => {
  test('blocks nobody for answers of the future', async () => {
    await panoptes.clock.advance('1d')
    await panoptes.addresses.block('127.0.0.1')
    expect((await call('/tests', documentedToken)).status).toBe(429)
    await panoptes.clock.reset()
    await expect
      .poll(async () => (await call('/tests', documentedToken)).status, { timeout: 5_000 })
      .toBe(200)
  })

  test('slows down no device for a poll of the future', async () => {
    await panoptes.clock.advance('1h')
    const asked = await postForm(`${panoptes.url}/v7/oauth2/device/authorization`, {
      client_id: 'sd-wan-manager',
      scope: 'tests:manage',
    })
    const poll = async (): Promise<unknown> =>
      (
        await postForm(`${panoptes.url}/v7/oauth2/token`, {
          grant_type: deviceGrantType,
          client_id: 'sd-wan-manager',
          device_code: String(asked.body['device_code']),
        })
      ).body['error']
    expect(await poll()).toBe('authorization_pending')
    await panoptes.clock.reset()
    expect(await poll()).toBe('authorization_pending')
  })
})
