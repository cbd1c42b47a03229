import type { Response } from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { attacksOf } from './attacks.ts'
import {
  connectMeraki,
  expectRefusal,
  type Fields,
  merakiSecret,
  paths,
  post,
  signedIn,
  type Tokens,
} from './protocol.ts'

let service: RunningPanoptes
let tokens: Tokens

beforeAll(async () => {
  service = await startPanoptes()
  tokens = await connectMeraki(service, await signedIn(service))
})
afterAll(() => service.stop())

const endpoints = [paths.token, paths.device, paths.revoke, paths.introspect] as const
const refreshFields = (): Fields => ({
  grant_type: 'refresh_token',
  ...merakiSecret,
  refresh_token: tokens.refresh_token,
})

describe('POST /v7/oauth2/token, client authentication, RFC 6749 §2.3', () => {
  test.each(attacksOf('oauth-client-secrets.txt'))('refuses the secret %j', async (secret) => {
    expectRefusal(
      await post(service, paths.token, { ...refreshFields(), client_secret: secret }),
      'invalid_client',
      401,
    )
  })

  test('answers an unknown client, a wrong secret, none, and one too many in the same words', async () => {
    const changes: readonly Fields[] = [
      { client_id: 'nope', client_secret: 'meraki-secret' },
      { client_id: 'nope', client_secret: undefined },
      { client_secret: 'wrong-secret' },
      { client_secret: undefined },
      { client_secret: '' },
      { client_id: 'sd-wan-manager', client_secret: 'meraki-secret' },
      { client_id: 'https://evil.example/client.json', client_secret: undefined },
    ]
    const bodies = new Set<string>()
    for (const change of changes) {
      const answer = await post(service, paths.token, { ...refreshFields(), ...change })
      expectRefusal(answer, 'invalid_client', 401)
      bodies.add(answer.text)
    }
    expect(bodies.size).toBe(1)
  })

  test.each([
    ['the right secret', `Basic ${Buffer.from('meraki:meraki-secret').toString('base64')}`],
    ['a wrong secret', `Basic ${Buffer.from('meraki:wrong').toString('base64')}`],
    ['lower case', `basic ${Buffer.from('meraki:meraki-secret').toString('base64')}`],
    ['no colon', `Basic ${Buffer.from('meraki').toString('base64')}`],
    ['%zz', `Basic ${Buffer.from('meraki:%zz').toString('base64')}`],
    ['NUL', `Basic ${Buffer.from('meraki:\0').toString('base64')}`],
    ['no base64', 'Basic ???'],
    ['nothing', 'Basic'],
    ['8 kB', `Basic ${'A'.repeat(8192)}`],
  ])('refuses Basic with %s and challenges, RFC 6749 §5.2', async (_case, authorization) => {
    for (const path of endpoints) {
      const answer = await post(service, path, { grant_type: 'refresh_token' }).set(
        'Authorization',
        authorization,
      )
      expectRefusal(answer, 'invalid_client', 401)
      expect(answer.headers['www-authenticate']).toMatch(/^Basic realm="[^"]+"/)
    }
  })

  test('refuses two methods at once', async () => {
    const basic = `Basic ${Buffer.from('meraki:meraki-secret').toString('base64')}`
    const answer = await post(service, paths.token, refreshFields()).set('Authorization', basic)
    expect([400, 401]).toContain(answer.status)
    expectRefusal(answer, /^invalid_(?:client|request)$/, answer.status)
    const bearer = await post(service, paths.token, refreshFields()).set(
      'Authorization',
      `Bearer ${tokens.access_token}`,
    )
    expectRefusal(bearer, 'invalid_request')
  })

  test('stops guesses at a secret: 429 with Retry-After, for the right one too; elsewhere and later it works', async () => {
    const guessed = await startPanoptes(['--config', 'test/authorization-server/config/behind-proxy.yaml'])
    try {
      const from = (address: string, secret: string): Promise<Response> =>
        post(guessed, paths.token, { ...refreshFields(), client_secret: secret })
          .set('X-Forwarded-For', address)
          .then()
      const statuses: number[] = []
      for (let guesses = 0; guesses < 70; guesses += 1)
        statuses.push((await from('198.51.100.7', `wrong-${guesses}`)).status)
      expect(statuses.filter((status) => status === 401)).toHaveLength(60)
      const blocked = await from('198.51.100.7', 'wrong')
      expectRefusal(blocked, 'temporarily_unavailable', 429)
      expect(Number(blocked.headers['retry-after'])).toBeGreaterThan(0)
      // Else a guesser would know the right one by its answer.
      expectRefusal(await from('198.51.100.7', 'meraki-secret'), 'temporarily_unavailable', 429)
      expectRefusal(await from('198.51.100.8', 'meraki-secret'), 'invalid_grant')
      guessed.advance(601)
      expectRefusal(await from('198.51.100.7', 'meraki-secret'), 'invalid_grant')
    } finally {
      await guessed.stop()
    }
  })
})
