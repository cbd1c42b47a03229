import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { brokenInvariants } from './judge/invariants.ts'
import { cloud } from './load/client.ts'
import { startLoad } from './load/load.ts'
import { type NodeProcess, startNode } from './node-process.ts'
import { inTurn, startNodes } from './redis-ground.ts'
import { patienceMs, perSecond, rounds } from './scale.ts'
import { freshFolder, sqliteGround } from './sqlite-ground.ts'
import { movableClock } from './tools.ts'

const hour = 3_600

test(
  'R41: the clock an hour forward ends access tokens and no connection, and back again brings nothing back that had expired',
  async ({ skip }) => {
    const folder = freshFolder()
    const clock = movableClock(folder)
    if (typeof clock === 'string') return skip(clock)
    const { environment, step } = clock
    const node = await startNode({ options: sqliteGround(folder).options, environment })
    const load = await startLoad({ target: () => node.url, perSecond: 1 })
    await load.stop()
    expect(brokenInvariants({ history: load.history })).toEqual([])
    const [idle, busy] = [load.living().slice(0, 4), load.living().slice(4)]
    for (let round = 0; round < rounds(5, 1); round += 1) {
      step(hour * (round + 1))
      for (const client of idle) expect(await client.call()).toMatchObject({ status: 401 })
      for (const client of busy) {
        expect(await client.call()).toMatchObject({ status: 401 })
        expect(await client.refresh()).toMatchObject({ status: 200 })
        expect(await client.call()).toMatchObject({ status: 200 })
      }
      step(hour * round)
      for (const client of idle) expect(await client.call()).toMatchObject({ status: 401 })
      for (const client of busy) {
        expect(await client.call()).toMatchObject({ status: 200 })
        expect(await client.refresh()).toMatchObject({ status: 200 })
      }
      expect(node.log().split('"event":"clock-stepped-back"')).toHaveLength(round + 2)
      step(hour * (round + 1))
      await busy[0]?.call()
    }
  },
  patienceMs,
)

async function lifetimeAt(node: NodeProcess, refreshToken: string): Promise<number> {
  const form = new URLSearchParams({ ...cloud, grant_type: 'refresh_token', refresh_token: refreshToken })
  const answer = await fetch(`${node.url}/v7/oauth2/token`, { method: 'POST', body: form })
  return ((await answer.json()) as { expires_in: number }).expires_in
}

test(
  'R42: two nodes half a minute apart accept what the other issued, and say true lifetimes',
  async () => {
    const [one, other] = (await startNodes({ options: sqliteGround().options }, 2)) as [
      NodeProcess,
      NodeProcess,
    ]
    const moved = await fetch(`${other.url}/emulator/clock/advance`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by: '30s' }),
    })
    expect(moved.status).toBe(200)
    const load = await startLoad({ target: inTurn([one, other]), perSecond })
    // Of the cloud, both; those of the load come and go, and are devices too.
    const [first, second] = [await load.connect(), await load.connect()]
    await pause(rounds(20_000, 2_500))
    await load.stop()
    await load.takeStock()
    expect(brokenInvariants({ history: load.history, logs: [one.log(), other.log()] })).toEqual([])
    expect(await lifetimeAt(one, first.refreshToken())).toBe(300)
    expect(await lifetimeAt(other, second.refreshToken())).toBe(300)
  },
  patienceMs,
)
