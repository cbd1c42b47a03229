import { setTimeout as pause } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RunningGateway } from '../gateway/start-gateway.ts'
import {
  type Behaviour,
  type HostileUpstream,
  json,
  raw,
  silent,
  startHostileUpstream,
} from './hostile-upstream.ts'
import { call, startLiveGateway } from './live-gateway.ts'

let upstream: HostileUpstream
let gateway: RunningGateway
beforeAll(async () => {
  upstream = await startHostileUpstream()
  gateway = await startLiveGateway({ origin: upstream.origin })
})
beforeEach(() => {
  upstream.arrived.length = 0
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'

interface Bad {
  readonly name: string
  readonly does: Behaviour
  readonly status: number
  readonly code: string
}

const bad: readonly Bad[] = [
  { name: 'accepts and says nothing', does: silent, status: 504, code: 'upstream_timeout' },
  {
    name: 'sends half a head and no more',
    does: raw('HTTP/1.1 200 OK\r\ncontent-ty'),
    status: 504,
    code: 'upstream_timeout',
  },
  {
    name: 'sends a short body in part and no more',
    does: raw(`${head}content-length: 10\r\n\r\n{"a`),
    status: 504,
    code: 'upstream_timeout',
  },
  {
    name: 'resets the connection',
    does: (_request, _response, socket) => void socket.resetAndDestroy(),
    status: 502,
    code: 'upstream_broken',
  },
  {
    name: 'closes the connection without an answer',
    does: (_request, _response, socket) => void socket.end(),
    status: 502,
    code: 'upstream_broken',
  },
  {
    name: 'announces more than it sends',
    does: (_request, _response, socket) => void socket.end(`${head}content-length: 100\r\n\r\n{}`),
    status: 502,
    code: 'upstream_broken',
  },
  {
    name: 'announces two lengths',
    does: raw(`${head}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`),
    status: 502,
    code: 'upstream_broken',
  },
  {
    name: 'announces a length and chunks',
    does: raw(`${head}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`),
    status: 502,
    code: 'upstream_broken',
  },
  { name: 'speaks no HTTP', does: raw('SSH-2.0-OpenSSH_9.9\r\n'), status: 502, code: 'upstream_broken' },
  {
    name: 'sends a head without end',
    does: raw(`${head}x-filler: ${'f'.repeat(40_000)}\r\n\r\n`),
    status: 502,
    code: 'upstream_broken',
  },
  {
    name: 'wants to speak another protocol',
    does: raw('HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n'),
    status: 502,
    code: 'upstream_broken',
  },
  {
    name: 'codes JSON a thousand times',
    does: json('{}', 200, { 'content-encoding': Array.from({ length: 1_000 }, () => 'gzip').join(', ') }),
    status: 502,
    code: 'upstream_answer_unusable',
  },
  {
    name: 'codes what is no JSON twice',
    does: json('x', 200, { 'content-type': 'text/plain', 'content-encoding': 'gzip, gzip' }),
    status: 502,
    code: 'upstream_answer_unusable',
  },
  ...[301, 302, 303, 304, 307, 308].map((status) => ({
    name: `redirects by ${status}`,
    does: json('', status, { location: 'http://127.0.0.1:9/v7/tests' }),
    status: 502,
    code: 'upstream_answer_unusable',
  })),
  {
    name: 'refuses the credential',
    does: json('{"error":"invalid_token"}', 401, { 'www-authenticate': 'Bearer realm="te"' }),
    status: 502,
    code: 'upstream_credential_rejected',
  },
  {
    name: 'refuses the address, by 429 without windows',
    does: json('{}', 429),
    status: 503,
    code: 'upstream_address_blocked',
  },
]

describe('an upstream that', () => {
  test.each(bad)('$name is told of by $status $code', async ({ does, status, code }) => {
    upstream.behave(does)
    expect(await call(gateway)).toMatchObject({ status, code })
    expect(upstream.arrived).toHaveLength(1)
    expect(gateway.log.at(-1)).toMatchObject({ code, route: '/v7/tests' })
    expect(JSON.stringify(gateway.log)).not.toContain('0f7b2f2e')
  })

  test.each([301, 302, 303, 307, 308])('redirects by %i leads nobody there', async (status) => {
    await using elsewhere = await startHostileUpstream()
    upstream.behave(json('', status, { location: `${elsewhere.origin}/v7/tests` }))
    expect((await call(gateway)).status).toBe(502)
    expect((await call(gateway, '/v7/tests')).status).toBe(502)
    expect(elsewhere.connections.made).toBe(0)
  })

  test.each([400, 403, 404, 405, 409, 415, 500, 502, 503])(
    'answers %i is passed on, once',
    async (status) => {
      upstream.behave(json('{"title":"no"}', status))
      expect(await call(gateway)).toMatchObject({ status, text: '{"title":"no"}' })
      expect(upstream.arrived).toHaveLength(1)
    },
  )

  test.each([
    ['an instant', (): string => String(Math.floor(Date.now() / 1_000) + 20), '0', [19, 20]],
    ['a span', (): string => '7', '0', [7, 7]],
    ['nothing that can be read', (): string => 'soon', '0', [60, 60]],
    ['an instant that is over', (): string => '1600000000', '0', [1, 1]],
  ] as const)('answers 429 with %s gets a Retry-After', async (_, reset, remaining, [least, most]) => {
    upstream.behave((request, response) =>
      json('{"title":"Too many"}', 429, {
        'x-organization-rate-limit-limit': '240',
        'x-organization-rate-limit-remaining': remaining,
        'x-organization-rate-limit-reset': reset(),
      })(request, response, request.socket),
    )
    const answer = await call(gateway)
    expect(answer).toMatchObject({ status: 429, text: '{"title":"Too many"}' })
    expect(Number(answer.retryAfter)).toBeGreaterThanOrEqual(least)
    expect(Number(answer.retryAfter)).toBeLessThanOrEqual(most)
  })

  test('answers 429 for a window of its own gets the Retry-After of that window', async () => {
    upstream.behave(
      json('{}', 429, {
        'x-organization-rate-limit-remaining': '200',
        'x-organization-rate-limit-reset': '3',
        'x-instant-test-rate-limit-remaining': '0',
        'x-instant-test-rate-limit-reset': '41',
      }),
    )
    expect(await call(gateway)).toMatchObject({ status: 429, retryAfter: '41' })
  })

  test('blocks the address is tried again after minutes', async () => {
    upstream.behave(json('{}', 429))
    expect(await call(gateway)).toMatchObject({ status: 503, retryAfter: '300' })
  })

  test('sends JSON that is none is passed on as it is', async () => {
    upstream.behave(json('{"tests": [,'))
    expect(await call(gateway)).toMatchObject({ status: 200, text: '{"tests": [,' })
  })

  test('sends bytes after the end of its answer gets no second request on that connection', async () => {
    upstream.behave(raw(`${head}content-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`))
    expect(await call(gateway)).toMatchObject({ status: 200, text: '{}' })
    await pause(50)
    upstream.behave(json('{"b":2}'))
    expect(await call(gateway)).toMatchObject({ status: 200, text: '{"b":2}' })
  })

  test('breaks off in a long body breaks off the answer', async () => {
    upstream.behave((_request, _response, socket) => {
      socket.write(`${head}content-length: 500000\r\n\r\n${'x'.repeat(100_000)}`)
      setTimeout(() => socket.destroy(), 50)
    })
    await expect(call(gateway)).rejects.toThrow()
    await expect.poll(() => gateway.log.at(-1)?.code).toBe('upstream_broke_off')
  })

  test('stops in a long body is cut off', async () => {
    upstream.behave(raw(`${head}transfer-encoding: chunked\r\n\r\n5\r\n{"a":\r\n`))
    await expect(call(gateway)).rejects.toThrow()
    await expect.poll(() => upstream.connections.open).toBe(0)
  })

  test('drips is cut off at the end of the whole time', async () => {
    upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const dripping = setInterval(() => response.write(' '), 200)
      response.on('close', () => clearInterval(dripping))
    })
    const begun = Date.now()
    await expect(call(gateway)).rejects.toThrow()
    expect(Date.now() - begun).toBeGreaterThan(2_000)
    await expect.poll(() => upstream.connections.open).toBe(0)
  })

  test('drips a short body gives 504 at the end of the whole time', async () => {
    upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '60000' })
      const dripping = setInterval(() => response.write(' '), 200)
      response.on('close', () => clearInterval(dripping))
    })
    expect(await call(gateway)).toMatchObject({ status: 504, code: 'upstream_timeout' })
  })

  test('codes JSON unasked has its links rewritten all the same', async () => {
    const links = `{"_links":{"self":{"href":"${upstream.origin}/v7/tests"}}}`
    upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/hal+json', 'content-encoding': 'gzip' })
      response.end(gzipSync(links))
    })
    const answer = await call(gateway)
    expect(upstream.arrived.at(-1)?.headers['accept-encoding']).toBe('identity')
    expect(JSON.parse(answer.text)).toEqual({ _links: { self: { href: `${gateway.url}/v7/tests` } } })
  })

  test('codes a long body in a way that nobody knows gets its connection closed', async () => {
    upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'compress' })
      response.write('x'.repeat(200_000))
    })
    expect(await call(gateway)).toMatchObject({ status: 502, code: 'upstream_answer_unusable' })
    await expect.poll(() => upstream.connections.open).toBe(0)
  })

  test('says gzip and sends something else breaks off', async () => {
    upstream.behave(json('{"a":1}', 200, { 'content-encoding': 'gzip' }))
    await expect(call(gateway)).rejects.toThrow()
  })

  test('has answered early gets the rest of the body nowhere', async () => {
    upstream.behave(
      (_request, response) =>
        void response.writeHead(400, { 'content-type': 'application/json' }).end('{"title":"no"}'),
    )
    const body = JSON.stringify({ testName: 'x'.repeat(2_000_000) })
    const headers = { 'content-type': 'application/json' }
    expect(await call(gateway, '/v7/alerts/rules?aid=1101', { method: 'POST', headers, body })).toMatchObject(
      { status: 400, text: '{"title":"no"}' },
    )
  })
})
