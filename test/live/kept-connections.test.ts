import { describe, expect, test } from 'vitest'
import { type Behaviour, json, startHostileUpstream } from './hostile-upstream.ts'
import { call, startLiveGateway } from './live-gateway.ts'

/** Answers the first request of a connection, and closes the connection under every later one without a byte. */
const onceEach = (): Behaviour => {
  const seen = new WeakSet<object>()
  return (request, response, socket) => {
    if (seen.has(socket)) return void socket.destroy()
    seen.add(socket)
    json('{"tests":[]}')(request, response, socket)
  }
}

const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"testName":"a"}' }
const tests = '/v7/tests/http-server?aid=1101'

describe('a kept connection that the upstream closed', () => {
  test('is no reason to fail for a GET: it is sent once more on a new one', async () => {
    await using upstream = await startHostileUpstream(onceEach())
    await using gateway = await startLiveGateway({ origin: upstream.origin })
    for (let round = 0; round < 3; round += 1)
      expect(await call(gateway)).toMatchObject({ status: 200, text: '{"tests":[]}' })
    // The second and the third found a connection that closed, and were sent twice.
    expect(upstream.arrived.map(({ connection }) => connection)).toEqual([1, 1, 2, 2, 3])
  })

  test('fails a write, which may have been done', async () => {
    await using upstream = await startHostileUpstream(onceEach())
    await using gateway = await startLiveGateway({ origin: upstream.origin })
    expect(await call(gateway, tests, post)).toMatchObject({ status: 200 })
    expect(await call(gateway, tests, post)).toMatchObject({ status: 502, code: 'upstream_broken' })
    expect(upstream.arrived).toHaveLength(2)
  })

  test('is not used at all when it was closed in time', async () => {
    await using upstream = await startHostileUpstream(json('{}'))
    await using gateway = await startLiveGateway({ origin: upstream.origin })
    expect(await call(gateway, tests, post)).toMatchObject({ status: 200 })
    upstream.cut()
    await expect.poll(() => upstream.connections.open).toBe(0)
    expect(await call(gateway, tests, post)).toMatchObject({ status: 200 })
    expect(upstream.connections.made).toBe(2)
  })
})

describe('a GET is sent once', () => {
  test('on a new connection that the upstream closes', async () => {
    await using upstream = await startHostileUpstream((_request, _response, socket) => void socket.destroy())
    await using gateway = await startLiveGateway({ origin: upstream.origin })
    expect(await call(gateway)).toMatchObject({ status: 502, code: 'upstream_broken' })
    expect(upstream.arrived).toHaveLength(1)
  })

  test('when the answer has begun before the connection closed', async () => {
    let answers = 0
    await using upstream = await startHostileUpstream((request, response, socket) => {
      answers += 1
      if (answers === 1) json('{}')(request, response, socket)
      else socket.end('HTTP/1.1 200 OK\r\ncontent-le')
    })
    await using gateway = await startLiveGateway({ origin: upstream.origin })
    await call(gateway)
    expect(await call(gateway)).toMatchObject({ status: 502, code: 'upstream_broken' })
    expect(upstream.arrived).toHaveLength(2)
  })

  test('and never a third time', async () => {
    let answers = 0
    await using upstream = await startHostileUpstream((request, response, socket) => {
      answers += 1
      if (answers === 1) json('{}')(request, response, socket)
      else socket.destroy()
    })
    await using gateway = await startLiveGateway({ origin: upstream.origin })
    await call(gateway)
    expect(await call(gateway)).toMatchObject({ status: 502, code: 'upstream_broken' })
    expect(upstream.arrived).toHaveLength(3)
  })

  test.each([500, 502, 503, 504, 429])('when the upstream says %i', async (status) => {
    await using upstream = await startHostileUpstream(
      json('{}', status, { 'x-organization-rate-limit-reset': '9' }),
    )
    await using gateway = await startLiveGateway({ origin: upstream.origin })
    for (let round = 0; round < 5; round += 1) expect((await call(gateway)).status).toBe(status)
    expect(upstream.arrived).toHaveLength(5)
  })
})
