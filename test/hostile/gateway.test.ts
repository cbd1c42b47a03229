import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { rawExchange, statusesOf } from '../gateway/raw-exchange.ts'
import { accessToken, fullAccess, type RunningGateway, startGateway } from '../gateway/start-gateway.ts'

const linesOf = (file: string): readonly string[] =>
  readFileSync(new URL(file, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('# '))

const bytesOf = (line: string): string =>
  line.replace(/\\x([0-9a-f]{2})/g, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

const paths = linesOf('gateway-paths.txt')
const heads = linesOf('gateway-heads.txt')

let gateway: RunningGateway
beforeEach(async () => {
  gateway = await startGateway()
})
afterEach(() => gateway[Symbol.asyncDispose]())

/** Every answer is a refusal, nothing reached the upstream, and the gateway still works for others. */
async function expectRefusal(answer: string): Promise<void> {
  const statuses = statusesOf(answer)
  expect(statuses.filter((status) => status < 400 || status > 499)).toEqual([])
  expect(gateway.sent).toEqual([])
  expect(answer).not.toMatch(/\bat .*\.[jt]s:\d|node:internal|evil\.example|x-injected/i)
  expect(gateway.log.filter(({ event }) => event === 'v7-call-failed')).toEqual([])
  const proper = await fetch(`${gateway.url}/v7/tests`, {
    headers: { authorization: `Bearer ${accessToken}` },
  })
  expect(proper.status).toBe(200)
}

describe('hostile request targets (gateway rule 1)', () => {
  test('are many', () => {
    expect(paths.length).toBeGreaterThan(100)
  })

  test.each(paths)('%s', async (path) => {
    const host = `127.0.0.1:${gateway.port}`
    const head = `GET ${bytesOf(path)} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${accessToken}\r\nConnection: close\r\n\r\n`
    const answer = await rawExchange(gateway.port, head)
    expect(statusesOf(answer)).not.toEqual([])
    await expectRefusal(answer)
  })
})

describe('hostile request heads (gateway rule 2, security-cases G01, G10, H01)', () => {
  test('are many', () => {
    expect(heads.length).toBeGreaterThan(60)
  })

  test.each(heads)('%s', async (line) => {
    const head = bytesOf(
      line.replaceAll('{host}', `127.0.0.1:${gateway.port}`).replaceAll('{token}', accessToken),
    )
    await expectRefusal(
      await rawExchange(gateway.port, `${head.replaceAll(' | ', '\r\n')}\r\nConnection: close\r\n\r\n`),
    )
  })
})

describe('hostile sizes, security-cases G22 and H03', () => {
  const headWith = (target: string, ...more: readonly string[]): string =>
    [
      `GET ${target} HTTP/1.1`,
      `Host: 127.0.0.1:${gateway.port}`,
      `Authorization: Bearer ${accessToken}`,
      ...more,
      '',
      '',
    ].join('\r\n')

  test('of a target answer 414, or 431 where Node’s own limit is reached', async () => {
    expect(statusesOf(await rawExchange(gateway.port, headWith(`/v7/tests?a=${'x'.repeat(8000)}`)))).toEqual([
      414,
    ])
    expect(
      statusesOf(await rawExchange(gateway.port, headWith(`/v7/tests?a=${'x'.repeat(17_000)}`))),
    ).toEqual([431])
    expect(gateway.sent).toEqual([])
  })

  test('of a header and of the number of headers answer 431', async () => {
    const long = headWith('/v7/tests', `X: ${'x'.repeat(20_000)}`)
    const many = headWith(
      '/v7/tests',
      ...Array.from({ length: 2000 }, (_, index) => `X-${index}: some value`),
    )
    expect(statusesOf(await rawExchange(gateway.port, long))).toEqual([431])
    expect(statusesOf(await rawExchange(gateway.port, many))).toEqual([431])
    expect(gateway.sent).toEqual([])
  })

  test('of a token, of a path and of a query cost no time', async () => {
    const targets = [
      `/v7/${'a/'.repeat(3500)}`,
      `/v7/tests/bgp/${'%2F%2E'.repeat(1000)}`,
      `/v7/tests/bgp/${'%C3%A9'.repeat(1000)}/x`,
      `/v7/tests?${'aid[]=1&'.repeat(900)}`,
      `/v7/tests?${'a&'.repeat(3900)}`,
    ]
    const startedAt = performance.now()
    for (const target of targets) await rawExchange(gateway.port, headWith(target, 'Connection: close'))
    expect(performance.now() - startedAt).toBeLessThan(1000)
  })

  test.each([' ', ',', ' ,', '1.1.1.1,', ', ', '"', ';', '::ffff:'])(
    'of X-Forwarded-* made of %j cost no time, from a trusted proxy too',
    async (part) => {
      await using proxied = await startGateway({ trustedProxies: ['127.0.0.0/8'] })
      const list = part.repeat(Math.floor(5000 / part.length))
      const head = [
        'GET /v7/tests HTTP/1.1',
        `Host: 127.0.0.1:${proxied.port}`,
        `Authorization: Bearer ${accessToken}`,
        `X-Forwarded-For: ${list}`,
        `X-Forwarded-Host: ${list}`,
        `X-Forwarded-Proto: ${list}`,
        'Connection: close',
      ].join('\r\n')
      const startedAt = performance.now()
      expect(statusesOf(await rawExchange(proxied.port, `${head}\r\n\r\n`))).toEqual([200])
      expect(performance.now() - startedAt).toBeLessThan(1000)
    },
  )
})

describe('forwarded headers of an untrusted peer (security-cases G11)', () => {
  test('decide nothing', async () => {
    gateway.grants.set(accessToken, { ...fullAccess, scopes: new Set(['tests:read']) })
    const answer = await fetch(`${gateway.url}/v7/tests`, {
      headers: {
        authorization: `Bearer ${accessToken}`,
        'x-forwarded-uri': '/v7/users',
        'x-original-url': '/v7/users',
        'x-rewrite-url': '/v7/users',
        'x-forwarded-method': 'DELETE',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-for': '192.0.2.1',
        forwarded: 'for=192.0.2.1;host=evil.example',
        'x-real-ip': '192.0.2.1',
      },
    })
    expect(answer.status).toBe(200)
    expect(gateway.sent.map(({ operation }) => operation.id)).toEqual(['getTests'])
    await fetch(`${gateway.url}/v7/users`, {
      headers: { authorization: `Bearer ${accessToken}`, 'x-forwarded-for': '192.0.2.1' },
    })
    expect(gateway.log).toMatchObject([{ status: 403, address: '127.0.0.1' }])
  })
})
