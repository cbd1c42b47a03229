import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { brokenInvariants } from './judge/invariants.ts'
import { startLoad } from './load/load.ts'
import { type NodeProcess, startNode } from './node-process.ts'
import { redisOptions, redisProcess } from './redis-ground.ts'
import { patienceMs, perSecond } from './scale.ts'

const readinessOf = async (node: NodeProcess): Promise<string> =>
  (await fetch(`${node.operatorUrl()}/health/ready`)).text()

async function untilReadiness(node: NodeProcess, words: string): Promise<void> {
  while (!(await readinessOf(node)).includes(words)) await pause(50)
}

describe('a Redis that cannot keep what it is told', () => {
  test(
    'R20: without memory it answers changes with 503 and reads as before; one that may drop records is not used at all',
    async () => {
      const redis = await redisProcess()
      const node = await startNode({ options: redisOptions(`redis://127.0.0.1:${redis.port}`) })
      const load = await startLoad({ target: () => node.url, perSecond })
      const leaver = await load.connect()
      await pause(1_000)
      await redis.client.config('SET', 'maxmemory', '1mb')
      await pause(100)
      const from = performance.now()
      const left = await leaver.revoke()
      expect(await leaver.call()).toMatchObject({ status: left.status === 200 ? 401 : 200 })
      await pause(3_000)
      const until = performance.now()
      await redis.client.config('SET', 'maxmemory', '0')
      const during = load.history.filter(({ sentAt, doneAt }) => sentAt > from && doneAt < until)
      const writes = during.filter(({ kind }) => kind === 'refresh' || kind === 'exchange')
      expect(writes.some(({ status }) => status === 503)).toBe(true)
      expect(writes.filter(({ status }) => status === 200)).toEqual([])
      const calls = during.filter(({ kind }) => kind === 'call')
      expect(calls.filter(({ status }) => status !== 200 && status !== 401)).toEqual([])

      await redis.client.config('SET', 'maxmemory-policy', 'allkeys-lru')
      await untilReadiness(node, 'its maxmemory-policy is allkeys-lru; allowed is noeviction')
      await redis.client.config('SET', 'maxmemory-policy', 'noeviction')
      await untilReadiness(node, '"ready"')
      expect(await leaver.revoke()).toMatchObject({ status: 200 })
      await load.stop()
      await load.takeStock()
      expect(brokenInvariants({ history: load.history, logs: [node.log()] })).toEqual([])
    },
    patienceMs,
  )

  test(
    'R21: one that does not take our password any more is not ready, and no log has the password',
    async () => {
      const redis = await redisProcess()
      const secret = 'a-password-of-redis-that-nobody-may-read'
      await redis.client.call('ACL', 'SETUSER', 'node', 'on', `>${secret}`, '~*', '&*', '+@all')
      const node = await startNode({
        options: redisOptions(`redis://node:${secret}@127.0.0.1:${redis.port}`),
      })
      const load = await startLoad({ target: () => node.url, perSecond })
      await pause(500)
      await redis.client.call('ACL', 'SETUSER', 'node', 'resetpass', '>another')
      await redis.client.call('CLIENT', 'KILL', 'USER', 'node')
      await pause(2_000)
      expect(await node.readiness()).toBe(503)
      expect(await readinessOf(node)).not.toContain(secret)
      await redis.client.call('ACL', 'SETUSER', 'node', 'resetpass', `>${secret}`)
      await untilReadiness(node, '"ready"')
      await pause(500)
      await load.stop()
      await load.takeStock()
      expect(brokenInvariants({ history: load.history, logs: [node.log()], secrets: [secret] })).toEqual([])
    },
    patienceMs,
  )
})
