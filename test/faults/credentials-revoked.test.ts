import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { brokerGround, clientGround, linkedClient, regionsAt } from './broker-ground.ts'
import { emailOf, startCountingUpstream, userTokenOf } from './counting-upstream.ts'
import type { Client } from './load/client.ts'
import type { NodeProcess } from './node-process.ts'
import { inTurn, startNodes } from './redis-ground.ts'
import { patienceMs, rounds } from './scale.ts'
import { expectSound } from './sqlite-ground.ts'

const users = rounds(120, 16)
const budget = rounds(40, 6)
const kills = rounds(5, 2)

/** Everybody calls, again and again, until it is over. @returns what they were answered, by status */
async function callOn(clients: readonly Client[], isOver: () => boolean): Promise<Map<number, number>> {
  const statuses = new Map<number, number>()
  const one = async (client: Client): Promise<void> => {
    while (!isOver()) {
      const { status } = await client.call()
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      await pause(100)
    }
  }
  await Promise.all(clients.map(one))
  return statuses
}

test(
  'R27, R28: all credentials revoked at once, and nodes killed meanwhile: no more answers of 401 than the budget has, then no question at all',
  async () => {
    const upstream = await startCountingUpstream()
    const ground = brokerGround({
      keys: 'a',
      upstream: [regionsAt(upstream.origin), `unauthorizedPerHour: ${budget}`, 'budgetWait: 1s'],
    })
    const nodes = await startNodes(ground, 2)
    const [one] = nodes as readonly [NodeProcess]
    const ofClients = clientGround(() => one.url)
    const clients: Client[] = []
    for (let number = 1; number <= users; number += 1)
      clients.push(await linkedClient(one, { ...ofClients, number, target: inTurn(nodes) }))
    let isOver = false
    const calling = callOn(clients, () => isOver)
    await pause(500)
    upstream.revoke()
    const revokedAt = performance.now()
    for (let kill = 0; kill < kills; kill += 1) {
      await pause(150)
      const node = nodes[kill % 2]
      await node?.kill()
      await node?.start()
    }
    // What a killed node held of the budget may still be asked for by the other one; then nobody asks any more.
    for (let reached = -1; upstream.answers.length > reached; await pause(rounds(5_000, 2_000)))
      reached = upstream.answers.length
    isOver = true
    const statuses = await calling
    // Each client hears what it is: its own token was refused, or nobody is asked now; cut connections have no answer.
    expect([...statuses.keys()].filter((status) => ![0, 200, 502, 503].includes(status))).toEqual([])
    expect(upstream.answers.filter(({ status }) => status === 401).length).toBeGreaterThan(0)
    // Connections are Panoptes' own, and live on.
    for (const client of clients) expect(await client.refresh()).toMatchObject({ status: 200 })
    await Promise.all(nodes.map((node) => node.kill()))
    // A credential that was refused is told by 502 without a time to come again, which the judge knows as wrong.
    const judged = ofClients.history.filter(
      ({ kind, status, doneAt }) => !(kind === 'call' && status === 502 && doneAt > revokedAt),
    )
    expectSound(ground.database, {
      history: judged,
      upstream: { answers: upstream.answers, budget },
      logs: nodes.map((node) => node.log()),
      secrets: clients.map(({ chain }) => userTokenOf(emailOf(chain))),
    })
  },
  patienceMs,
)
