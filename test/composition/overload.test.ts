import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connectMeraki, readsAgents } from '../steps/requests.ts'
import { deviceGrantType } from '../support/device.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { scrape } from '../support/scrape.ts'

/** So few that a test can fill it: polls are turned away from 8 on, tokens and pages from 12 on, calls from 16 on. */
const mostRequests = 16
const meraki = { client_id: 'meraki', client_secret: 'meraki-secret' }

const folder = mkdtempSync(join(tmpdir(), 'panoptes-overload-'))
const config = join(folder, 'emulator.yaml')
writeFileSync(config, `mostRequests: ${mostRequests}\n`)

let service: RunningPanoptes
let accessToken: string
let refreshToken: string
/** A second connection, to be ended. */
let connectBefore: ReturnType<typeof connectMeraki>
beforeAll(async () => {
  service = await startPanoptes(['--limits', 'off', '--config', config])
  const tokens = await connectMeraki(service, new Person())
  accessToken = tokens.access_token
  refreshToken = tokens.refresh_token
  connectBefore = connectMeraki(service, new Person())
  await connectBefore
})
afterAll(async () => {
  await service.stop()
  rmSync(folder, { recursive: true, force: true })
})

type Form = Readonly<Record<string, string>>
const send = (path: string, form?: Form, signal?: AbortSignal): Promise<Response> =>
  fetch(`${service.url}${path}`, {
    redirect: 'manual',
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    ...(signal && { signal }),
  })
const statusOf = async (asked: Promise<Response>): Promise<number> => {
  const answer = await asked
  await answer.arrayBuffer()
  return answer.status
}

const call = (): Promise<Response> =>
  fetch(`${service.url}/v7/agents`, { headers: { authorization: `Bearer ${accessToken}` } })
const poll = (): Promise<Response> =>
  send('/v7/oauth2/token', {
    client_id: 'sd-wan-manager',
    grant_type: deviceGrantType,
    device_code: 'made-up',
  })
const refresh = (): Promise<Response> =>
  send('/v7/oauth2/token', { ...meraki, grant_type: 'refresh_token', refresh_token: 'made-up' })

/** The journal numbers a request as soon as its head is there. */
async function lastExchange(): Promise<number> {
  const answer = await fetch(`${service.url}/emulator/journal?limit=1`)
  return ((await answer.json()) as { lastId: number }).lastId
}

interface Standing {
  readonly faults: readonly { readonly hits: number }[]
}

/** Requests whose answers are held back, and which so stay under way until the next test. */
let leave = new AbortController()
async function underWay(count: number, kind: 'calls' | 'tokens'): Promise<void> {
  const [on, path] = kind === 'calls' ? ['getAgents', '/v7/agents'] : ['userinfo', '/v7/oauth2/userinfo']
  const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' }
  const faults = `${service.url}/emulator/faults`
  const body = JSON.stringify({ on, latency: '1m', times: count })
  expect(await statusOf(fetch(faults, { method: 'POST', headers, body }))).toBe(201)
  for (let index = 0; index < count; index += 1)
    fetch(`${service.url}${path}`, { headers, signal: leave.signal }).catch(() => undefined)
  for (let hits = 0; hits < count; await pause(5)) {
    const standing = (await (await fetch(faults)).json()) as Standing
    hits = standing.faults[0]?.hits ?? 0
  }
}

beforeEach(async () => {
  leave.abort()
  leave = new AbortController()
  expect(await statusOf(fetch(`${service.url}/emulator/faults`, { method: 'DELETE' }))).toBeLessThan(300)
  for (const ask of [poll, call]) while ((await statusOf(ask())) === 503) await pause(5)
})

describe('with less than half of what may be under way', () => {
  test('nobody is turned away', async () => {
    await underWay(mostRequests / 2 - 1, 'tokens')
    expect(await Promise.all([poll(), refresh(), call()].map(statusOf))).toEqual([400, 400, 200])
  })
})

test("bodies that do not come are no work, and take nobody's place", async () => {
  const { hostname, port, host } = new URL(service.url)
  const head = `POST /v7/oauth2/token HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 400\r\n\r\nclient_id=`
  const sockets = Array.from({ length: 2 * mostRequests }, () => connect(Number(port), hostname))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  const before = await lastExchange()
  for (const socket of sockets) socket.on('error', () => undefined).write(head)
  while ((await lastExchange()) < before + sockets.length) await pause(5)
  expect(await Promise.all([poll(), refresh(), send('/oauth2/device'), call()].map(statusOf))).toEqual([
    400, 400, 200, 200,
  ])
  for (const socket of sockets) socket.destroy()
})

describe('with half of what may be under way', () => {
  beforeEach(() => underWay(mostRequests / 2, 'tokens'))

  test('a device that polls is told to come back, in the words of OAuth', async () => {
    const answer = await poll()
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toMatch(/^[1-3]$/)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('x-request-id')).toMatch(/./)
    expect(await answer.json()).toEqual({
      error: 'temporarily_unavailable',
      error_description: expect.any(String),
    })
  })

  test.each([
    ['written with spaces between', 'urn:ietf:params:oauth:grant-type:device_code ', 400],
    ['of another type', 'urn:example:device_code_of_mine', 400],
    ['named twice', 'refresh_token&grant_type=refresh_token', 400],
  ])('what is no poll is served and refused as ever: a grant type %s', async (_, grantType, status) => {
    const form = { client_id: 'sd-wan-manager', grant_type: grantType, device_code: 'made-up' }
    expect(await statusOf(send('/v7/oauth2/token', form))).toBe(status)
  })

  test('tokens, pages and calls are served', async () => {
    const asked = [refresh(), send('/account/sign-in'), call(), send('/v7/oauth2/provider/keys')]
    expect(await Promise.all(asked.map(statusOf))).toEqual([400, 200, 200, 200])
  })
})

describe('with three quarters of what may be under way', () => {
  beforeEach(() => underWay((mostRequests * 3) / 4, 'tokens'))

  test('a refresh is told to come back, in the words of OAuth, and its token is not spent', async () => {
    const form = { ...meraki, grant_type: 'refresh_token', refresh_token: refreshToken }
    const answer = await send('/v7/oauth2/token', form)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([
      503,
      expect.stringMatching(/^[1-3]$/),
    ])
    expect(await answer.json()).toMatchObject({ error: 'temporarily_unavailable' })
    leave.abort()
    let again = await send('/v7/oauth2/token', form)
    while (again.status === 503) again = await send('/v7/oauth2/token', form)
    const tokens = (await again.json()) as { access_token: string; refresh_token: string }
    expect(again.status).toBe(200)
    accessToken = tokens.access_token
    refreshToken = tokens.refresh_token
  })

  test('a browser gets a page, with the headers of every page', async () => {
    const answer = await send('/oauth2/device')
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toMatch(/^[1-3]$/)
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(await answer.text()).toContain('Not available right now')
    const head = await fetch(`${service.url}/oauth2/device`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([503, ''])
  })

  test('calls are served', async () => {
    expect(await statusOf(call())).toBe(200)
  })

  test('whoever ends a connection is served: by revocation, by logout, on the account pages', async () => {
    const { access_token, refresh_token } = await connectBefore
    expect(await readsAgents(service, access_token)).toBe(200)
    expect(await statusOf(send('/v7/oauth2/revoke', { ...meraki, token: refresh_token }))).toBe(200)
    expect(await readsAgents(service, access_token)).toBe(401)
    expect(await statusOf(send('/oauth2/logout'))).toBe(200)
    // Without a session it is sent to sign in, and not away.
    expect(await statusOf(send('/account/disconnect', { grant: 'made-up' }))).not.toBe(503)
  })

  test('the operator listener and the control API are served, and what was turned away is counted', async () => {
    const before = await scrape(service)
    expect(await Promise.all([poll(), send('/oauth2/device')].map(statusOf))).toEqual([503, 503])
    const after = await scrape(service)
    const name = 'panoptes_requests_shed_total'
    expect(after.value(name) - before.value(name)).toBe(2)
    expect(await statusOf(fetch(`${service.operatorUrl}/health/ready`))).toBe(200)
    expect(await statusOf(fetch(`${service.url}/emulator/clock`))).toBe(200)
  })
})

describe('with as many calls under way as may be', () => {
  beforeEach(() => underWay(mostRequests, 'calls'))

  test('a call is told to come back, in the words of v7', async () => {
    const answer = await call()
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([
      503,
      expect.stringMatching(/^[1-3]$/),
    ])
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(await answer.json()).toEqual({
      type: 'about:blank',
      title: 'Service Unavailable',
      status: 503,
      detail: expect.any(String),
      instance: '/v7/agents',
      code: 'overloaded',
    })
  })

  test("calls that wait for their upstream are nobody else's affair: tokens and pages are served", async () => {
    expect(await Promise.all([refresh(), poll(), send('/oauth2/device')].map(statusOf))).toEqual([
      400, 400, 200,
    ])
  })
})

test('by default hundreds of requests at once are all served', async () => {
  await using emulator = await startPanoptes(['--limits', 'off'])
  const tokens = await connectMeraki(emulator, new Person())
  const headers = { authorization: `Bearer ${tokens.access_token}` }
  const form = { ...meraki, grant_type: 'refresh_token', refresh_token: 'made-up' }
  const statuses = await Promise.all(
    Array.from({ length: 400 }, async (_, index) => {
      const asked =
        index % 2 === 0
          ? fetch(`${emulator.url}/v7/agents`, { headers })
          : fetch(`${emulator.url}/v7/oauth2/token`, { method: 'POST', body: new URLSearchParams(form) })
      return statusOf(asked)
    }),
  )
  expect(new Set(statuses)).toEqual(new Set([200, 400]))
})
