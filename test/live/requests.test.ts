import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { rawExchange, statusesOf } from '../gateway/raw-exchange.ts'
import { accessToken, type RunningGateway } from '../gateway/start-gateway.ts'
import { type HostileUpstream, json, startHostileUpstream } from './hostile-upstream.ts'
import { call, startLiveGateway, userToken } from './live-gateway.ts'

let upstream: HostileUpstream
let gateway: RunningGateway
beforeAll(async () => {
  upstream = await startHostileUpstream()
  gateway = await startLiveGateway({ origin: upstream.origin })
})
beforeEach(() => {
  upstream.arrived.length = 0
  upstream.behave(json('{}'))
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

describe('what reaches the upstream of a call', () => {
  test('is the credential and what the list of headers lets through, and nothing else', async () => {
    await call(gateway, '/v7/tests?aid=1101', {
      headers: {
        accept: 'application/hal+json',
        cookie: 'a=b',
        'x-forwarded-for': '10.0.0.1',
        forwarded: 'for=10.0.0.1',
        referer: 'https://a.example/',
        origin: 'https://a.example',
        'accept-encoding': 'gzip, br',
        'x-http-method-override': 'DELETE',
        'if-none-match': '"1"',
        range: 'bytes=0-1',
        te: 'trailers',
      },
    })
    expect(upstream.arrived[0]?.headers).toEqual({
      host: new URL(upstream.origin).host,
      connection: 'keep-alive',
      authorization: `Bearer ${userToken}`,
      accept: 'application/hal+json',
      'accept-encoding': 'identity',
      'user-agent': 'panoptes',
    })
  })

  test.each([
    ['/v7/tests?aid=1101', '/v7/tests?aid=1101'],
    ['/v7/tests', '/v7/tests?aid=1101'],
    ['/v7/tests?aid=1102&nobody=knows&access_token=secret', '/v7/tests?aid=1102'],
    ['/v7/agents/a%20b?aid=1101', '/v7/agents/a%20b?aid=1101'],
    ['/v7/agents/a%2Fb?aid=1101', '/v7/agents/a%2Fb?aid=1101'],
    ["/v7/agents/(a)'*!?aid=1101", "/v7/agents/(a)'*!?aid=1101"],
    ['/v7/agents/%C3%A4?aid=1101', '/v7/agents/%C3%A4?aid=1101'],
    ['/v7/alerts?window=1h&aid=1101&window=2%26h', '/v7/alerts?window=1h&window=2%26h&aid=1101'],
    [
      '/v7/alerts?startDate=2026-01-01T00:00:00Z&aid=1101',
      '/v7/alerts?startDate=2026-01-01T00%3A00%3A00Z&aid=1101',
    ],
    [
      '/v7/agents/1?expand=cluster+x&aid=1101&expand=test',
      '/v7/agents/1?expand=cluster%20x&expand=test&aid=1101',
    ],
  ])('%s is asked for as %s', async (asked, sent) => {
    upstream.behave((request, response, socket) =>
      json(
        request.url === '/v7/account-groups'
          ? '{"accountGroups":[{"aid":1101,"accountGroupName":"HQ"}]}'
          : '{}',
      )(request, response, socket),
    )
    expect((await call(gateway, asked)).status).toBe(200)
    const targets = upstream.arrived.map(({ target }) => target)
    expect(targets.filter((target) => target !== '/v7/account-groups')).toEqual([sent])
  })

  test('is the body with its length and its type', async () => {
    let received = ''
    upstream.behave((request, response, socket) => {
      request.setEncoding('utf8').on('data', (piece: string) => {
        received += piece
      })
      request.on('end', () => json('{"testId":"1"}', 201)(request, response, socket))
    })
    const body = JSON.stringify({ testName: 'ä'.repeat(1_000) })
    const headers = { 'content-type': 'application/json' }
    const answer = await call(gateway, '/v7/tests/http-server?aid=1101', { method: 'POST', headers, body })
    expect(answer).toMatchObject({ status: 201 })
    expect(received).toBe(body)
    expect(upstream.arrived[0]).toMatchObject({
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) },
    })
  })

  test.each([
    ['GET', '/v7/no-such-thing'],
    ['DELETE', '/v7/tests'],
    ['GET', '/v7/tests/../users'],
    ['GET', '/v7/tests/%2e%2e/users'],
    ['GET', '/v7//tests'],
    ['GET', '/v7/tests?aid=9999'],
    ['GET', '/v7/tests?aid=1101&aid=1102'],
    ['PATCH', '/v7/tests/1?aid=1101'],
  ])('is nothing when no operation matches, or the grant does not open it: %s %s', async (method, path) => {
    const { port } = gateway
    const lines = [
      `${method} ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      `Authorization: Bearer ${accessToken}`,
    ]
    const answer = await rawExchange(port, `${lines.join('\r\n')}\r\n\r\n`)
    expect(statusesOf(answer)).toEqual([expect.toSatisfy((status: number) => status >= 400 && status < 406)])
    expect(upstream.arrived).toEqual([])
  })
})

describe('the account groups of a user', () => {
  const listing = json(
    '{"accountGroups":[{"aid":"1102","accountGroupName":"B"},{"aid":"1101","accountGroupName":"HQ","isDefaultAccountGroup":true}]}',
  )
  const isListing = ({ target }: { readonly target: string }): boolean => target === '/v7/account-groups'

  test('are asked for once for calls at a time, and their default one is where a call without aid goes', async () => {
    await using fresh = await startLiveGateway({
      origin: upstream.origin,
      parts: { accountGroupSeconds: 60 },
    })
    upstream.behave((request, response, socket) =>
      isListing({ target: request.url ?? '' })
        ? void setTimeout(() => listing(request, response, socket), 100)
        : json('{}')(request, response, socket),
    )
    await Promise.all(Array.from({ length: 8 }, () => call(fresh, '/v7/tests')))
    await call(fresh, '/v7/tests')
    expect(upstream.arrived.filter(isListing)).toHaveLength(1)
    expect(upstream.arrived.filter((one) => !isListing(one)).map(({ target }) => target)).toEqual(
      Array.from({ length: 9 }, () => '/v7/tests?aid=1101'),
    )
  })

  test.each([
    ['are no list', json('{"accountGroups":{}}'), 502, 'upstream_answer_unusable'],
    ['are no JSON', json('nothing'), 502, 'upstream_answer_unusable'],
    ['are refused', json('{}', 401), 502, 'upstream_credential_rejected'],
    ['are forbidden', json('{}', 403), 502, 'upstream_answer_unusable'],
    ['fail', json('{}', 500), 502, 'upstream_answer_unusable'],
    ['are refused with the address', json('{}', 429), 503, 'upstream_address_blocked'],
    [
      'are a call too many',
      json('{}', 429, { 'x-organization-rate-limit-reset': '20' }),
      429,
      'upstream_rate_limit',
    ],
  ])('that %s end the call', async (_, does, status, code) => {
    await using fresh = await startLiveGateway({ origin: upstream.origin })
    upstream.behave(does)
    expect(await call(fresh, '/v7/tests')).toMatchObject({ status, code })
    expect(upstream.arrived).toHaveLength(1)
  })

  test('are not remembered as none of a user who has yet to link an account', async () => {
    let isLinked = false
    await using fresh = await startLiveGateway({
      origin: upstream.origin,
      parts: {
        accountGroupSeconds: 60,
        broker: {
          lend: ({ userId }) =>
            isLinked
              ? { kind: 'user-api-token', userId, token: userToken, credential: 'cred-1' }
              : { kind: 'refusal', code: 'account_not_linked', description: 'Link an account.' },
        },
      },
    })
    upstream.behave(listing)
    expect(await call(fresh, '/v7/tests')).toMatchObject({ status: 502, code: 'account_not_linked' })
    expect(upstream.arrived).toEqual([])
    isLinked = true
    expect(await call(fresh, '/v7/tests')).toMatchObject({ status: 200 })
  })
})
