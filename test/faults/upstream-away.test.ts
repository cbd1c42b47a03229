import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type Behaviour, silent } from '../live/hostile-upstream.ts'
import { askAtOnce, countsOf, slackMs, withRetryAfter } from './asking.ts'
import { badUpstreamGround, type TimedCall } from './bad-upstream-ground.ts'
import { numberIn } from './counting-upstream.ts'
import type { Client } from './load/client.ts'
import { patienceMs, rounds } from './scale.ts'

const resting = { ...withRetryAfter, code: 'upstream_resting' }

const longest = (answers: readonly TimedCall[]): number => Math.max(...answers.map(({ ms }) => ms))

test(
  'R22: an upstream that refuses connections is 502 at once, rests after failures in a row, is tried by one call, and is back by itself',
  async () => {
    const ground = await badUpstreamGround({ settings: ['breakerFailures: 4', 'breakerRest: 2s'] })
    const { upstream, ask } = ground
    const clients = await ground.connectMany(3)
    const [client] = clients as readonly [Client]
    for (const each of clients) expect((await ask(each)).status).toBe(200)
    for (let round = 0; round < rounds(5, 1); round += 1) {
      await upstream.leave()
      for (let failure = 0; failure < 4; failure += 1) {
        const answer = await ask(client)
        expect(answer).toMatchObject({ status: 502, code: 'upstream_unreachable' })
        expect(answer.ms).toBeLessThan(rounds(2_000, slackMs))
      }
      for (const each of clients) expect(await ask(each)).toMatchObject(resting)
      await pause(2_050)
      // Of all who come then one tries.
      const { '502 upstream_unreachable': tried = 0, ...others } = countsOf(
        await askAtOnce(ground, clients, 4),
      )
      expect([tried, others]).toEqual([1, { '503 upstream_resting': 11 }])
      await upstream.comeBack()
      expect(await ask(client)).toMatchObject(resting)
      await pause(2_050)
      for (let again = 0; again < 6; again += 1) expect((await ask(client)).status).toBe(200)
    }
    await ground.finish()
  },
  patienceMs,
)

test(
  'R23: an upstream that says nothing is 504 in time, has few calls under way, and neither holds up another region nor uses up its budget',
  async () => {
    const headersTimeoutMs = 2_000
    // A fifth of the budget of 100, while a region says nothing at all.
    const mostSilent = 20
    const regions = ['us1', 'us2'] as const
    const ground = await badUpstreamGround({
      settings: [`headersTimeout: ${headersTimeoutMs / 1_000}s`],
    })
    const { upstream } = ground
    const clients = await ground.connectMany(rounds(10, 4), regions)
    const well = await askAtOnce(ground, clients)
    expect(countsOf(well)).toEqual({ 200: clients.length })
    const before = upstream.answers.length
    upstream.behave(silent)
    const answers = await askAtOnce(ground, clients, 8)
    const sent = upstream.answers.length - before
    expect(sent).toBeGreaterThan(mostSilent / 2)
    expect(sent).toBeLessThanOrEqual(regions.length * mostSilent)
    const timedOut = answers.filter(({ status }) => status === 504)
    expect(timedOut).toHaveLength(sent)
    for (const { code, ms } of timedOut) {
      expect(code).toBe('upstream_timeout')
      expect(ms).toBeGreaterThan(headersTimeoutMs - 100)
    }
    expect(longest(answers)).toBeLessThan(headersTimeoutMs + slackMs)
    for (const { status, code, retryAfter } of answers.filter((answer) => answer.status !== 504)) {
      expect(['upstream_busy', 'upstream_resting']).toContain(code)
      expect([status, Number(retryAfter) > 0]).toEqual([503, true])
    }
    // Nobody is asked for a while, however many were under way, and that is no long while.
    const firstOfEach = [clients[0], clients.at(-1)] as readonly Client[]
    const waits = (await askAtOnce(ground, firstOfEach)).map(({ retryAfter }) => Number(retryAfter))
    expect(Math.max(...waits)).toBeLessThanOrEqual(10)
    expect(upstream.answers.length - before).toBe(sent)
    upstream.behave()
    await pause(Math.max(...waits) * 1_000 + 50)
    expect(countsOf(await askAtOnce(ground, firstOfEach))).toEqual({ 200: 2 })
    expect(countsOf(await askAtOnce(ground, clients))).toEqual({ 200: clients.length })
    await ground.finish()
  },
  patienceMs,
)

/** A byte a second. @param length what the head says the body has; chunks where it is left out */
const dripping =
  (length?: number): Behaviour =>
  (_request, response) => {
    const announced = length === undefined ? {} : { 'content-length': String(length) }
    response.writeHead(200, { 'content-type': 'application/json', ...announced })
    const drips = setInterval(() => response.write(' '), 1_000)
    response.on('close', () => clearInterval(drips))
  }

const drippingHead: Behaviour = (_request, _response, socket) => {
  const bytes = [...'HTTP/1.1 200 OK\r\nX-A: ']
  const drips = setInterval(() => socket.write(bytes.shift() ?? 'a'), 1_000)
  socket.on('close', () => clearInterval(drips))
}

test(
  'R24: an upstream that drips a byte a second is 504, or cut once a longer body has begun, and all connections are freed',
  async () => {
    const totalMs = 4_000
    const ground = await badUpstreamGround({
      settings: ['headersTimeout: 3s', 'bodyTimeout: 2s', `totalTimeout: ${totalMs / 1_000}s`],
    })
    const { upstream, ask } = ground
    const forms = [
      { behaviour: dripping(1_000), outcome: 504 },
      { behaviour: dripping(), outcome: 'cut' },
      { behaviour: dripping(10_000_000), outcome: 'cut' },
      { behaviour: drippingHead, outcome: 504 },
    ] as const
    const clients = await ground.connectMany(forms.length)
    expect(countsOf(await askAtOnce(ground, clients))).toEqual({ 200: clients.length })
    upstream.cut()
    upstream.behave((request, ...exchange) => forms[numberIn(request) - 1]?.behaviour(request, ...exchange))
    const begun = performance.now()
    const outcomes = clients.map((client) =>
      ask(client).then(
        ({ status }) => status,
        () => 'cut',
      ),
    )
    expect(await Promise.all(outcomes)).toEqual(forms.map(({ outcome }) => outcome))
    expect(performance.now() - begun).toBeLessThan(totalMs + slackMs)
    await expect.poll(() => upstream.connections.open, { timeout: slackMs }).toBe(0)
    upstream.behave()
    for (const client of clients) expect((await ask(client)).status).toBe(200)
    await ground.finish()
  },
  patienceMs,
)
