import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rawExchange } from '../gateway/raw-exchange.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { linesOf } from './attacks.ts'
import { expectRefusal, paths, post, sdWan, sdWanScope } from './protocol.ts'

let service: RunningPanoptes
let port = ''

beforeAll(async () => {
  service = await startPanoptes()
  port = new URL(service.url).port
})
afterAll(() => service.stop())

const metadataPath = '/.well-known/oauth-authorization-server'

describe('the Host header, RFC 9110 §7.2', () => {
  test.each(linesOf('oauth-hosts.txt'))('is refused before anything is done when it is %j', async (line) => {
    const host = line.replaceAll('PORT', port)
    for (const path of [metadataPath, paths.authorize, '/oauth2/device', '/account', '/', '/nope']) {
      const answer = await request(service.url).get(path).set('Host', host).redirects(0)
      expect([400, 421]).toContain(answer.status)
      expectRefusal(answer, 'invalid_request', answer.status)
      expect(`${answer.text}${JSON.stringify(answer.headers)}`).not.toMatch(/evil|<script/)
    }
    const asked = await post(service, paths.device, { ...sdWan, scope: sdWanScope }).set('Host', host)
    expect([400, 421]).toContain(asked.status)
    expect(asked.text).not.toMatch(/evil|verification/)
  })

  test('sends pages under another of our names to the canonical one, where their cookies live', async () => {
    for (const host of [`127.0.0.1:${port}`, `[::1]:${port}`, `LocalHost:${port}`]) {
      const answer = await request(service.url)
        .get('/oauth2/device?user_code=BCDF-GHJK')
        .set('Host', host)
        .redirects(0)
      if (host.toLowerCase() === new URL(service.url).host) expect(answer.status).toBe(200)
      else
        expect(answer).toMatchObject({
          status: 303,
          headers: { location: `${service.url}/oauth2/device?user_code=BCDF-GHJK` },
        })
    }
  })

  test.each([
    '//evil.example/',
    '/\\evil.example/',
    '//evil.example/%2e%2e',
    '/%0d%0aLocation:%20https://evil.example/',
    '/@evil.example',
  ])('sends nobody elsewhere by the target %s', async (target) => {
    const answer = await request(service.url).get(target).set('Host', `127.0.0.1:${port}`).redirects(0)
    const location = answer.headers['location']
    if (location !== undefined) expect(new URL(location).origin).toBe(service.url)
    expect(answer.status).toBeLessThan(500)
  })
})

describe('a request that can be read in two ways, RFC 9112 §3.2', () => {
  const raw = (...lines: readonly string[]): Promise<string> =>
    rawExchange(Number(port), `${lines.join('\r\n')}\r\n\r\n`)

  test.each<[string, readonly string[]]>([
    ['no Host in HTTP/1.0', [`GET ${metadataPath} HTTP/1.0`]],
    ['no Host in HTTP/1.1', [`GET ${metadataPath} HTTP/1.1`, 'Connection: close']],
    ['an empty Host', [`GET ${metadataPath} HTTP/1.1`, 'Host:', 'Connection: close']],
    ['two Hosts', [`GET ${metadataPath} HTTP/1.1`, 'Host: OURS', 'Host: evil.example', 'Connection: close']],
    [
      'two Hosts, ours last',
      [`GET ${metadataPath} HTTP/1.1`, 'Host: evil.example', 'Host: OURS', 'Connection: close'],
    ],
    ['our Host twice', [`GET ${metadataPath} HTTP/1.1`, 'Host: OURS', 'Host: OURS', 'Connection: close']],
    [
      'an absolute target of another host',
      [`GET http://evil.example${metadataPath} HTTP/1.1`, 'Host: OURS', 'Connection: close'],
    ],
    [
      'an absolute target of ours',
      [`GET http://OURS${metadataPath} HTTP/1.1`, 'Host: OURS', 'Connection: close'],
    ],
    ['an authority for a target', ['CONNECT evil.example:443 HTTP/1.1', 'Host: OURS', 'Connection: close']],
    ['an asterisk for a target', ['OPTIONS * HTTP/1.1', 'Host: OURS', 'Connection: close']],
    ['a target without a slash', ['GET evil.example/ HTTP/1.1', 'Host: OURS', 'Connection: close']],
    ['a space in the name of a header', [`GET ${metadataPath} HTTP/1.1`, 'Host : OURS', 'Connection: close']],
    [
      'length and chunks',
      [
        `POST ${paths.token} HTTP/1.1`,
        'Host: OURS',
        'Content-Length: 4',
        'Transfer-Encoding: chunked',
        'Connection: close',
      ],
    ],
    [
      'two lengths',
      [
        `POST ${paths.token} HTTP/1.1`,
        'Host: OURS',
        'Content-Length: 4',
        'Content-Length: 5',
        'Connection: close',
      ],
    ],
  ])('is refused: %s', async (_case, lines) => {
    const answer = await raw(...lines.map((line) => line.replaceAll('OURS', `localhost:${port}`)))
    expect(answer === '' || /^HTTP\/1\.1 4\d\d /.test(answer), answer.slice(0, 200)).toBe(true)
    expect(answer).not.toMatch(/evil|_endpoint/)
  })
})

describe('X-Forwarded-*, security-cases H02, H03', () => {
  const forged = {
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-For': '203.0.113.9',
    'X-Forwarded-Port': '443',
    'X-Forwarded-Prefix': '/evil',
    'X-Original-URL': '/operator',
    'X-Rewrite-URL': '/operator',
    'X-Real-IP': '203.0.113.9',
    Forwarded: 'for=203.0.113.9;host=evil.example;proto=https',
  }

  test('decide nothing when they come from nobody we know', async () => {
    const plain = await request(service.url).get(metadataPath)
    const answer = await request(service.url).get(metadataPath).set(forged)
    expect(answer.body).toEqual(plain.body)
    const asked = await post(service, paths.device, { ...sdWan, scope: sdWanScope }).set(forged)
    expect(asked.body.verification_uri).toBe(`${service.url}/oauth2/device`)
    const cookies = (await request(service.url).get('/oauth2/device').set(forged)).headers['set-cookie'] ?? []
    expect(String(cookies)).toContain('panoptes_session=')
    expect(String(cookies).toLowerCase()).not.toContain('secure')
  })

  test('of a trusted proxy give the address alone, and still neither host nor scheme', async () => {
    await using behind = await startPanoptes([
      '--config',
      'test/authorization-server/config/behind-proxy.yaml',
    ])
    const asked = await post(behind, paths.device, { ...sdWan, scope: sdWanScope }).set(forged)
    expect(asked.body.verification_uri).toBe(`${behind.url}/oauth2/device`)
  })

  test.each(['X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-For', 'Forwarded'])(
    'of 12 kB in %s cost no time',
    async (name) => {
      await using behind = await startPanoptes([
        '--config',
        'test/authorization-server/config/behind-proxy.yaml',
      ])
      await request(behind.url).get(metadataPath)
      const before = performance.now()
      for (const filler of [' ', ',', ', ', '1.1.1.1,', 'for='])
        expect(
          (
            await request(behind.url)
              .get(metadataPath)
              .set(name, `a${filler.repeat(12_000 / filler.length)}b`)
          ).status,
        ).toBe(200)
      // A regular expression that blows up takes seconds; five plain requests take some milliseconds.
      expect(performance.now() - before).toBeLessThan(2_000)
    },
  )
})
