import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type Behaviour, json } from '../live/hostile-upstream.ts'
import { withRetryAfter } from './asking.ts'
import { badUpstreamGround, type TimedCall } from './bad-upstream-ground.ts'
import { serving } from './counting-upstream.ts'
import type { Client } from './load/client.ts'
import { pace } from './load/pace.ts'
import { patienceMs, rounds } from './scale.ts'

const write: RequestInit = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{"testName":"a","url":"https://www.company.example","interval":60,"agents":[{"agentId":"1"}]}',
}
const pathOfWrites = '/v7/tests/http-server?aid=1101'

interface Asked {
  readonly method: 'GET' | 'POST'
  readonly answer: TimedCall
}

/** Those that went as far as the upstream, as all that is ours has a code. */
const sentBy = (all: readonly Asked[], method: string): number =>
  all.filter((one) => one.method === method && one.answer.code === undefined).length

test(
  'R30: an upstream of which half the answers are 503 gets no call more than its clients make, and no write twice',
  async () => {
    const ground = await badUpstreamGround()
    const { upstream, ask } = ground
    const clients = await ground.connectMany(4)
    for (const client of clients) expect((await ask(client)).status).toBe(200)
    const before = upstream.answers.length
    const unavailable = json('{}', 503)
    let answers = 0
    upstream.behave((...exchange) => {
      answers += 1
      const behaviour = answers % 2 === 0 ? serving : unavailable
      behaviour(...exchange)
    })
    const asked: Asked[] = []
    const calling = pace(rounds(60, 30), async (sent) => {
      const method = sent % 5 === 0 ? 'POST' : 'GET'
      const client = clients[sent % clients.length] as Client
      const answer = await (method === 'POST' ? ask(client, pathOfWrites, write) : ask(client))
      asked.push({ method, answer })
    })
    await pause(rounds(30_000, 4_000))
    await calling.stop()
    const statuses = new Set(asked.map(({ answer }) => answer.status))
    expect([...statuses].toSorted()).toEqual([200, 503])
    for (const { answer } of asked) if (answer.status === 503) expect(answer).toMatchObject(withRetryAfter)
    const arrived = upstream.answers.slice(before)
    // Less than the fifth more that R30 allows: none at all.
    for (const method of ['GET', 'POST'])
      expect([method, arrived.filter((one) => one.method === method).length]).toEqual([
        method,
        sentBy(asked, method),
      ])
    expect(sentBy(asked, 'POST')).toBeGreaterThan(5)
    await ground.finish()
  },
  patienceMs,
)

/** Each is a call whose answer nobody heard, of which the budget of 401 has a hundred in an hour. */
const mostClosed = rounds(70, 24)

/** Closes connections that were used before, at random, when the next request has come on them. @param closed told of each */
function closing(closed: (method: string) => void): Behaviour {
  const used = new WeakSet<object>()
  let count = 0
  return (request, response, socket) => {
    if (used.has(socket) && count < mostClosed && Math.random() < 0.5) {
      count += 1
      closed(request.method ?? '')
      socket.destroy()
      return
    }
    used.add(socket)
    serving(request, response, socket)
  }
}

test(
  'R34: kept connections that close at random are nothing that a read notices, and a write is sent once and told of',
  async () => {
    const ground = await badUpstreamGround()
    const { upstream, ask } = ground
    const clients = await ground.connectMany(3)
    for (const client of clients) expect((await ask(client)).status).toBe(200)
    const before = upstream.answers.length
    const closed: string[] = []
    upstream.behave(closing((method) => void closed.push(method)))
    const [reads, writes]: TimedCall[][] = [[], []]
    let read = 0
    const one = async (client: Client): Promise<void> => {
      for (let turn = 0; closed.length < mostClosed; turn += 1) {
        read += 1
        reads?.push(await ask(client, `/v7/tests/http-server/${read}?aid=1101`))
        if (turn % 2 === 0) writes?.push(await ask(client, pathOfWrites, write))
        // Those that nothing is asked on close as well, and are not used any more.
        if (Math.random() < 0.1) upstream.closeIdle()
      }
    }
    await Promise.all(clients.map(one))
    const arrived = upstream.answers.slice(before)
    expect(new Set(reads?.map(({ status }) => status))).toEqual(new Set([200]))
    const timesOf = Map.groupBy(
      arrived.filter(({ method }) => method === 'GET'),
      ({ target }) => target,
    )
    const firstOn = new Map<number, unknown>()
    for (const each of arrived) if (!firstOn.has(each.connection)) firstOn.set(each.connection, each)
    for (const times of timesOf.values()) {
      expect(times.length).toBeLessThanOrEqual(2)
      // The second time it is the first request of its connection.
      if (times[1]) expect(firstOn.get(times[1].connection)).toBe(times[1])
    }
    expect([...timesOf.values()].filter(({ length }) => length === 2).length).toBeGreaterThan(3)
    const broken = writes?.filter(({ status }) => status !== 200) ?? []
    for (const answer of broken) expect(answer).toMatchObject({ status: 502, code: 'upstream_broken' })
    const closedWrites = closed.filter((method) => method === 'POST').length
    expect(closedWrites).toBeGreaterThan(0)
    // One that was sent on a connection which closed by itself just then may never have arrived.
    expect(broken.length).toBeGreaterThanOrEqual(closedWrites)
    const arrivedWrites = arrived.filter(({ method }) => method === 'POST').length
    expect(arrivedWrites).toBeLessThanOrEqual(writes?.length ?? 0)
    expect(arrivedWrites).toBeGreaterThanOrEqual((writes?.length ?? 0) - broken.length + closedWrites)
    await ground.finish()
  },
  patienceMs,
)
