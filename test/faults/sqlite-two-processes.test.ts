import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startLoad } from './load/load.ts'
import { type NodeProcess, startInVain } from './node-process.ts'
import { inTurn, startNodes, untilNot503 } from './redis-ground.ts'
import { patienceMs, perSecond, rounds } from './scale.ts'
import { expectSound, sqliteGround } from './sqlite-ground.ts'

test(
  'R48, A22: a second start on the same port is refused, on another port both serve one file',
  async () => {
    const ground = sqliteGround()
    const [one, other] = (await startNodes({ options: ground.options }, 2)) as [NodeProcess, NodeProcess]
    const { port } = new URL(one.url)
    const { code, words } = await startInVain({
      options: [...ground.options, '--port', port, '--operator-port', '0'],
    })
    expect(code).toBe(1)
    expect(words).toMatch(new RegExp(`^panoptes: .*${port}.*\\n$`))

    const load = await startLoad({ target: inTurn([one, other]), perSecond })
    // Two processes race on one refresh token, and on one code: A22 with two processes.
    for (let round = 0; round < rounds(60, 10); round += 1) {
      const client = await load.connect()
      // Who does not get the lock in a second hears 503, and asks again.
      const raced = await Promise.all([one, other].map(({ url }) => untilNot503(client.rival(url).refresh)))
      expect(raced).toEqual([200, 200])
      expect(await load.raceOnCode([one.url, other.url])).toBeLessThanOrEqual(1)
    }
    // A frozen process knows nothing of what happened meanwhile, and must not act on what it knew.
    let honoured = 0
    for (let tries = 0; honoured < rounds(10, 2); tries += 1) {
      expect(tries, 'frozen within a commit again and again').toBeLessThan(50)
      const client = await load.connect()
      expect(await untilNot503(client.rival(other.url).call)).toBe(200)
      other.signal('SIGSTOP')
      const rival = client.rival(other.url)
      const asked = untilNot503(rival.refresh)
      const { status } = await client.rival(one.url).revoke()
      await pause(rounds(1_500, 300))
      other.signal('SIGCONT')
      if (status === 503) {
        // It was frozen within a commit, whose lock it held: nothing was acknowledged, so nothing has to be known (R08).
        await asked
        continue
      }
      expect(status).toBe(200)
      expect(await asked).toBe(400)
      expect(await untilNot503(rival.call)).toBe(401)
      honoured += 1
    }
    await load.stop()
    await load.takeStock()
    await Promise.all([one.kill(), other.kill()])
    expectSound(ground.database, { history: load.history, logs: [one.log(), other.log()] })
  },
  patienceMs,
)
