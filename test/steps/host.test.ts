import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rawExchange, statusesOf } from '../gateway/raw-exchange.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { askForCode } from './requests.ts'

const device = '/v7/oauth2/device/authorization'
const metadata = '/.well-known/oauth-authorization-server'

describe('the origin is the configured one, security-cases H01 and D18', () => {
  let service: RunningPanoptes
  let port: number
  beforeAll(async () => {
    service = await startPanoptes()
    port = Number(new URL(service.url).port)
  })
  afterAll(() => service.stop())

  const evilHosts = [
    'evil.example',
    'localhost',
    'localhost:1',
    'localhost:7070@evil.example',
    '[::1]:x',
    'a b',
    '*',
  ]

  test.each(evilHosts)('another Host is refused before anything else: %s', async (host) => {
    for (const path of ['/', '/account', '/oauth2/device', metadata]) {
      const answer = await request(service.url).get(path).set('Host', host)
      expect({ host, path, status: answer.status }).toEqual({
        host,
        path,
        status: 421,
      })
      expect(JSON.stringify([answer.headers, answer.text])).not.toContain('evil')
    }
    const answer = await request(service.url)
      .post(device)
      .set('Host', host)
      .type('form')
      .send({ client_id: 'meraki' })
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.text).not.toContain('evil')
  })

  const heads: readonly (readonly [string, string])[] = [
    ['no Host', 'GET / HTTP/1.0\r\n\r\n'],
    ['no Host in HTTP/1.1', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: OWN\r\nHost: evil.example\r\nConnection: close\r\n\r\n'],
    [
      'an absolute target',
      'GET http://evil.example/account HTTP/1.1\r\nHost: OWN\r\nConnection: close\r\n\r\n',
    ],
    ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n'],
    ['a target without a slash', 'GET account HTTP/1.1\r\nHost: OWN\r\nConnection: close\r\n\r\n'],
    ['the asterisk target', 'OPTIONS * HTTP/1.1\r\nHost: OWN\r\nConnection: close\r\n\r\n'],
    [
      'a scheme-relative target',
      'GET //evil.example/account HTTP/1.1\r\nHost: OWN\r\nConnection: close\r\n\r\n',
    ],
    ['a target with a backslash', 'GET /\\evil.example HTTP/1.1\r\nHost: OWN\r\nConnection: close\r\n\r\n'],
  ]

  test.each(heads)('%s is refused, and nothing shows another host', async (_, head) => {
    const answer = await rawExchange(port, head.replaceAll('OWN', `localhost:${port}`))
    const [status = 0] = statusesOf(answer)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(answer).not.toMatch(/^location:/im)
    expect(answer).not.toContain('evil')
  })

  test('forwarded headers of a stranger change no address that we write', async () => {
    const forwarded = {
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-For': '203.0.113.9',
      Forwarded: 'host=evil.example;proto=https',
      'X-Forwarded-Port': '1',
      'X-Original-URL': '/evil',
      'X-Rewrite-URL': '/evil',
    }
    const answer = await request(service.url)
      .post(device)
      .set(forwarded)
      .type('form')
      .send({ client_id: 'sd-wan-manager', scope: 'tests:manage' })
    expect(answer.body).toMatchObject({ verification_uri: `${service.url}/oauth2/device` })
    const { body } = await request(service.url).get(metadata).set(forwarded)
    expect(JSON.stringify(body)).not.toMatch(/evil|https:/)
    expect(body).toMatchObject({ issuer: service.url })
    const { pathname, search } = new URL(askForCode(service).href)
    const { headers } = await request(service.url)
      .get(pathname + search)
      .set(forwarded)
    expect(JSON.stringify(headers)).not.toMatch(/evil|secure/i)
  })

  test.each(['127.0.0.1', '[::1]', 'LOCALHOST'])(
    'a page asked for at %s is sent to the origin',
    async (name) => {
      const answer = await request(service.url).get('/account?a=b').set('Host', `${name}:${port}`)
      const isCanonical = name === 'LOCALHOST'
      expect({ status: answer.status, to: answer.headers['location'] }).toEqual({
        status: 303,
        to: isCanonical ? '/account/sign-in' : `${service.url}/account?a=b`,
      })
    },
  )

  test('programs may use every name of this machine, and read the origin everywhere', async () => {
    const { body } = await request(service.url).get(metadata).set('Host', `127.0.0.1:${port}`).expect(200)
    expect(body).toMatchObject({ issuer: service.url, token_endpoint: `${service.url}/v7/oauth2/token` })
  })

  test.each(['X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-For', 'Forwarded'])(
    '12 kB of spaces and commas in %s cost nothing',
    async (name) => {
      const before = performance.now()
      await request(service.url).get(metadata).set(name, ' ,'.repeat(6_000)).expect(200)
      expect(performance.now() - before).toBeLessThan(500)
    },
  )
})

describe('behind a proxy, security-cases H02 and E08', () => {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-proxy-'))
  const config = join(folder, 'proxied.yaml')
  writeFileSync(
    config,
    `origin: https://panoptes.example\nallowedHosts: [inside.example]\ntrustedProxies: [127.0.0.1, '::1']\nintegrations: ${join(process.cwd(), 'config/integrations.yaml')}\n`,
  )
  let service: RunningPanoptes
  let inside: string
  beforeAll(async () => {
    const port = await freePort()
    inside = `http://127.0.0.1:${port}`
    service = await startPanoptes(['--config', config, '--port', String(port)])
  })
  afterAll(async () => {
    await service.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('everything is written for the configured origin', async () => {
    expect(service.url).toBe('https://panoptes.example')
    const { body } = await request(inside).get(metadata).set('Host', 'panoptes.example').expect(200)
    expect(body).toMatchObject({
      issuer: service.url,
      authorization_endpoint: `${service.url}/oauth2/authorize`,
    })
  })

  test.each(['https', 'http', 'gopher', ''])(
    'cookies are secure, whatever X-Forwarded-Proto says: "%s"',
    async (proto) => {
      const answer = await request(inside)
        .get('/oauth2/device')
        .set({ Host: 'panoptes.example', 'X-Forwarded-Proto': proto, 'X-Forwarded-For': '203.0.113.9' })
        .expect(200)
      expect(answer.headers['set-cookie']?.[0]).toMatch(/^__Host-panoptes_session=.*; secure/i)
      expect(answer.headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains')
    },
  )

  test('pages asked for at another allowed name are sent to the origin, programs are served', async () => {
    const page = await request(inside).get('/account').set('Host', 'inside.example').expect(303)
    expect(page.headers['location']).toBe('https://panoptes.example/account')
    await request(inside).get(metadata).set('Host', 'inside.example').expect(200)
    await request(inside).get(metadata).set('Host', 'other.example').expect(421)
  })
})

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
