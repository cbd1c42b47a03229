import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { brokenInvariants } from './judge/invariants.ts'
import { startLoad } from './load/load.ts'
import { startNode } from './node-process.ts'
import { redisOptions, redisProcess, untilNot503 } from './redis-ground.ts'
import { patienceMs, perSecond, rounds } from './scale.ts'

/** Half of the 300 ms of R15, each way. */
const latencyMs = 150

test(
  'R15, R16: Redis over a connection that loses replies, slows down, hangs, goes deaf or is refused, and is well again',
  async () => {
    const redis = await redisProcess()
    const proxy = await startFaultProxy(redis.port)
    const node = await startNode({ options: redisOptions(`redis://127.0.0.1:${proxy.port}`) })
    const load = await startLoad({ target: () => node.url, perSecond })
    const client = await load.connect()

    // R16. Whichever command of the refresh it was whose reply is lost: the refresh works, and counts once.
    for (let round = 0; round < rounds(40, 4); round += 1) {
      const lost = proxy.cutAfter(/evalsha/i)
      const asked = client.refresh()
      await lost
      const first = await asked
      if (first.status !== 200) expect(await untilNot503(client.refresh)).toBe(200)
      await pause(200)
    }

    // R15.
    await proxy.behave({ latencyMs })
    await pause(300)
    const from = performance.now()
    await pause(rounds(15_000, 2_500))
    const until = performance.now()
    await proxy.behave('pass')
    const during = load.history.filter(({ sentAt, doneAt }) => sentAt > from && doneAt < until)
    const waits = during.map(({ sentAt, doneAt }) => doneAt - sentAt).toSorted((one, other) => one - other)
    expect(waits[Math.floor(waits.length * 0.99)]).toBeLessThan(rounds(1_500, 3_000))
    expect(during.some(({ kind, status }) => kind === 'refresh' && status === 200)).toBe(true)

    for (const fault of ['hang', 'lose-replies', 'lose-requests', 'refuse'] as const) {
      await proxy.behave(fault)
      const begun = performance.now()
      const answer = await client.refresh()
      expect([fault, answer.status]).toEqual([fault, 503])
      expect(performance.now() - begun).toBeLessThan(5_000)
      await pause(rounds(3_000, 300))
      await proxy.behave('pass')
      expect(await untilNot503(client.refresh)).toBe(200)
    }
    await load.stop()
    await load.takeStock()
    expect(brokenInvariants({ history: load.history, logs: [node.log()] })).toEqual([])
  },
  patienceMs,
)
