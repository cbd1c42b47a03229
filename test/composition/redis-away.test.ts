import { setTimeout as pause } from 'node:timers/promises'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { keptOnDisk } from '../authorization-server/kept-on-disk.ts'
import {
  authorize,
  connectMeraki,
  expectRefusal,
  merakiSecret,
  paths,
  pollFields,
  post,
  refresh,
  sdWan,
  sdWanScope,
  signedIn,
  type Tokens,
  v7Status,
} from '../authorization-server/protocol.ts'
import { startBroker } from '../support/broker.ts'
import { ownRedis, plainClient } from '../support/own-redis.ts'
import type { RunningPanoptes } from '../support/panoptes.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { nodeOn, nodesOn, readiness, untilAllReady, untilReadiness } from './redis-ground.ts'

const eventsOf = ({ log }: RunningPanoptes): readonly string[] =>
  log
    .flatMap((entry) => ('event' in entry ? [String(entry.event)] : []))
    .filter((event) => /^store-/.test(event))

/** What clients ask of the authorization server and the gateway. */
const clientRequests = (node: RunningPanoptes, tokens: Tokens): readonly request.Test[] => [
  refresh(node, tokens.refresh_token),
  post(node, paths.revoke, { ...merakiSecret, token: tokens.refresh_token }),
  post(node, paths.token, pollFields('A'.repeat(43))),
  post(node, paths.device, { ...sdWan, scope: sdWanScope }),
  authorize(node),
  request(node.url).get('/v7/account-groups').set('Authorization', `Bearer ${tokens.access_token}`),
  request(node.url).get('/v7/tests').set('Authorization', 'Bearer 11111111-2222-4333-8444-555555555555'),
]

describe('nodes that start while nothing listens where their Redis is', () => {
  test('live, say what they wait for, and answer 503 at once', async () => {
    const redis = await ownRedis()
    const keys = keptOnDisk()
    const before = await nodeOn(redis.url.href, { keys })
    const tokens = await connectMeraki(before, await signedIn(before))
    await before.stop()
    await redis.kill()
    const node = await nodeOn(redis.url.href, { keys })
    expect((await request(node.operatorUrl).get('/health/live')).status).toBe(200)
    const ready = await readiness(node)
    expect(ready.status).toBe(503)
    const reason = `Redis at ${redis.url.host} does not answer: not connected (connect ECONNREFUSED ${redis.url.host})`
    expect(ready.body).toEqual({ status: 'store unavailable', reason })
    expect(node.log).toContainEqual(expect.objectContaining({ event: 'store-unavailable', reason }))
    const soonest: number[] = []
    for (let round = 0; round < 5; round += 1)
      for (const [kind, asked] of clientRequests(node, tokens).entries()) {
        const begun = performance.now()
        const answer = await asked
        soonest[kind] = Math.min(soonest[kind] ?? Number.POSITIVE_INFINITY, performance.now() - begun)
        expect([answer.status, Number(answer.headers['retry-after']) > 0], answer.text.slice(0, 200)).toEqual(
          [503, true],
        )
      }
    // Nothing is waited for: each kind takes some ms, though the machine may be busy with other tests now and then.
    expect(Math.max(...soonest)).toBeLessThan(50)
    expect(eventsOf(node)).toEqual(['store-unavailable'])
  })

  test('get ready by themselves once it is there, with the seed written once', async () => {
    const redis = await ownRedis()
    await redis.kill()
    const nodes = await nodesOn(redis.url.href, { count: 3 })
    await pause(700)
    await redis.restart()
    expect(Math.max(...(await untilAllReady(nodes)))).toBeLessThan(4_000)
    const [one, other] = nodes as [RunningPanoptes, RunningPanoptes]
    const tokens = await connectMeraki(one, await signedIn(one))
    expect(await v7Status(other, tokens.access_token)).toBe(200)
    await signedIn(other)
    for (const node of nodes) expect(eventsOf(node)).toEqual(['store-unavailable', 'store-answers'])
  })
})

test('a broker starts without its Redis too, and gets ready by itself', async () => {
  const redis = await ownRedis()
  await redis.kill()
  await using broker = await startBroker({ configuration: `store: ${redis.url.href}` })
  expect((await request(broker.operatorUrl).get('/health/live')).status).toBe(200)
  expect((await readiness(broker)).status).toBe(503)
  expect((await authorize(broker)).status).toBe(503)
  await redis.restart()
  await untilReadiness(broker, 200)
  // It knows no such redirect URI, which it could not say before.
  expect((await authorize(broker)).status).toBe(400)
})

describe('a Redis that is there and may not be used', () => {
  test('ends the start when its records are of another version', async () => {
    const redis = await ownRedis()
    const plain = plainClient(redis)
    await plain.set('{panoptes}:head', '99 birth 0')
    await expect(nodesOn(redis.url.href, { count: 1 })).rejects.toThrow(
      `Redis at ${redis.url.host} cannot be used: its schema version is 99; this Panoptes supports 2`,
    )
  })

  test('is waited for when it drops records to make room, and used when that was mended', async () => {
    const redis = await ownRedis()
    const plain = plainClient(redis)
    await plain.config('SET', 'maxmemory-policy', 'allkeys-lru')
    const node = await nodeOn(redis.url.href)
    expect((await readiness(node)).body).toMatchObject({
      reason: expect.stringContaining('its maxmemory-policy is allkeys-lru; allowed is noeviction'),
    })
    await plain.config('SET', 'maxmemory-policy', 'noeviction')
    await untilReadiness(node, 200)
    await signedIn(node)
  })

  test('is waited for when it is a replica', async () => {
    const redis = await ownRedis()
    const primary = await ownRedis()
    const plain = plainClient(redis)
    await plain.call('REPLICAOF', '127.0.0.1', `${primary.port}`)
    const node = await nodeOn(redis.url.href)
    expect((await readiness(node)).body).toMatchObject({
      reason: expect.stringContaining('it is a replica; allowed is the primary'),
    })
    await plain.call('REPLICAOF', 'NO', 'ONE')
    await untilReadiness(node, 200)
    await signedIn(node)
  })
})

describe('a Redis that comes back empty', () => {
  test.each([
    ['after a restart', (redis: RedisServer) => redis.restart()],
    [
      'after FLUSHALL',
      async (redis: RedisServer) => {
        const plain = plainClient(redis)
        await plain.flushall()
      },
    ],
  ])(
    '%s gets the seed again: tokens are dead, people sign in, no node shows what is gone',
    async (_, empty) => {
      const redis = await ownRedis()
      const nodes = await nodesOn(redis.url.href, { count: 2 })
      const [one, other] = nodes as [RunningPanoptes, RunningPanoptes]
      const [kept, revoked] = await Promise.all([
        signedIn(one).then((person) => connectMeraki(one, person)),
        signedIn(other).then((person) => connectMeraki(other, person)),
      ])
      await post(one, paths.revoke, { ...merakiSecret, token: revoked.refresh_token })
      const admin = 'Bearer f537f4ac-2921-3199-bbab-d5a43f1c2b60'
      const made = await request(one.url)
        .post('/v7/tags')
        .set('Authorization', admin)
        .send({ key: 'made', value: 'before', objectType: 'test' })
      expect(made.status, made.text).toBe(201)
      await empty(redis)
      await untilAllReady(nodes)
      for (const node of nodes) {
        for (const tokens of [kept, revoked]) {
          expect(await v7Status(node, tokens.access_token)).toBe(401)
          expectRefusal(await refresh(node, tokens.refresh_token), 'invalid_grant')
        }
        const again = await connectMeraki(node, await signedIn(node))
        expect(await v7Status(node, again.access_token)).toBe(200)
        const tags = await request(node.url).get('/v7/tags').set('Authorization', admin)
        expect(tags.status, tags.text).toBe(200)
        expect(tags.text).not.toContain('before')
      }
    },
  )

  test('is never ready with nobody in it, whoever asks how often', async () => {
    const redis = await ownRedis()
    const node = await nodeOn(redis.url.href)
    const plain = plainClient(redis)
    for (let round = 0; round < 5; round += 1) {
      await plain.flushall()
      while ((await readiness(node)).status !== 200) await pause(1)
      expect(await plain.exists('{panoptes}:record:seeded-people')).toBe(1)
    }
  })
})
