import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type Alternating, startAlternating } from './alternating.ts'
import { brokerGround, clientGround, linkedClient, regionsAt, relink } from './broker-ground.ts'
import { emailOf, startCountingUpstream, userTokenOf } from './counting-upstream.ts'
import { earlierVersion, withoutHistory } from './earlier-version.ts'
import type { Client } from './load/client.ts'
import type { NodeProcess } from './node-process.ts'
import { untilNot503 } from './redis-ground.ts'
import { patienceMs } from './scale.ts'
import { expectSound } from './sqlite-ground.ts'

const users = 12
const budget = 10

/** What each node answers to a call of the client, one after the other. */
async function called({ nodes }: Alternating, client: Client): Promise<readonly number[]> {
  const statuses: number[] = []
  for (const { url } of nodes) statuses.push(await untilNot503(client.rival(url).call))
  return statuses
}

test(
  'R36: two versions of a broker on one file lend what the other one sealed, and share the budget of answers 401',
  async ({ skip }) => {
    const missing = withoutHistory()
    if (missing) skip(missing)
    const upstream = await startCountingUpstream()
    const ground = brokerGround({
      keys: 'a',
      upstream: [regionsAt(upstream.origin), `unauthorizedPerHour: ${budget}`, 'budgetWait: 1s'],
    })
    const place = await startAlternating(ground, [earlierVersion(), undefined])
    const ofClients = clientGround(() => place.url)
    const clients: Client[] = []
    for (let number = 1; number <= users; number += 1) {
      const first = place.nodes[number % 2] as NodeProcess
      place.beginWith(first)
      const client = await linkedClient({ ...first, url: place.url }, { ...ofClients, number })
      expect(await called(place, client)).toEqual([200, 200])
      clients.push(client)
      if (number % 3 > 0) continue
      // The user gives another token, and the one of before opens nothing any more.
      const next = userTokenOf(emailOf(number), 1)
      await relink({ ...first, url: place.url }, { number }, next)
      upstream.revoke(userTokenOf(emailOf(number)))
      expect(await called(place, client)).toEqual([200, 200])
    }
    for (const client of clients) {
      expect(await client.refresh()).toMatchObject({ status: 200 })
      expect(await called(place, client)).toEqual([200, 200])
    }
    expect(upstream.answers.filter(({ status }) => status === 401)).toEqual([])

    upstream.revoke()
    const revokedAt = performance.now()
    for (let round = 0; round < 3; round += 1) {
      for (const client of clients) await Promise.all(place.nodes.map(({ url }) => client.rival(url).call()))
      await pause(500)
    }
    const refused = upstream.answers.filter(({ status }) => status === 401).length
    expect(refused).toBeGreaterThan(0)
    for (const client of clients) expect(await client.refresh()).toMatchObject({ status: 200 })
    await Promise.all(place.nodes.map((node) => node.kill()))
    // A credential that was refused is told by 502 without a time to come again, which the judge knows as wrong.
    const judged = ofClients.history.filter(
      ({ kind, status, doneAt }) => !(kind === 'call' && status === 502 && doneAt > revokedAt),
    )
    expectSound(ground.database, {
      history: judged,
      upstream: { answers: upstream.answers, budget },
      logs: place.nodes.map((node) => node.log()),
      secrets: clients.flatMap(({ chain }) => [0, 1].map((issue) => userTokenOf(emailOf(chain), issue))),
    })
  },
  patienceMs,
)
