import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { refuse } from '#domain/refusal.ts'
import type { GatewayParts } from '#gateway/gateway.ts'
import { accessToken, jsonAnswer, startGateway, userApiToken } from './start-gateway.ts'

const bearer = { type: 'bearer' } as const

const broken = (): Promise<never> => Promise.reject(new Error('store at /var/secret is down'))
const unused = broken

const brokenParts: readonly (readonly [string, Partial<GatewayParts>])[] = [
  [
    'grants',
    { grants: { access: broken, noteUse: unused, list: unused, revoke: unused, revokeAll: unused } },
  ],
  [
    'User API Tokens',
    { userApiTokens: { ownerOf: broken, install: unused, rotate: unused, revoke: unused } },
  ],
  ['integrations', { integrations: { find: broken } }],
  ['identity', { identity: { find: broken } }],
  ['broker', { broker: { lend: broken } }],
]

describe('failures, DECISIONS 13', () => {
  test.each(brokenParts)('of %s are 503, never 401 and never a false 200', async (_name, parts) => {
    await using gateway = await startGateway({ parts })
    const tokens = 'userApiTokens' in parts ? [userApiToken] : [accessToken]
    for (const token of tokens) {
      const answer = await request(gateway.url).get('/v7/tests').auth(token, bearer).expect(503)
      expect(answer.headers).toMatchObject({ 'retry-after': '1', 'cache-control': 'no-store' })
      expect(answer.body).toMatchObject({ status: 503, code: 'temporarily_unavailable' })
      expect(answer.text).not.toMatch(/secret|Error|at /)
    }
    expect(gateway.sent).toEqual([])
    expect(gateway.log).toMatchObject([{ event: 'v7-call-failed', status: 503 }])
    expect(gateway.log[0]?.error).toContain('store at /var/secret is down')
  })

  test('to count a 401 are 503: nobody guesses uncounted', async () => {
    const sourceBlock = { blockedUntil: () => 0, count: broken, lift: unused }
    const windows = {
      peek: () => ({ allowed: true, limit: 1, remaining: 1, resetAt: 0 }),
      draw: () => ({ allowed: true, limit: 1, remaining: 1, resetAt: 0 }),
    }
    await using gateway = await startGateway({ parts: { limits: { windows, sourceBlock } } })
    await request(gateway.url).get('/v7/tests').expect(503)
  })

  test.each([
    ['throws', () => broken()],
    [
      'sends a header that cannot be written',
      () => ({ ...jsonAnswer('{}'), headers: { 'content-type': 'a\r\nb: c' } }),
    ],
  ])('of an upstream that %s are 502', async (_what, answer) => {
    await using gateway = await startGateway({ answer })
    const { body, text } = await request(gateway.url).get('/v7/tests').auth(accessToken, bearer).expect(502)
    expect(body).toMatchObject({ status: 502, code: 'upstream_failed', instance: '/v7/tests' })
    expect(text).not.toContain('secret')
    expect(gateway.log).toMatchObject([{ event: 'v7-call-failed', status: 502, userId: 'us1.1001' }])
  })

  test('of the account groups are told before anything is sent', async () => {
    await using gateway = await startGateway({
      accountGroups: () => {
        throw new Error('no account groups')
      },
    })
    await request(gateway.url).get('/v7/tests').auth(accessToken, bearer).expect(503)
    expect(gateway.sent).toEqual([])
  })

  test('to lend a credential are refusals that the caller may read', async () => {
    const lend = () => Promise.resolve(refuse('link_account', 'Link the account first.'))
    await using gateway = await startGateway({ parts: { broker: { lend } } })
    const answer = await request(gateway.url).get('/v7/tests').auth(userApiToken, bearer).expect(502)
    expect(answer.body).toMatchObject({ code: 'link_account', detail: 'Link the account first.' })
    await request(gateway.url).get('/v7/tests').auth(accessToken, bearer).expect(502)
  })
})
