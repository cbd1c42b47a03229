import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { brokenInvariants } from './judge/invariants.ts'
import { startLoad } from './load/load.ts'
import { startNode } from './node-process.ts'
import { type RedisProcess, redisOptions, redisProcess, untilNot503, untilReady } from './redis-ground.ts'
import { patienceMs, perSecond, rounds } from './scale.ts'

const recoveryMs = 10_000

/** A primary and its replica, and one address that leads to whoever is primary, as a Sentinel or a virtual address does. */
interface Pair {
  readonly primary: RedisProcess
  readonly replica: RedisProcess
  readonly address: FaultProxy
  /** Between primary and replica. */
  readonly link: FaultProxy
}

async function pair(): Promise<Pair> {
  const [primary, replica] = [await redisProcess(), await redisProcess()]
  const [link, address] = [await startFaultProxy(primary.port), await startFaultProxy(primary.port)]
  await replica.client.replicaof('127.0.0.1', link.port)
  await untilCaughtUp({ primary, replica })
  return { primary, replica, address, link }
}

async function untilCaughtUp({ primary, replica }: Pick<Pair, 'primary' | 'replica'>): Promise<void> {
  for (;;) {
    const info = await replica.client.info('replication')
    const [, , offset] = (await primary.client.role()) as [string, number, unknown]
    if (info.includes('master_link_status:up') && (offset as unknown[]).length > 0) return
    await pause(50)
  }
}

describe('another Redis in place of the one before', () => {
  test(
    'R17: one that starts empty refuses every token there was, and brings nothing back that was revoked',
    async () => {
      const redis = await redisProcess()
      const node = await startNode({ options: redisOptions(`redis://127.0.0.1:${redis.port}`) })
      const load = await startLoad({ target: () => node.url, perSecond })
      await pause(1_500)
      await load.stop()
      const [living, revoked] = [load.living(), load.revoked()]
      expect(brokenInvariants({ history: load.history })).toEqual([])
      await redis.kill()
      redis.empty()
      await redis.start()
      for (const client of [...living, ...revoked]) {
        expect(await untilNot503(client.call)).toBe(401)
        expect(await untilNot503(client.refresh)).toBe(400)
      }
      // The seed is there again, and with it the users.
      expect(await untilReady(node)).toBeLessThan(recoveryMs)
      const after = await startLoad({ target: () => node.url, perSecond })
      await pause(500)
      await after.stop()
      await after.takeStock()
      expect(brokenInvariants({ history: after.history, logs: [node.log()] })).toEqual([])
      for (const client of revoked) expect(await client.call()).toMatchObject({ status: 401 })
    },
    patienceMs,
  )

  test(
    'R18: a fail-over loses no revocation and no refresh that was answered, where replicas have to acknowledge',
    async () => {
      const { primary, replica, address, link } = await pair()
      const node = await startNode({
        options: redisOptions(`redis://127.0.0.1:${address.port}`, ['replicas: 1']),
      })
      const load = await startLoad({ target: () => node.url, perSecond })
      const [kept, lost] = [await load.connect(), await load.connect()]
      await pause(1_000)
      expect(await untilNot503(kept.revoke)).toBe(200)
      // The replica hears nothing any more, and nobody knows it yet.
      await link.behave('lose-replies')
      expect(await lost.revoke()).toMatchObject({ status: 503 })
      await pause(1_000)
      await primary.kill()
      await replica.client.replicaof('NO', 'ONE')
      const next = await redisProcess()
      await next.client.replicaof('127.0.0.1', replica.port)
      await untilCaughtUp({ primary: replica, replica: next })
      address.turnTo(replica.port)
      expect(await untilReady(node)).toBeLessThan(recoveryMs)
      expect(await untilNot503(kept.call)).toBe(401)
      expect(await untilNot503(lost.revoke)).toBe(200)
      expect(await lost.call()).toMatchObject({ status: 401 })
      await pause(1_000)
      await load.stop()
      await load.takeStock()
      expect(brokenInvariants({ history: load.history, logs: [node.log()] })).toEqual([])
    },
    patienceMs,
  )

  test(
    'R19: one that becomes read-only answers 503 at most, and the next primary is used once it is there',
    async () => {
      const { primary, replica, address } = await pair()
      const node = await startNode({ options: redisOptions(`redis://127.0.0.1:${address.port}`) })
      const load = await startLoad({ target: () => node.url, perSecond })
      for (let round = 0; round < rounds(4, 1); round += 1) {
        const [from, to] = round % 2 === 0 ? [primary, replica] : [replica, primary]
        await pause(1_000)
        await untilCaughtUp({ primary: from, replica: to })
        // As FAILOVER does it: nothing is written while the replica catches up.
        await from.client.call('CLIENT', 'PAUSE', '10000', 'WRITE')
        await pause(200)
        await to.client.replicaof('NO', 'ONE')
        await from.client.replicaof('127.0.0.1', to.port)
        await from.client.call('CLIENT', 'UNPAUSE')
        await pause(1_000)
        expect(await node.readiness()).toBe(503)
        address.turnTo(to.port)
        expect(await untilReady(node)).toBeLessThan(recoveryMs)
      }
      await pause(1_000)
      await load.stop()
      await load.takeStock()
      expect(brokenInvariants({ history: load.history, logs: [node.log()] })).toEqual([])
    },
    patienceMs,
  )
})
