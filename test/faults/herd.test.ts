import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Entry } from './judge/history.ts'
import type { Client } from './load/client.ts'
import { type Load, startLoad } from './load/load.ts'
import { startNode } from './node-process.ts'
import { patienceMs, rounds } from './scale.ts'
import { expectSound, sqliteGround } from './sqlite-ground.ts'

const members = rounds(1_000, 60)
const atOnce = 20
/** All at once they take longer than 2 s where other things run too; one by one, or in vain and again, they would take minutes. */
const longestMs = 20_000

async function manyClients(load: Load): Promise<readonly Client[]> {
  const clients: Client[] = []
  while (clients.length < members)
    clients.push(...(await Promise.all(Array.from({ length: atOnce }, load.connect))))
  return clients
}

/** What a client does once its access token has come to its end, at some moment of one second. */
async function wake(client: Client, at: number): Promise<readonly Entry[]> {
  await pause((1_000 * at) / members)
  return [await client.call(), await client.refresh(), await client.call()]
}

test(
  'R51: very many clients whose tokens end within one second all get their next ones, without an error',
  async () => {
    const { options, database } = sqliteGround()
    const node = await startNode({ options })
    const load = await startLoad({ target: () => node.url, perSecond: 1, connections: 1 })
    await load.stop()
    const herd = await manyClients(load)
    const ended = new Set([...herd, ...load.living()].map((client) => client.accessToken()))
    const moved = await fetch(`${node.url}/emulator/clock/advance`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by: '301s' }),
    })
    expect(moved.status).toBe(200)
    const seen = await Promise.all(herd.map(wake))
    for (const steps of seen) expect(steps.map(({ status }) => status)).toEqual([401, 200, 200])
    const waits = seen.flat().map(({ sentAt, doneAt }) => doneAt - sentAt)
    expect(Math.max(...waits)).toBeLessThan(longestMs)
    await load.takeStock()
    await node.kill()
    // The judge knows no clock: that these tokens had ended is said above.
    const history = load.history.filter(({ kind, token }) => kind !== 'call' || !ended.has(token))
    expectSound(database, { history, logs: [node.log()] })
  },
  patienceMs,
)
