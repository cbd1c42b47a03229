import { randomBytes, randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { organizationWindows } from '#limits/organization-windows.ts'
import { sharedWindows } from '#limits/shared-windows.ts'
import { openAddressBlock } from '#limits/stored-address-block.ts'
import { openUnauthorizedBudget } from '#limits/unauthorized-budget.ts'
import { afterOnMachine } from '#store/purging.ts'
import { openSqliteStore } from '#store/sqlite.ts'
import type { Store } from '#store/store.ts'
import { budgetedUpstream } from '#upstream/budgets/budgeted.ts'
import { admin, type RunningGateway } from '../gateway/start-gateway.ts'
import { type FakeClock, fakeClock } from '../support/fake-clock.ts'
import { type Behaviour, json, startHostileUpstream } from './hostile-upstream.ts'
import { bearer, call, startLiveGateway } from './live-gateway.ts'

const refusal = json('{"error":"invalid_token"}', 401)

/** A behaviour that waits until it is let. */
function held(behaviour: Behaviour) {
  const waiting: (() => void)[] = []
  return {
    waiting,
    behaviour: ((...exchange) => void waiting.push(() => behaviour(...exchange))) as Behaviour,
    letGo: () => {
      for (const one of waiting.splice(0)) one()
    },
  }
}

interface Shared {
  readonly clock: FakeClock
  readonly store: Store
}

async function startBudgeted(behaviour: Behaviour, budget: number, shared?: Shared) {
  const upstream = await startHostileUpstream(behaviour)
  const clock = shared?.clock ?? fakeClock()
  const { store } = shared ?? openSqliteStore({ path: ':memory:', clock, random: randomBytes })
  const node = randomUUID()
  const windows = organizationWindows(clock, 240)
  const organizations = sharedWindows({
    ...{ store, clock, after: afterOnMachine, node, windows },
    log: () => undefined,
  })
  const unauthorized = openUnauthorizedBudget({
    ...{ store, clock, after: afterOnMachine, node, budget },
    callSeconds: 3,
    waitSeconds: 1,
    log: () => undefined,
  })
  const gateway = await startLiveGateway({
    origin: upstream.origin,
    around: (live) =>
      budgetedUpstream({
        ...{ upstream: live, clock, unauthorized },
        address: openAddressBlock({ store, clock, log: () => undefined }),
        organizations,
        ...{ after: afterOnMachine, waitSeconds: 1 },
      }),
  })
  return {
    ...{ upstream, clock, store, gateway },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await organizations.close()
      await unauthorized.close()
      await Promise.resolve(upstream[Symbol.asyncDispose]()).catch(() => undefined)
      if (!shared) await store.close()
    },
  }
}

/** Sends a tenth of a body, and is gone. */
async function breakOff(url: string, length: string): Promise<void> {
  const headers = { ...bearer, 'content-type': 'application/json', 'content-length': length }
  const sending = request(`${url}/v7/alerts/rules?aid=1101`, { method: 'POST', headers })
  sending.on('error', () => undefined).write('x'.repeat(Number(length) / 10))
  await pause(300)
  sending.destroy()
}

const rejected = { status: 502, code: 'upstream_credential_rejected' }
const exhausted = { status: 503, code: 'upstream_budget_exhausted' }

describe('a credential that is refused', () => {
  test('costs one answer of 401, however many calls are made with it at the same time (R26)', async () => {
    await using running = await startBudgeted(refusal, 10)
    const answers = await Promise.all(Array.from({ length: 20 }, () => call(running.gateway)))
    for (const answer of answers) expect(answer).toMatchObject(rejected)
    expect(await call(running.gateway)).toMatchObject(rejected)
    expect(running.upstream.arrived).toHaveLength(1)
  })

  test('is known as such also by an answer that cannot be decoded', async () => {
    const strange = { 'content-encoding': 'gzip, gzip' }
    await using running = await startBudgeted(json('{}', 401, strange), 10)
    for (let round = 0; round < 3; round += 1) expect(await call(running.gateway)).toMatchObject(rejected)
    expect(running.upstream.arrived).toHaveLength(1)
  })

  test('is tried again after a while, by one call', async () => {
    await using running = await startBudgeted(refusal, 10)
    await call(running.gateway)
    running.clock.advance(11)
    running.upstream.behave(json('{}'))
    const answers = await Promise.all(Array.from({ length: 5 }, () => call(running.gateway)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
  })

  test('holds others up until the one that tries it is answered, and no longer', async () => {
    const { behaviour, letGo, waiting } = held(json('{}'))
    await using running = await startBudgeted(behaviour, 10)
    const answers = Promise.all(Array.from({ length: 5 }, () => call(running.gateway)))
    await expect.poll(() => waiting.length).toBe(1)
    running.upstream.behave(json('{}'))
    letGo()
    expect((await answers).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
  })
})

describe('a credential that is in use', () => {
  test('costs no more answers of 401 than the ten calls that are out when it is revoked (R26)', async () => {
    await using running = await startBudgeted(json('{}'), 100)
    expect((await call(running.gateway)).status).toBe(200)
    const { behaviour, letGo, waiting } = held(refusal)
    running.upstream.behave(behaviour)
    const answers = Promise.all(Array.from({ length: 60 }, () => call(running.gateway)))
    await expect.poll(() => waiting.length).toBe(10)
    await pause(100)
    expect(running.upstream.arrived).toHaveLength(11)
    letGo()
    for (const answer of await answers) expect(answer).toMatchObject(rejected)
    expect(running.upstream.arrived).toHaveLength(11)
  })

  test('has ten calls out at a time, and the others follow as these are answered', async () => {
    await using running = await startBudgeted(json('{}'), 100)
    expect((await call(running.gateway)).status).toBe(200)
    const { behaviour, letGo, waiting } = held(json('{}'))
    running.upstream.behave(behaviour)
    const answers = Promise.all(Array.from({ length: 25 }, () => call(running.gateway)))
    for (const out of [10, 10, 5]) {
      await expect.poll(() => waiting.length).toBe(out)
      letGo()
    }
    expect(new Set((await answers).map(({ status }) => status))).toEqual(new Set([200]))
  })
})

describe('the budget of answers 401', () => {
  test('is used up: callers get 503 that says when, and the upstream hears nothing', async () => {
    await using running = await startBudgeted(refusal, 2)
    for (let round = 0; round < 2; round += 1) {
      expect(await call(running.gateway)).toMatchObject(rejected)
      running.clock.advance(11)
    }
    const answer = await call(running.gateway)
    expect(answer).toMatchObject(exhausted)
    expect(Number(answer.retryAfter)).toBeGreaterThan(3_500)
    running.clock.advance(600)
    expect(await call(running.gateway)).toMatchObject(exhausted)
    expect(running.upstream.arrived).toHaveLength(2)
    running.clock.advance(3_200)
    expect(await call(running.gateway)).toMatchObject(rejected)
  })

  test('is used by answers that nobody heard, and by each request of a repeated one', async () => {
    await using running = await startBudgeted(json('{}'), 4)
    expect((await call(running.gateway)).status).toBe(200)
    running.upstream.behave((_request, _response, socket) => void socket.resetAndDestroy())
    // A kept connection was closed, so that it is sent twice; then once each.
    for (let round = 0; round < 3; round += 1)
      expect(await call(running.gateway)).toMatchObject({ status: 502, code: 'upstream_broken' })
    expect(running.upstream.arrived).toHaveLength(5)
    expect(await call(running.gateway)).toMatchObject(exhausted)
    expect(running.upstream.arrived).toHaveLength(5)
  })

  test('is not used by callers who leave: their calls end in an answer', async () => {
    const { behaviour, letGo, waiting } = held(json('{}'))
    await using running = await startBudgeted(behaviour, 2)
    for (let round = 0; round < 5; round += 1) {
      const leaving = new AbortController()
      const left = call(running.gateway, undefined, { signal: leaving.signal }).catch(() => 'left')
      await expect.poll(() => waiting.length).toBe(1)
      leaving.abort()
      expect(await left).toBe('left')
      letGo()
    }
    running.upstream.behave(json('{}'))
    expect((await call(running.gateway)).status).toBe(200)
  })

  test.each([
    ['in a short body', 20, '1000', 0],
    ['in a long one, but for a few', 10, '1000000', 5],
  ])(
    'is not used by callers who leave in the middle of what they send: %s',
    async (_, calls, length, most) => {
      await using running = await startBudgeted(json('{}'), 8)
      expect((await call(running.gateway)).status).toBe(200)
      running.upstream.behave((request) => void request.resume())
      await Promise.all(Array.from({ length: calls }, () => breakOff(running.gateway.url, length)))
      running.upstream.behave(json('{}'))
      await expect.poll(() => running.upstream.connections.open).toBeLessThanOrEqual(1)
      expect((await call(running.gateway)).status).toBe(200)
      expect(running.upstream.arrived.filter(({ method }) => method === 'POST').length).toBeLessThanOrEqual(
        most,
      )
      const body = 'x'.repeat(1_000)
      const whole = { method: 'POST', body, headers: { 'content-type': 'application/json' } }
      expect((await call(running.gateway, '/v7/alerts/rules?aid=1101', whole)).status).toBe(200)
    },
  )

  test('is not used by an upstream that cannot be reached', async () => {
    await using running = await startBudgeted(json('{}'), 1)
    await running.upstream[Symbol.asyncDispose]()
    for (let round = 0; round < 3; round += 1)
      expect(await call(running.gateway)).toMatchObject({ status: 502, code: 'upstream_unreachable' })
  })
})

test('a 503 of the upstream without Retry-After gets one, and one with it keeps its own', async () => {
  await using running = await startBudgeted(json('{}', 503), 5)
  expect(await call(running.gateway)).toMatchObject({ status: 503, retryAfter: '10' })
  running.upstream.behave(json('{}', 503, { 'retry-after': '77' }))
  expect(await call(running.gateway)).toMatchObject({ status: 503, retryAfter: '77' })
})

describe('calls whose answer nobody hears', () => {
  test('are few at a time: others wait until the region says something, and for no longer than they may', async () => {
    await using running = await startBudgeted(json('{}'), 20)
    expect((await call(running.gateway)).status).toBe(200)
    const { behaviour, letGo, waiting } = held(json('{}'))
    running.upstream.behave(behaviour)
    const ask = (count: number) => Promise.all(Array.from({ length: count }, () => call(running.gateway)))
    const answers = ask(9)
    await expect.poll(() => waiting.length).toBe(5)
    running.upstream.behave(json('{}'))
    letGo()
    expect((await answers).map(({ status }) => status)).toEqual(Array.from({ length: 9 }, () => 200))
    running.upstream.behave(behaviour)
    const [first, late] = [ask(5), ask(2)]
    for (const answer of await late) expect(answer).toMatchObject({ status: 503, code: 'upstream_busy' })
    letGo()
    expect((await first).map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => 200))
  })

  test('and were out together count as one: the region rests for no longer than after five in a row', async () => {
    await using running = await startBudgeted(json('{}'), 100)
    expect((await call(running.gateway)).status).toBe(200)
    // A kept connection that closes would be no end, but a reason to send once more.
    running.upstream.cut()
    await expect.poll(() => running.upstream.connections.open).toBe(0)
    const sockets: (() => void)[] = []
    running.upstream.behave((_request, _response, socket) => void sockets.push(() => socket.destroy()))
    const answers = Promise.all(Array.from({ length: 10 }, () => call(running.gateway)))
    await expect.poll(() => sockets.length).toBe(10)
    for (const cut of sockets) cut()
    for (const answer of await answers) expect(answer).toMatchObject({ status: 502 })
    expect(await call(running.gateway)).toMatchObject({
      status: 503,
      code: 'upstream_resting',
      retryAfter: '10',
    })
  })

  test('become rare while the upstream breaks off, so that a long failure does not cost the whole budget', async () => {
    await using running = await startBudgeted(
      (_request, _response, socket) => void socket.resetAndDestroy(),
      100,
    )
    const { gateway, upstream, clock } = running
    for (let second = 0; second < 600; second += 10) {
      await call(gateway)
      clock.advance(10)
    }
    expect(upstream.arrived.length).toBeGreaterThan(5)
    expect(upstream.arrived.length).toBeLessThan(15)
    expect(await call(gateway)).toMatchObject({ status: 503, code: 'upstream_resting' })
    upstream.behave(json('{}'))
    clock.advance(301)
    for (let round = 0; round < 5; round += 1) expect((await call(gateway)).status).toBe(200)
  })
})

const blocked = { status: 503, code: 'upstream_address_blocked' }

describe('an upstream that blocks our address (R29)', () => {
  test('is left alone after three refusals, but for one call in five minutes, until that one is answered', async () => {
    await using running = await startBudgeted(json('{}', 429), 100)
    const { gateway, upstream, clock } = running
    for (let round = 0; round < 10; round += 1) expect(await call(gateway)).toMatchObject(blocked)
    expect(upstream.arrived).toHaveLength(3)
    clock.advance(200)
    expect(await call(gateway)).toMatchObject({ ...blocked, retryAfter: '100' })
    for (let probes = 1; probes <= 3; probes += 1) {
      clock.advance(301)
      await Promise.all(Array.from({ length: 5 }, () => call(gateway)))
      expect(upstream.arrived).toHaveLength(3 + probes)
    }
    upstream.behave(json('{}'))
    expect(await call(gateway)).toMatchObject(blocked)
    clock.advance(301)
    for (let round = 0; round < 5; round += 1) expect(await call(gateway)).toMatchObject({ status: 200 })
  })

  test('is left alone by other nodes, too, of which one tries', async () => {
    await using one = await startBudgeted(json('{}', 429), 100)
    await using other = await startBudgeted(json('{}', 429), 100, one)
    for (let round = 0; round < 3; round += 1) await call(one.gateway)
    expect(await call(other.gateway)).toMatchObject(blocked)
    expect(other.upstream.arrived).toHaveLength(0)
    one.clock.advance(301)
    await Promise.all([one, other].flatMap(({ gateway }) => [call(gateway), call(gateway), call(gateway)]))
    expect(one.upstream.arrived.length + other.upstream.arrived.length).toBe(4)
  })

  test('is asked as ever when it was no block: refusals that are not in a row', async () => {
    await using running = await startBudgeted(json('{}', 429), 100)
    for (let round = 0; round < 4; round += 1) {
      running.upstream.behave(json('{}', 429))
      expect(await call(running.gateway)).toMatchObject(blocked)
      running.upstream.behave(json('{}'))
      expect((await call(running.gateway)).status).toBe(200)
    }
  })
})

describe("an organization's window at the upstream (R25)", () => {
  const windowOf = (remaining: number, resetAt: number): Record<string, string> => ({
    'x-organization-rate-limit-limit': '240',
    'x-organization-rate-limit-remaining': String(remaining),
    'x-organization-rate-limit-reset': String(resetAt / 1_000),
  })

  test('that is used up is not asked before its reset, and says so in its own headers', async () => {
    await using running = await startBudgeted(json('{}'), 10)
    const { gateway, upstream, clock } = running
    const resetAt = clock.now() + 20_000
    upstream.behave(json('{"title":"Too many"}', 429, windowOf(0, resetAt)))
    await call(gateway)
    for (let round = 0; round < 5; round += 1) {
      const response = await fetch(`${gateway.url}/v7/tests?aid=1101`, { headers: bearer })
      expect(response.status).toBe(429)
      expect(response.headers.get('retry-after')).toBe('20')
      expect(response.headers.get('x-organization-rate-limit-remaining')).toBe('0')
      expect(response.headers.get('x-organization-rate-limit-reset')).toBe(String(resetAt / 1_000))
    }
    expect(upstream.arrived).toHaveLength(1)
    moveToOrganization(gateway, '22')
    upstream.behave(json('{}'))
    expect((await call(gateway)).status).toBe(200)
    clock.advance(20)
    moveToOrganization(gateway, '11')
    expect((await call(gateway)).status).toBe(200)
  })

  test('is known before it is used up', async () => {
    await using running = await startBudgeted(json('{}'), 10)
    const { gateway, upstream, clock } = running
    upstream.behave(json('{}', 200, windowOf(0, clock.now() + 20_000)))
    expect((await call(gateway)).status).toBe(200)
    expect(await call(gateway)).toMatchObject({ status: 429, code: 'organization_rate_limit_exhausted' })
    expect(upstream.arrived).toHaveLength(1)
  })

  test('that is used up is not asked by other nodes either', async () => {
    await using one = await startBudgeted(json('{}'), 10)
    await using other = await startBudgeted(json('{}'), 10, one)
    expect((await call(other.gateway)).status).toBe(200)
    one.upstream.behave(json('{}', 200, windowOf(0, one.clock.now() + 20_000)))
    expect((await call(one.gateway)).status).toBe(200)
    await expect
      .poll(() => call(other.gateway), { timeout: 10_000 })
      .toMatchObject({ status: 429, code: 'organization_rate_limit_exhausted', retryAfter: '20' })
    const asked = other.upstream.arrived.length
    for (let round = 0; round < 5; round += 1) expect((await call(other.gateway)).status).toBe(429)
    expect(other.upstream.arrived).toHaveLength(asked)
  })

  test('of instant tests alone leaves the organization alone', async () => {
    await using running = await startBudgeted(json('{}'), 10)
    const { gateway, upstream, clock } = running
    const windows = {
      ...windowOf(200, clock.now() + 20_000),
      'x-instant-test-rate-limit-remaining': '0',
      'x-instant-test-rate-limit-reset': '41',
    }
    upstream.behave(json('{}', 429, windows))
    for (let round = 0; round < 2; round += 1) expect((await call(gateway)).status).toBe(429)
    expect(upstream.arrived).toHaveLength(2)
  })
})

function moveToOrganization(gateway: RunningGateway, organizationId: string): void {
  gateway.users.set(admin.id, { ...admin, organizationId })
}
