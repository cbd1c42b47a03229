import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import request, { type Response } from 'supertest'
import { describe, expect, test } from 'vitest'
import { startProcess as startLocking } from '../contract/store-processes.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { keptOnDisk } from './kept-on-disk.ts'
import {
  admin,
  askForDeviceCode,
  authorize,
  authorizeQuery,
  connectMeraki,
  exchange,
  expectRefusal,
  merakiSecret,
  newCode,
  paths,
  pollFields,
  post,
  refresh,
  resourceServer,
  sdWan,
  sdWanScope,
  signedIn,
  type Tokens,
  v7Status,
} from './protocol.ts'

/** DECISIONS 13: store trouble is 503, never 401 and never a false 200; RFC 7009 §2.2.1 asks for Retry-After. */
function expectUnavailable(answer: Response): void {
  expectRefusal(answer, 'temporarily_unavailable', 503)
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  expect(answer.headers['location']).toBeUndefined()
  expect(answer.headers['set-cookie']).toBeUndefined()
}

function expectUnavailablePage(answer: Response): void {
  expect(answer.status, answer.text.slice(0, 200)).toBe(503)
  expect(answer.headers['content-type']).toMatch(/^text\/html/)
  expect(answer.headers['content-security-policy']).toContain("default-src 'none'")
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  expect(answer.headers['location']).toBeUndefined()
  expect(answer.headers['set-cookie']).toBeUndefined()
  expect(answer.text).not.toMatch(/SQLITE|sqlite|redis|\.ts:\d/i)
}

/** Holds the write lock of the data directory's database for longer than the store is patient. */
async function whileLocked(data: string, work: () => Promise<void>): Promise<void> {
  const locking = await startLocking('store-lock-process.ts', join(data, 'panoptes.db'))
  try {
    await work()
  } finally {
    locking.send('end')
    await once(locking, 'exit')
  }
}

describe('while the database takes no writes', () => {
  test('every step that would change something answers 503 and changes nothing', async () => {
    using data = keptOnDisk()
    await using service = await startPanoptes(['--data', data.path])
    const person = await signedIn(service)
    const tokens = await connectMeraki(service, person)
    const code = await newCode(service, person)
    const device = await askForDeviceCode(service)

    await whileLocked(data.path, async () => {
      const answers = await Promise.all([
        refresh(service, tokens.refresh_token).then(),
        exchange(service, code).then(),
        post(service, paths.revoke, { ...merakiSecret, token: tokens.refresh_token }).then(),
        post(service, paths.device, { ...sdWan, scope: sdWanScope }).then(),
        post(service, paths.token, pollFields(device.device_code)).then(),
        request(service.url)
          .post(paths.clients)
          .send({ redirect_uris: ['https://app.example/cb'] })
          .then(),
        // A wrong secret is counted, so it cannot be answered either.
        refresh(service, tokens.refresh_token, { client_secret: 'wrong-secret' }).then(),
      ])
      for (const answer of answers) expectUnavailable(answer)
      expectUnavailablePage(await authorize(service))
      // What only reads goes on.
      expect(await v7Status(service, tokens.access_token)).toBe(200)
      const introspected = await post(service, paths.introspect, {
        ...resourceServer,
        token: tokens.access_token,
      })
      expect(introspected.body.active).toBe(true)
    })

    const exchanged = await exchange(service, code)
    expect(exchanged.status, exchanged.text).toBe(200)
    const refreshed = await refresh(service, tokens.refresh_token)
    expect(refreshed.status, refreshed.text).toBe(200)
    expectRefusal(await post(service, paths.token, pollFields(device.device_code)), 'authorization_pending')
    expect(await v7Status(service, (refreshed.body as Tokens).access_token)).toBe(200)
  })

  test('replays that must end a connection answer 503 too, and end it when they come again', async () => {
    using data = keptOnDisk()
    await using service = await startPanoptes(['--data', data.path])
    const person = await signedIn(service)
    const code = await newCode(service, person)
    const tokens = (await exchange(service, code)).body as Tokens
    await whileLocked(data.path, async () => {
      expectUnavailable(await exchange(service, code).then())
      expect(await v7Status(service, tokens.access_token)).toBe(200)
    })
    expectRefusal(await exchange(service, code), 'invalid_grant')
    expect(await v7Status(service, tokens.access_token)).toBe(401)
  })

  test('pages say so, sign nobody in, and keep what was begun', async () => {
    using data = keptOnDisk()
    await using service = await startPanoptes(['--data', data.path])
    const person = new Person()
    await person.open(`${service.url}${paths.authorize}?${authorizeQuery()}`)
    await person.press('Continue', { region: 'us1', email: admin.email })
    const form = person.page
    await whileLocked(data.path, async () => {
      const page = await person.press('Sign in', { password: admin.password })
      expect(page.status).toBe(503)
      expect(page.headers.get('retry-after')).not.toBeNull()
      expect(page.html).not.toMatch(/SQLITE|\.ts:\d/)
    })
    person.page = form
    await person.press('Sign in', { password: admin.password })
    expect(person.page?.text).toContain('Confirm')
    await person.press('Confirm')
    expect(person.leavesTo.searchParams.get('code')).not.toBeNull()
    expect(JSON.stringify(service.log)).not.toContain(admin.password)
  })
})

describe('while the store does not answer at all', () => {
  test('nobody is told that a token is bad, and all is as before when it is back', async () => {
    using data = keptOnDisk()
    await using redis = await startRedisServer()
    await using service: RunningPanoptes = await startPanoptes(['--data', data.path], {
      PANOPTES_STORE: redis.url.href,
    })
    const person = await signedIn(service)
    const tokens = await connectMeraki(service, person)
    const code = await newCode(service, person)
    redis.freeze()
    const answers = await Promise.all([
      refresh(service, tokens.refresh_token).then(),
      exchange(service, code).then(),
      post(service, paths.revoke, { ...merakiSecret, token: tokens.access_token }).then(),
      post(service, paths.introspect, { ...resourceServer, token: tokens.access_token }).then(),
      post(service, paths.token, pollFields('A'.repeat(43))).then(),
      post(service, paths.device, { ...sdWan, scope: sdWanScope }).then(),
      request(service.url).get(paths.userinfo).set('Authorization', `Bearer ${tokens.access_token}`).then(),
      // Might be a registered client, so it cannot be called unknown.
      refresh(service, tokens.refresh_token, { client_id: 'registered-AAAAAAAAAAAAAAAAAAAA' }).then(),
    ])
    for (const answer of answers) expectUnavailable(answer)
    const pages = await Promise.all([
      authorize(service).then(),
      request(service.url).get('/oauth2/device').then(),
      request(service.url)
        .get('/account')
        .set('Cookie', person.cookiesFor(new URL(service.url)))
        .then(),
    ])
    for (const page of pages) expectUnavailablePage(page)
    expect(await v7Status(service, tokens.access_token)).toBe(503)
    redis.thaw()
    const isReady = async (): Promise<boolean> =>
      (await request(service.operatorUrl).get('/health/ready')).status === 200
    while (!(await isReady())) await pause(50)
    // A revocation that got 503 may have taken effect, or may come again (RFC 7009 §2.2.1): here the command had been sent.
    const again = await post(service, paths.revoke, { ...merakiSecret, token: tokens.access_token })
    expect(again.status, again.text).toBe(200)
    expect(await v7Status(service, tokens.access_token)).toBe(401)
  })
})
