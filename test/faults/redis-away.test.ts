import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import type { Entry } from './judge/history.ts'
import { brokenInvariants, type Resources } from './judge/invariants.ts'
import { onPremises } from './load/client.ts'
import { fillJournal } from './load/fill-journal.ts'
import { type Load, startLoad } from './load/load.ts'
import { type NodeProcess, startNode } from './node-process.ts'
import { type RedisProcess, redisOptions, redisProcess, untilReady } from './redis-ground.ts'
import { patienceMs, perSecond, rounds } from './scale.ts'

/** A command has a second, and a request some commands, but never one after the other once the first has failed. */
const longestMs = 5_000
/** R13 asks for 2 seconds on a machine that does nothing else. */
const recoveryMs = 10_000

interface Ground {
  readonly redis: RedisProcess
  readonly node: NodeProcess
  readonly load: Load
}

async function underLoad(): Promise<Ground> {
  const redis = await redisProcess()
  const options = redisOptions(`redis://127.0.0.1:${redis.port}`)
  const node = await startNode({ options, isInspected: true })
  const load = await startLoad({ target: () => node.url, perSecond })
  await fillJournal(load)
  return { redis, node, load }
}

/** Without a store nothing can be changed, whatever is said about it. */
function expectHonest({ load }: Ground, from: number, until: number): void {
  const during: readonly Entry[] = load.history.filter(
    ({ sentAt, doneAt }) => sentAt > from && doneAt < until,
  )
  const living = new Set(load.living().map(({ chain }) => chain))
  expect(during.length).toBeGreaterThan(20)
  expect(during.filter(({ kind, status }) => kind !== 'call' && status === 200)).toEqual([])
  expect(during.filter(({ chain, status }) => living.has(chain) && status !== 200 && status !== 503)).toEqual(
    [],
  )
  expect(during.some(({ status }) => status === 503)).toBe(true)
  expect(Math.max(...during.map(({ sentAt, doneAt }) => doneAt - sentAt))).toBeLessThan(longestMs)
}

async function expectWell({ node, load }: Ground, before: Resources): Promise<void> {
  const pid = node.pid()
  await pause(1_000)
  await load.stop()
  await load.takeStock()
  await pause(1_000)
  const resources = [{ before, after: await node.resources() }]
  expect(node.pid()).toBe(pid)
  expect(brokenInvariants({ history: load.history, logs: [node.log()], resources })).toEqual([])
}

describe('Redis is away', () => {
  test(
    'R12: from the start: the process lives, says that it is not ready, answers 503 at once, and is ready when Redis comes',
    async () => {
      const [redisPort, port, operatorPort] = [await freePort(), await freePort(), await freePort()]
      const options = redisOptions(`redis://127.0.0.1:${redisPort}`)
      // The ready line comes with Redis.
      const starting = startNode({ options, port, operatorPort })
      const health = (what: string): Promise<number> =>
        fetch(`http://127.0.0.1:${operatorPort}/health/${what}`).then(
          ({ status }) => status,
          () => 0,
        )
      while ((await health('live')) === 0) await pause(20)
      expect([await health('live'), await health('ready')]).toEqual([200, 503])
      const token = 'abcdefghijklmnop.0123456789012345678901234567890123456789012'
      const asked: readonly (readonly [string, RequestInit])[] = [
        ['/v7/account-groups', { headers: { authorization: `Bearer ${token}` } }],
        [
          '/v7/oauth2/device/authorization',
          { method: 'POST', body: new URLSearchParams({ ...onPremises, scope: 'organization:read' }) },
        ],
      ]
      for (const [path, init] of asked) {
        const begun = performance.now()
        const answer = await fetch(`http://127.0.0.1:${port}${path}`, init)
        expect([path, answer.status]).toEqual([path, 503])
        expect(answer.headers.get('retry-after')).not.toBeNull()
        expect(performance.now() - begun).toBeLessThan(1_000)
      }
      await redisProcess(redisPort)
      const node = await starting
      expect(await untilReady(node)).toBeLessThan(recoveryMs)
      const load = await startLoad({ target: () => node.url, perSecond })
      await pause(500)
      await load.stop()
      await load.takeStock()
      expect(brokenInvariants({ history: load.history, logs: [node.log()] })).toEqual([])
    },
    patienceMs,
  )

  test(
    'R13: killed and back after a while: nothing but 503 meanwhile, and what was acknowledged is there',
    async () => {
      const ground = await underLoad()
      const { redis, node } = ground
      await pause(rounds(10_000, 1_500))
      const before = await node.resources()
      await redis.kill()
      await pause(100) // what was under way may still be answered
      const from = performance.now()
      await pause(rounds(20_000, 2_500))
      expect(await node.readiness()).toBe(503)
      const until = performance.now()
      await redis.start()
      expect(await untilReady(node)).toBeLessThan(recoveryMs)
      expectHonest(ground, from, until)
      await expectWell(ground, before)
    },
    patienceMs,
  )

  test(
    'R14: frozen: every request ends in bounded time with 503, and nothing is done late',
    async () => {
      const ground = await underLoad()
      const { redis, node } = ground
      await pause(rounds(10_000, 1_500))
      const before = await node.resources()
      redis.freeze()
      await pause(100)
      const from = performance.now()
      await pause(rounds(30_000, 3_000))
      const until = performance.now()
      redis.thaw()
      expect(await untilReady(node)).toBeLessThan(recoveryMs)
      expectHonest(ground, from, until)
      await expectWell(ground, before)
    },
    patienceMs,
  )
})
