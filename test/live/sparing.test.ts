import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { type UserId, userIdOf } from '#domain/user.ts'
import { accessToken, admin, fullAccess, madeUpToken, type RunningGateway } from '../gateway/start-gateway.ts'
import { json, silent, startHostileUpstream } from './hostile-upstream.ts'
import { bearer, call, startLiveGateway } from './live-gateway.ts'

/** Moves the user to another region, with all that the token opens. */
function moveTo(gateway: RunningGateway, region: 'us1' | 'us2' | 'eu1'): void {
  const id = userIdOf(region, '1001')
  gateway.users.set(id, { ...admin, id, region })
  gateway.grants.set(accessToken, { ...fullAccess, userId: id, region })
}

function* endless(): Generator<Buffer> {
  for (const piece = Buffer.alloc(65_536); ; ) yield piece
}

describe('the breaker of a region', () => {
  test('opens after failures in a row, lets one call try, and closes by itself', async () => {
    await using upstream = await startHostileUpstream((_request, _response, socket) => void socket.destroy())
    await using gateway = await startLiveGateway({ origin: upstream.origin, breakerFailures: 3 })
    for (let round = 0; round < 3; round += 1)
      expect(await call(gateway)).toMatchObject({ status: 502, code: 'upstream_broken' })
    expect(await call(gateway)).toMatchObject({ status: 503, code: 'upstream_resting', retryAfter: '1' })
    expect(upstream.arrived).toHaveLength(3)

    await pause(1_050)
    expect(await call(gateway)).toMatchObject({ status: 502 })
    expect(await call(gateway)).toMatchObject({ status: 503, code: 'upstream_resting' })
    expect(upstream.arrived).toHaveLength(4)

    upstream.behave(json('{}'))
    await pause(1_050)
    for (let round = 0; round < 3; round += 1) expect((await call(gateway)).status).toBe(200)
    upstream.behave((_request, _response, socket) => void socket.destroy())
    for (let round = 0; round < 3; round += 1) expect((await call(gateway)).status).toBe(502)
  })

  test('lets exactly one of many try', async () => {
    await using upstream = await startHostileUpstream((_request, _response, socket) => void socket.destroy())
    await using gateway = await startLiveGateway({ origin: upstream.origin, breakerFailures: 1 })
    await call(gateway)
    await pause(1_050)
    upstream.behave(silent)
    const answers = await Promise.all(Array.from({ length: 10 }, () => call(gateway)))
    expect(answers.map(({ code }) => code).toSorted()).toEqual([
      ...Array.from({ length: 9 }, () => 'upstream_resting'),
      'upstream_timeout',
    ])
    expect(upstream.arrived).toHaveLength(2)
  })

  test('lets another try when the caller of the one that tried has left', async () => {
    await using upstream = await startHostileUpstream((_request, _response, socket) => void socket.destroy())
    await using gateway = await startLiveGateway({ origin: upstream.origin, breakerFailures: 1 })
    await call(gateway)
    await pause(1_050)
    upstream.behave(silent)
    const leaving = new AbortController()
    const left = call(gateway, undefined, { signal: leaving.signal }).catch(() => 'left')
    await expect.poll(() => upstream.arrived.length).toBe(2)
    leaving.abort()
    await left
    upstream.behave(json('{}'))
    await expect.poll(async () => (await call(gateway)).status).toBe(200)
  })

  test('does not count what the upstream answers, whatever it is', async () => {
    await using upstream = await startHostileUpstream(json('{}', 503))
    await using gateway = await startLiveGateway({ origin: upstream.origin, breakerFailures: 2 })
    for (let round = 0; round < 5; round += 1) expect((await call(gateway)).status).toBe(503)
    expect(upstream.arrived).toHaveLength(5)
  })

  test.each([
    ['leave in the middle of a request body', 'left', 200_000],
    ['send a request body that is too long', 413, 11 * 1024 * 1024],
  ])('does not count callers who %s', async (_, outcome, bytes) => {
    await using upstream = await startHostileUpstream((request) => void request.resume())
    await using gateway = await startLiveGateway({ origin: upstream.origin, breakerFailures: 1 })
    const leaving = new AbortController()
    const body = new ReadableStream({
      async start(controller) {
        for (let sent = 0; sent < bytes; sent += 65_536) {
          controller.enqueue(new Uint8Array(65_536))
          await pause(1)
        }
        if (outcome === 'left') leaving.abort()
        else controller.close()
      },
    })
    const sent = call(gateway, '/v7/tests/http-server?aid=1101', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      duplex: 'half',
      signal: leaving.signal,
    } as RequestInit).then(
      ({ status }) => status,
      () => 'left',
    )
    expect(await sent).toBe(outcome)
    await expect.poll(() => upstream.connections.open).toBe(0)
    upstream.behave(json('{}'))
    expect(await call(gateway)).toMatchObject({ status: 200 })
  })

  test.each([
    ['for as long as one piece is waited for', { bodyTimeout: 1, totalTimeout: 600 }],
    ['until the call is over', { bodyTimeout: 600, totalTimeout: 1 }],
  ])('lets go of callers who take nothing of a long answer %s, and does not count them', async (_, waits) => {
    await using upstream = await startHostileUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      pipeline(Readable.from(endless()), response, () => undefined)
    })
    await using gateway = await startLiveGateway({
      origin: upstream.origin,
      breakerFailures: 1,
      ...waits,
    })
    const request = get(`${gateway.url}/v7/tests?aid=1101`, { headers: bearer })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.on('error', () => undefined).pause()
    await expect.poll(() => upstream.connections.open, { timeout: 10_000 }).toBe(0)
    upstream.behave(json('{}'))
    expect(await call(gateway)).toMatchObject({ status: 200 })
    request.destroy()
  })

  test('of one region leaves the others alone', async () => {
    await using dead = await startHostileUpstream((_request, _response, socket) => void socket.destroy())
    await using alive = await startHostileUpstream(json('{}'))
    const regions = { us1: dead.origin, us2: alive.origin, eu1: alive.origin }
    await using gateway = await startLiveGateway({ regions, breakerFailures: 1 })
    await call(gateway)
    expect(await call(gateway)).toMatchObject({ status: 503, code: 'upstream_resting' })
    moveTo(gateway, 'eu1')
    expect((await call(gateway)).status).toBe(200)
  })
})

describe('the calls under way in a region', () => {
  test('are as many as configured, and another one is answered at once; the other regions are unaffected', async () => {
    await using hanging = await startHostileUpstream(silent)
    await using alive = await startHostileUpstream(json('{}'))
    const regions = { us1: hanging.origin, us2: alive.origin, eu1: alive.origin }
    await using gateway = await startLiveGateway({
      regions,
      maxInFlight: 4,
      headersTimeout: 3,
      totalTimeout: 2,
    })
    const waiting = Array.from({ length: 4 }, () => call(gateway))
    await expect.poll(() => hanging.arrived.length).toBe(4)
    expect(await call(gateway)).toMatchObject({ status: 503, code: 'upstream_busy', retryAfter: '1' })
    moveTo(gateway, 'us2')
    expect((await call(gateway)).status).toBe(200)
    moveTo(gateway, 'us1')
    for (const { status } of await Promise.all(waiting)) expect(status).toBe(504)
    hanging.behave(json('{}'))
    expect((await call(gateway)).status).toBe(200)
  })

  test('are shared: neither a user nor a client fills them, and whoever comes next finds room', async () => {
    await using hanging = await startHostileUpstream(silent)
    await using gateway = await startLiveGateway({
      ...{ origin: hanging.origin, maxInFlight: 20, headersTimeout: 5, totalTimeout: 5 },
    })
    const second = userIdOf('us1', '1002')
    gateway.users.set(second, { ...admin, id: second, uid: '1002' })
    gateway.clients.add('other')
    const grant = (letter: string, userId: UserId, clientId: string): string => {
      gateway.grants.set(madeUpToken(letter), { ...fullAccess, userId, clientId })
      return madeUpToken(letter)
    }
    const busy: string[] = []
    const under = (token: string, calls: number) =>
      Array.from({ length: calls }, async () => {
        const headers = { authorization: `Bearer ${token}` }
        const { code } = await call(gateway, undefined, { headers }).catch(() => ({ code: undefined }))
        if (code === 'upstream_busy') busy.push(token)
      })
    const first = grant('F', admin.id, 'meraki')
    const all = under(first, 30)
    await expect.poll(() => busy).toHaveLength(14)
    expect(hanging.arrived).toHaveLength(16)
    const sameUser = grant('U', admin.id, 'other')
    const sameClient = grant('C', second, 'meraki')
    await Promise.all([...under(sameUser, 1), ...under(sameClient, 1)])
    expect(busy.slice(14).toSorted()).toEqual([sameClient, sameUser])
    all.push(...under(grant('N', second, 'other'), 4))
    await expect.poll(() => hanging.arrived.length).toBe(20)
    await Promise.all(all)
    expect(busy).toHaveLength(16)
  })
})
