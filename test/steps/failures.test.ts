import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Serving, serve } from '../../src/serving.ts'
import { readSettings } from '../../src/settings.ts'
import { Person } from '../support/person.ts'
import { askForCode, connectMeraki, post } from './requests.ts'

/** A service whose store has stopped answering, and a browser that was signed in before. */
describe('when the store cannot answer, security-cases K07', () => {
  const log: object[] = []
  const person = new Person()
  let serving: Serving
  let confirm: { readonly url: string; readonly csrf: string }
  beforeAll(async () => {
    const surroundings = {
      clock: { now: () => Date.now() },
      engineNow: () => Date.now(),
      randomBytes,
      newUuid: randomUUID,
      fetch,
      log: (entry: object) => void log.push(entry),
    }
    serving = await serve(readSettings(['--port', '0', '--operator-port', '0'], {}), surroundings)
    await connectMeraki(serving, person)
    const page = await person.open(askForCode(serving).href)
    confirm = { url: page.url, csrf: /name="csrf" value="([^"]+)"/.exec(page.html)?.[1] ?? '' }
    await serving.workspace.close()
  })
  afterAll(() => serving.stop(500).catch(() => undefined))

  test.each([
    ['GET', '/account', {}],
    ['POST', '/account/disconnect', { connection: 'x' }],
    ['POST', '/account/sign-out', { csrf: 'x' }],
    ['GET', '/oauth2/device', {}],
    ['POST', '/oauth2/device', { user_code: 'BBBB-BBBB' }],
    ['GET', '/oauth2/logout', {}],
    ['GET', 'the authorization request', {}],
    ['GET', 'the confirm page', {}],
    ['POST', 'the confirm page', { choice: 'confirm' }],
    ['POST', 'the confirm page', { choice: 'logout' }],
  ])(
    '%s %s is answered with 503, our page and a request id, and no word of how we are made',
    async (method, path, fields) => {
      const places: Readonly<Record<string, string>> = {
        'the authorization request': askForCode(serving).href,
        'the confirm page': method === 'GET' ? confirm.url : `${confirm.url}/confirm`,
      }
      const body = new URLSearchParams({ csrf: confirm.csrf, ...fields })
      const page = await person.request(places[path] ?? `${serving.url}${path}`, {
        method,
        ...(method === 'POST' ? { body } : {}),
      })
      expect({ status: page.status, retry: page.headers.get('retry-after') }).toEqual({
        status: 503,
        retry: '2',
      })
      expect(page.text).toContain('Not available right now')
      expect(page.text).toContain(`Request id ${page.headers.get('x-request-id')}`)
      expect(page.html).not.toMatch(/sqlite|database|store|\.ts\b|\bat .+:\d+/i)
      expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(page.headers.getSetCookie()).toEqual([])
      expect(page.headers.get('location')).toBeNull()
    },
  )

  test('pages that need nothing are still served', async () => {
    for (const path of ['/', '/style.css', '/account/sign-in'])
      expect((await new Person().request(`${serving.url}${path}`)).status).toBe(200)
  })

  test('programs are told 503 in JSON', async () => {
    for (const path of ['/v7/oauth2/device/authorization', '/v7/oauth2/revoke']) {
      const answer = await post(`${serving.url}${path}`, {
        client_id: 'sd-wan-manager',
        scope: 'tests:manage',
        token: 'AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
      })
      expect(answer.status).toBe(503)
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
      expect(await answer.json()).toEqual({
        error: 'temporarily_unavailable',
        error_description: expect.any(String),
      })
    }
  })

  test('it is alive and not ready, and operators are told 503', async () => {
    const get = (path: string): Promise<Response> =>
      fetch(`${serving.operatorUrl}${path}`, {
        headers: { authorization: `Bearer ${serving.operatorToken}` },
      })
    expect((await get('/health/live')).status).toBe(200)
    const ready = await get('/health/ready')
    expect({ status: ready.status, body: await ready.json() }).toEqual({
      status: 503,
      body: { status: 'store unavailable', reason: 'the store was closed' },
    })
    const connections = await get('/operator/connections')
    expect(connections.status).toBe(503)
    expect(await connections.text()).not.toMatch(/sqlite|database/i)
  })

  test('the log says what failed, with the request id', () => {
    expect(log).toContainEqual(
      expect.objectContaining({
        event: 'failure',
        path: '/account',
        request: expect.any(String),
        error: expect.stringMatching(/store/i),
      }),
    )
  })
})
