import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { brokenInvariants } from './judge/invariants.ts'
import { startLoad } from './load/load.ts'
import { startNode } from './node-process.ts'
import { untilNot503 } from './redis-ground.ts'
import { sqliteGround } from './sqlite-ground.ts'

test('R02: who sends a refresh token again after kill -9 gets the successor whose answer was lost', async () => {
  const { options } = sqliteGround()
  const node = await startNode({ options })
  const load = await startLoad({ target: () => node.url, perSecond: 1 })
  await load.stop()
  const client = await load.connect()
  let lost = 0
  for (let round = 0; round < 30; round += 1) {
    const underWay = client.refresh()
    await pause(randomInt(0, 10))
    await node.kill()
    if ((await underWay).status !== 200) lost += 1
    await node.start()
    expect(await untilNot503(client.refresh)).toBe(200)
    expect(await untilNot503(client.call)).toBe(200)
  }
  expect(lost).toBeGreaterThan(0)
  expect(brokenInvariants({ history: load.history })).toEqual([])
}, 600_000)
