import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startLoad } from './load/load.ts'
import { startNode } from './node-process.ts'
import { untilNot503 } from './redis-ground.ts'
import { patienceMs, perSecond, rounds } from './scale.ts'
import { expectSound, sqliteGround } from './sqlite-ground.ts'

/** R01 asks for 3 seconds on a machine that does nothing else. */
const readyMs = 20_000

test(
  'R01 to R03: SQLite and kill -9 under load, right after an answered revocation: nothing that was acknowledged is lost, nothing revoked comes back',
  async () => {
    const { options, database } = sqliteGround()
    const node = await startNode({ options })
    const load = await startLoad({ target: () => node.url, perSecond })
    for (let round = 0; round < rounds(30, 3); round += 1) {
      const leaver = await load.connect()
      await pause(randomInt(50, 700))
      expect(await untilNot503(leaver.revoke)).toBe(200)
      await node.kill()
      expect(await node.start()).toBeLessThan(readyMs)
      expect(await untilNot503(leaver.call)).toBe(401)
      expect(await untilNot503(leaver.refresh)).toBe(400)
    }
    await load.stop()
    await load.takeStock()
    await node.kill()
    expectSound(database, { history: load.history, logs: [node.log()] })
    const answered = (kind: string): number =>
      load.history.filter((entry) => entry.kind === kind && entry.status === 200).length
    for (const kind of ['call', 'refresh', 'exchange', 'poll', 'revoke'])
      expect(answered(kind)).toBeGreaterThan(0)
    expect(load.history.some(({ status }) => status === 0)).toBe(true)
  },
  patienceMs,
)
