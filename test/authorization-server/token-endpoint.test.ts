import { connect } from 'node:net'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { rawExchange, statusesOf } from '../gateway/raw-exchange.ts'
import { deviceGrantType } from '../support/device.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { attacksOf } from './attacks.ts'
import {
  connectMeraki,
  expectRefusal,
  type Fields,
  merakiSecret,
  paths,
  post,
  resourceServer,
  sdWan,
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
const formType = 'application/x-www-form-urlencoded'
const refreshFields = (): Fields => ({
  grant_type: 'refresh_token',
  ...merakiSecret,
  refresh_token: tokens.refresh_token,
})

describe.each(endpoints)('POST %s takes one form by POST alone, OAuth 2.1 §3.2', (path) => {
  test.each(['get', 'head', 'put', 'patch', 'delete', 'options'] as const)('refuses %s', async (method) => {
    const answer = await request(service.url)[method](path).set('Origin', 'https://evil.example')
    expect(answer.status).toBe(405)
    expect(answer.headers['allow']).toBe('POST')
    expect(answer.headers['cache-control']).toContain('no-store')
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
  })

  test.each([
    'application/json',
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/xml',
    'text/html',
    '*/*',
    'x',
  ])('refuses a body of type %s', async (type) => {
    const answer = await request(service.url).post(path).set('Content-Type', type).send('client_id=meraki')
    expectRefusal(answer, 'invalid_request')
  })

  test('refuses an empty body and parameters in the query', async () => {
    expectRefusal(await request(service.url).post(path), 'invalid_request')
    const query = new URLSearchParams(refreshFields() as Record<string, string>).toString()
    expectRefusal(
      await request(service.url).post(`${path}?${query}`).type('form').send(''),
      'invalid_request',
    )
  })

  test.each(attacksOf('oauth-form-bodies.txt'))('refuses the body %j', async (body) => {
    const sent = body.replaceAll('SECRET', 'client_id=meraki&client_secret=meraki-secret')
    const answer = await request(service.url).post(path).set('Content-Type', formType).send(sent)
    expect([400, 401]).toContain(answer.status)
    expectRefusal(answer, /^[a-z_]+$/, answer.status)
  })

  test('answers JSON to whoever prefers a page', async () => {
    for (const accept of [
      'text/html',
      'text/html,application/xhtml+xml;q=0.9,*/*;q=0.1',
      'image/png',
      'x/y/z',
    ])
      expectRefusal(await post(service, path, merakiSecret).set('Accept', accept), /^[a-z_]+$/)
  })

  test('refuses 56 kB and a byte, with and without a length, and goes on', async () => {
    const large = `a=${'x'.repeat(56 * 1024)}`
    const answer = await request(service.url).post(path).set('Content-Type', formType).send(large)
    expectRefusal(answer, 'invalid_request', answer.status)
    expect([400, 413]).toContain(answer.status)
    const { answer: refusal, seconds } = await endlessBody(path)
    expect(refusal).toMatch(/^HTTP\/1\.1 400 [\s\S]*"error":"invalid_request"/)
    expect(seconds).toBeLessThan(4)
    expectRefusal(await post(service, path, merakiSecret), /^[a-z_]+$/)
  })

  test('gives no other origin access', async () => {
    for (const client of [merakiSecret, { client_id: 'nope' }]) {
      const answer = await post(service, path, client).set('Origin', 'https://evil.example')
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
    }
  })
})

/** Sends chunks for as long as it may. @returns what the server says, and after how long it has cut the connection */
function endlessBody(path: string): Promise<{ readonly answer: string; readonly seconds: number }> {
  const { hostname, port } = new URL(service.url)
  const startedAt = performance.now()
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) })
    let answer = ''
    const chunk = `1000\r\n${'a'.repeat(4096)}\r\n`
    let sending: NodeJS.Timeout | undefined
    const giveUp = setTimeout(() => socket.destroy(), 8_000)
    socket.on('connect', () => {
      const head = [`POST ${path} HTTP/1.1`, `Host: ${hostname}:${port}`, `Content-Type: ${formType}`]
      socket.write(`${[...head, 'Transfer-Encoding: chunked'].join('\r\n')}\r\n\r\n`)
      sending = setInterval(() => socket.writable && socket.write(chunk), 1)
    })
    socket.on('data', (part) => {
      answer += part.toString()
    })
    // To be cut off while sending is what is waited for.
    socket.on('error', () => {})
    socket.on('close', () => {
      clearInterval(sending)
      clearTimeout(giveUp)
      resolve({ answer, seconds: (performance.now() - startedAt) / 1000 })
    })
  })
}

/** The statuses of a form of 300 kB and of the request after it, sent in one go over one connection. */
async function largeFormThenPage(path: string): Promise<readonly number[]> {
  const { host, port } = new URL(service.url)
  const body = 'a'.repeat(300_000)
  const form = [`POST ${path} HTTP/1.1`, `Host: ${host}`, `Content-Type: ${formType}`]
  const sent = [
    ...form,
    `Content-Length: ${body.length}`,
    '',
    `${body}GET / HTTP/1.1`,
    `Host: ${host}`,
    '',
    '',
  ]
  return statusesOf(await rawExchange(Number(port), sent.join('\r\n')))
}

describe('a form of ours', () => {
  test.each(['/account/sign-in', '/account/disconnect', '/playground/connect', '/oauth2/logout'])(
    'that is too large leaves the next request of its connection alone, at %s',
    async (path) => {
      expect(await largeFormThenPage(path)).toEqual([413, 200])
    },
  )

  test('is refused when it has no end, and the connection is cut', async () => {
    const { answer, seconds } = await endlessBody('/account/sign-in')
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(seconds).toBeLessThan(4)
  })
})

describe('POST /v7/oauth2/token, grant types, RFC 6749 §5.2', () => {
  test.each([
    'password',
    'client_credentials',
    'implicit',
    'none',
    'urn:openid:params:grant-type:ciba',
    'urn:ietf:params:oauth:grant-type:token-exchange',
    'REFRESH_TOKEN',
  ])('refuses %s for every client', async (grantType) => {
    for (const client of [merakiSecret, sdWan, resourceServer])
      expectRefusal(
        await post(service, paths.token, { ...client, grant_type: grantType }),
        'unsupported_grant_type',
      )
  })

  test('refuses what the client has not registered', async () => {
    const code = { grant_type: 'authorization_code', code: 'x', redirect_uri: 'https://x.example/' }
    const device = { grant_type: deviceGrantType, device_code: 'x' }
    expectRefusal(await post(service, paths.token, { ...sdWan, ...code }), 'unauthorized_client')
    expectRefusal(await post(service, paths.token, { ...merakiSecret, ...device }), 'unauthorized_client')
    for (const fields of [code, device, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }])
      expectRefusal(await post(service, paths.token, { ...resourceServer, ...fields }), 'unauthorized_client')
    expectRefusal(
      await post(service, paths.device, { ...merakiSecret, scope: 'openid' }),
      'unauthorized_client',
    )
  })

  test.each(['/V7/OAUTH2/TOKEN', '/v7/oauth2/token/', '//v7/oauth2/token', '/v7/oauth2/TOKEN'])(
    'are not found under the spelling %s',
    async (path) => {
      expect((await post(service, path, refreshFields())).status).toBe(404)
    },
  )

  test.each(['/v7/oauth2/token%2f', '/v7/oauth2/%74oken', '/v7/oauth2%2ftoken', '/v7//oauth2/token'])(
    'give nothing under the spelling %s',
    async (path) => {
      expect([400, 401, 404]).toContain((await post(service, path, refreshFields())).status)
    },
  )
})

test('a body that is no HTTP any more is one line of the log, and nothing else is printed', async () => {
  const printed = vi.spyOn(console, 'error').mockReturnValue()
  const { port, host } = new URL(service.url)
  const head = `POST ${paths.token} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: ${formType}\r\nTransfer-Encoding: chunked\r\n\r\n`
  await rawExchange(Number(port), `${head}3;${'x'.repeat(20_000)}\r\na=b\r\n0\r\n\r\n`)
  await expect
    .poll(() => service.log.some((entry) => JSON.stringify(entry).includes('exchange-broken')))
    .toBe(true)
  expect(printed).not.toHaveBeenCalled()
  printed.mockRestore()
})
