import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { brokenInvariants } from './judge/invariants.ts'
import { startLoad } from './load/load.ts'
import type { NodeProcess } from './node-process.ts'
import { inTurn, redisOptions, redisProcess, startNodes } from './redis-ground.ts'
import { patienceMs, perSecond, rounds } from './scale.ts'

test(
  'A22: two nodes on Redis race on tokens and codes, and one that was frozen accepts nothing that was revoked meanwhile',
  async () => {
    const redis = await redisProcess()
    const options = redisOptions(`redis://127.0.0.1:${redis.port}`)
    const [one, other] = (await startNodes({ options }, 2)) as [NodeProcess, NodeProcess]
    const load = await startLoad({ target: inTurn([one, other]), perSecond })
    for (let round = 0; round < rounds(60, 8); round += 1) {
      const client = await load.connect()
      const answers = await Promise.all([one, other].map(({ url }) => client.rival(url).refresh()))
      expect(answers.map(({ status }) => status)).toEqual([200, 200])
      expect(await load.raceOnCode([one.url, other.url])).toBeLessThanOrEqual(1)
    }
    await load.stop()
    for (let round = 0; round < rounds(30, 2); round += 1) {
      const client = await load.connect()
      expect(await client.rival(other.url).call()).toMatchObject({ status: 200 })
      other.signal('SIGSTOP')
      expect(await client.rival(one.url).revoke()).toMatchObject({ status: 200 })
      const asked = [client.rival(other.url).call(), client.rival(other.url).refresh()]
      // Less than 200 ms is nothing that a node could notice (docs/many-nodes.md).
      await pause(250 + 300 * (round % 4))
      other.signal('SIGCONT')
      expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([401, 400])
    }
    await load.takeStock()
    expect(brokenInvariants({ history: load.history, logs: [one.log(), other.log()] })).toEqual([])
  },
  patienceMs,
)
