import { Readable } from 'node:stream'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { accessToken, jsonAnswer, startGateway } from './start-gateway.ts'

const bearer = { type: 'bearer' } as const

describe('headers towards the upstream, security-cases G16', () => {
  test('are accept and content-type, and nothing else of the caller', async () => {
    await using gateway = await startGateway()
    await request(gateway.url)
      .get('/v7/tests')
      .set({
        Accept: 'application/hal+json',
        Cookie: 'session=1',
        DPoP: 'proof',
        Referer: 'https://example.com/',
        'X-Forwarded-For': '192.0.2.1',
        'X-Forwarded-Host': 'evil.example',
        'X-Original-URL': '/v7/users',
        'If-None-Match': '"1"',
        Connection: 'close, x-organization-rate-limit-limit',
      })
      .auth(accessToken, bearer)
      .expect(200)
    expect(gateway.sent[0]?.headers).toEqual({ accept: 'application/hal+json' })
    expect(JSON.stringify(gateway.sent[0])).not.toContain(accessToken)
  })
})

describe('headers of answers, security-cases G17 and G23', () => {
  test('say that answers are private, typed and named', async () => {
    await using gateway = await startGateway()
    const names = new Set<string | undefined>()
    for (const path of ['/v7/tests', '/v7/unknown', '/v7/tests?aid=x']) {
      const { headers } = await request(gateway.url).get(path).auth(accessToken, bearer)
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        vary: 'Authorization',
        'x-content-type-options': 'nosniff',
      })
      names.add(headers['x-request-id'])
    }
    expect(names.size).toBe(3)
  })

  test('hold nothing of the upstream but what concerns the content', async () => {
    await using gateway = await startGateway({
      answer: () => ({
        status: 200,
        headers: {
          'content-type': 'application/json',
          'content-disposition': 'attachment',
          'retry-after': '7',
          'content-length': '999',
          'transfer-encoding': 'chunked',
          connection: 'upgrade',
          'set-cookie': 'a=b',
          server: 'nginx',
          via: '1.1 edge',
          authorization: 'Bearer upstream',
          'www-authenticate': 'Bearer',
          'strict-transport-security': 'max-age=1',
          'access-control-allow-origin': '*',
          'x-powered-by': 'x',
          'x-organization-rate-limit-limit': '1',
          'cache-control': 'public',
        },
        body: '{}',
      }),
    })
    const { headers } = await request(gateway.url).get('/v7/tests').auth(accessToken, bearer).expect(200)
    const passed = Object.keys(headers).filter((name) => !/^(date|connection|keep-alive|x-|vary)/.test(name))
    expect(passed.sort()).toEqual([
      'cache-control',
      'content-disposition',
      'content-length',
      'content-type',
      'retry-after',
    ])
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-length': '2',
      'x-organization-rate-limit-limit': '240',
    })
  })
})

describe('answers', () => {
  test.each([
    ['text', 'é'],
    ['bytes', Buffer.from('é')],
    ['a stream', Readable.from([Buffer.from([0xc3]), Buffer.from([0xa9])])],
  ])('pass %s through whole', async (_kind, body) => {
    await using gateway = await startGateway({ answer: () => ({ ...jsonAnswer(''), body }) })
    const answer = await fetch(`${gateway.url}/v7/tests`, {
      headers: { authorization: `Bearer ${accessToken}` },
    })
    expect(await answer.text()).toBe('é')
  })

  test('with 204 have neither body nor length', async () => {
    await using gateway = await startGateway({
      answer: () => ({ status: 204, headers: {}, body: undefined }),
    })
    const answer = await request(gateway.url).delete('/v7/tests/bgp/7').auth(accessToken, bearer).expect(204)
    expect(answer.headers).not.toHaveProperty('content-length')
  })

  test('of the upstream that refuse are passed on and logged without path and query', async () => {
    const refusal = { status: 403, headers: { 'content-type': 'application/problem+json' }, body: '{"a":1}' }
    await using gateway = await startGateway({ answer: () => refusal })
    const answer = await request(gateway.url)
      .get('/v7/tests/bgp/secret-id?window=secret-window')
      .auth(accessToken, bearer)
      .expect(403)
    expect(answer.text).toBe('{"a":1}')
    expect(gateway.log).toEqual([
      {
        event: 'v7-call-refused',
        requestId: answer.headers['x-request-id'],
        address: '127.0.0.1',
        method: 'GET',
        route: '/v7/tests/bgp/{testId}',
        status: 403,
        code: 'upstream',
        userId: 'us1.1001',
        clientId: 'meraki',
        grant: 'T'.repeat(16),
      },
    ])
  })

  test('with 401 become 502 with a code of ours, never a 401 (G26)', async () => {
    const body = Readable.from(['{"error":"invalid_token"}'])
    await using gateway = await startGateway({ answer: () => ({ ...jsonAnswer(''), status: 401, body }) })
    const answer = await request(gateway.url).get('/v7/tests').auth(accessToken, bearer).expect(502)
    expect(answer.body).toMatchObject({ status: 502, code: 'upstream_credential_rejected' })
    expect(answer.headers).not.toHaveProperty('www-authenticate')
    expect(body.destroyed).toBe(true)
  })

  test.each([301, 302, 304, 307, 308, 100, 199, 600, Number.NaN])(
    'with status %s are neither followed nor passed on (G20)',
    async (status) => {
      await using gateway = await startGateway({
        answer: () => ({ status, headers: { location: 'https://evil.example/' }, body: '' }),
      })
      const answer = await request(gateway.url).get('/v7/tests').auth(accessToken, bearer).redirects(0)
      expect(answer.status).toBe(502)
      expect(answer.headers).not.toHaveProperty('location')
    },
  )
})
