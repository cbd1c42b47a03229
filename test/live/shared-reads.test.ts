import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { userIdOf } from '#domain/user.ts'
import { heldAnswers } from '#upstream/reads/held-answers.ts'
import { sharedReads } from '#upstream/reads/shared-reads.ts'
import { accessToken, fullAccess } from '../gateway/start-gateway.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { type HostileUpstream, startHostileUpstream } from './hostile-upstream.ts'
import { call, startLiveGateway } from './live-gateway.ts'

const tests = '/v7/tests?aid=1101'

/** An upstream that answers when the test says so, behind a gateway that shares reads. */
async function startShared({ coalesce = true, cacheSeconds = {} as Readonly<Record<string, number>> } = {}) {
  const waiting: ServerResponse[] = []
  const upstream = await startHostileUpstream((_request, response) => void waiting.push(response))
  const clock = fakeClock()
  const gateway = await startLiveGateway({
    origin: upstream.origin,
    headersTimeout: 10,
    totalTimeout: 12,
    around: (live) => sharedReads({ upstream: live, clock, coalesce, cacheSeconds }),
  })
  onTestFinished(async () => {
    await gateway[Symbol.asyncDispose]()
    await upstream[Symbol.asyncDispose]()
  })
  const arrived = (count: number): Promise<unknown> => expect.poll(() => upstream.arrived.length).toBe(count)
  const answer = (body = '{}', status = 200): void => {
    for (const response of waiting.splice(0))
      response.writeHead(status, { 'content-type': 'application/hal+json' }).end(body)
  }
  return { upstream, gateway, clock, arrived, answer, waiting }
}

/** Long enough for a call that is not held back to arrive. */
async function settled(upstream: HostileUpstream, count: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(upstream.arrived).toHaveLength(count)
}

describe('identical reads at the same time', () => {
  test('are one call, and everybody gets its answer', async () => {
    const { upstream, gateway, arrived, answer } = await startShared()
    const calls = Array.from({ length: 8 }, () => call(gateway, tests))
    await arrived(1)
    await settled(upstream, 1)
    answer('{"tests":[]}')
    for (const one of await Promise.all(calls))
      expect(one).toMatchObject({ status: 200, text: '{"tests":[]}' })
    const next = call(gateway, tests)
    await arrived(2)
    answer()
    expect((await next).status).toBe(200)
  })

  test('share a refusal and a failure too', async () => {
    const { gateway, arrived, answer, waiting } = await startShared()
    const refused = Array.from({ length: 4 }, () => call(gateway, tests))
    await arrived(1)
    answer('{}', 401)
    for (const one of await Promise.all(refused)) expect(one).toMatchObject({ status: 502 })
    const failed = Array.from({ length: 4 }, () => call(gateway, tests))
    await arrived(2)
    waiting.splice(0)[0]?.socket?.write('HTTP/1.1 nonsense\r\n\r\n')
    for (const one of await Promise.all(failed))
      expect(one).toMatchObject({ status: 502, code: 'upstream_broken' })
  })

  test.each([
    ['another query', '/v7/tests?aid=1101&x=1', {}],
    ['another account group', '/v7/tests?aid=1102', {}],
    ['another Accept', tests, { headers: { accept: 'application/json' } }],
    ['another operation', '/v7/agents?aid=1101', {}],
  ])('are not those with %s', async (_what, path, init) => {
    const { gateway, arrived, answer } = await startShared()
    const calls = [call(gateway, tests), call(gateway, path, init)]
    await arrived(2)
    answer()
    for (const one of await Promise.all(calls)) expect(one.status).toBe(200)
  })

  test('are not those of another user', async () => {
    const { gateway, arrived, answer } = await startShared()
    const first = call(gateway, tests)
    await arrived(1)
    const other = userIdOf('us1', '1002')
    const [user] = [...gateway.users.values()]
    if (!user) throw new Error('nobody is there')
    gateway.users.set(other, { ...user, id: other })
    gateway.grants.set(accessToken, { ...fullAccess, userId: other })
    const second = call(gateway, tests)
    await arrived(2)
    answer()
    for (const one of await Promise.all([first, second])) expect(one.status).toBe(200)
  })

  test('go on for the others when one leaves, the one who asked first included', async () => {
    const { gateway, upstream, arrived, answer } = await startShared()
    const leaving = new AbortController()
    const left = call(gateway, tests, { signal: leaving.signal }).catch(() => 'left')
    await arrived(1)
    const stays = call(gateway, tests)
    await settled(upstream, 1)
    leaving.abort()
    expect(await left).toBe('left')
    answer('{"tests":[]}')
    expect(await stays).toMatchObject({ status: 200, text: '{"tests":[]}' })
  })

  test('end at the upstream when all have left', async () => {
    const { gateway, arrived, waiting } = await startShared()
    const leaving = new AbortController()
    const calls = [1, 2].map(() => call(gateway, tests, { signal: leaving.signal }).catch(() => 'left'))
    await arrived(1)
    const closed = once(waiting[0] as ServerResponse, 'close')
    await new Promise((resolve) => setTimeout(resolve, 100))
    leaving.abort()
    await Promise.all([...calls, closed])
  })

  test('of a long body are asked for by each, and whole', async () => {
    const { gateway, upstream, arrived, answer } = await startShared()
    const calls = [call(gateway, tests), call(gateway, tests)]
    await arrived(1)
    await settled(upstream, 1)
    const long = JSON.stringify({ text: 'x'.repeat(700_000) })
    answer(long)
    await arrived(2)
    answer(long)
    for (const one of await Promise.all(calls)) expect(one.text).toBe(long)
  })

  test('are as many calls where that is switched off, and writes always are', async () => {
    const { gateway, arrived, answer } = await startShared({ coalesce: false })
    const calls = [call(gateway, tests), call(gateway, tests)]
    await arrived(2)
    answer()
    await Promise.all(calls)
    const shared = await startShared()
    const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }
    const writes = [1, 2].map(() => call(shared.gateway, '/v7/tests/http-server?aid=1101', post))
    await shared.arrived(2)
    shared.answer()
    await Promise.all(writes)
  })
})

describe('answers that are kept', () => {
  const cached = { cacheSeconds: { getTests: 10 } }

  test('are given again until their time is over', async () => {
    const { gateway, clock, arrived, answer } = await startShared(cached)
    const first = call(gateway, tests)
    await arrived(1)
    answer('{"tests":[1]}')
    await first
    clock.advance(9)
    expect(await call(gateway, tests)).toMatchObject({ status: 200, text: '{"tests":[1]}' })
    clock.advance(1)
    const second = call(gateway, tests)
    await arrived(2)
    answer('{"tests":[2]}')
    expect((await second).text).toBe('{"tests":[2]}')
  })

  test('are no refusals, and of no other operation', async () => {
    const { gateway, arrived, answer } = await startShared(cached)
    for (const [count, path] of [tests, tests, '/v7/agents?aid=1101', '/v7/agents?aid=1101'].entries()) {
      const one = call(gateway, path)
      await arrived(count + 1)
      answer('{}', path === tests ? 404 : 200)
      await one
    }
  })

  test('are forgotten when the user changes anything, and so is a read that was under way', async () => {
    const { gateway, arrived, answer, waiting } = await startShared(cached)
    const old = call(gateway, tests)
    await arrived(1)
    const [oldAnswer] = waiting.splice(0)
    const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }
    const change = call(gateway, '/v7/tests/http-server?aid=1101', post)
    await arrived(2)
    answer('{}', 201)
    await change
    const after = call(gateway, tests)
    await arrived(3)
    oldAnswer?.writeHead(200, { 'content-type': 'application/json' }).end('{"tests":["old"]}')
    expect((await old).text).toBe('{"tests":["old"]}')
    answer('{"tests":["new"]}')
    expect((await after).text).toBe('{"tests":["new"]}')
    expect((await call(gateway, tests)).text).toBe('{"tests":["new"]}')
  })
})

test('answers that are held are counted with their keys, which callers make as long as they like', () => {
  const held = heldAnswers(100_000)
  const answer = { status: 200, headers: {}, body: '{}' }
  const key = (round: number): string => `${'k'.repeat(8_000)}${round}`
  for (let round = 0; round < 20; round += 1) held.keep(key(round), answer, { holder: 'one', until: 2 })
  expect(held.find(key(0), 1)).toBeUndefined()
  expect(held.find(key(19), 1)).toBe(answer)
  held.forget('one')
  for (let round = 0; round < 5; round += 1) held.keep(key(round), answer, { holder: 'one', until: 2 })
  for (let round = 0; round < 5; round += 1) expect(held.find(key(round), 1)).toBe(answer)
})
