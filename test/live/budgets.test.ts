import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { openUnauthorizedBudget } from '#limits/unauthorized-budget.ts'
import { afterOnMachine } from '#store/purging.ts'
import { openSqliteStore } from '#store/sqlite.ts'
import { budgetedUpstream } from '#upstream/budgets/budgeted.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { type Behaviour, json, startHostileUpstream } from './hostile-upstream.ts'
import { call, startLiveGateway } from './live-gateway.ts'

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

async function startBudgeted(behaviour: Behaviour, budget: number) {
  const upstream = await startHostileUpstream(behaviour)
  const clock = fakeClock()
  const { store } = openSqliteStore({ path: ':memory:', clock, random: randomBytes })
  const unauthorized = openUnauthorizedBudget({
    ...{ store, clock, after: afterOnMachine, node: 'node-1', budget },
    callSeconds: 3,
    waitSeconds: 1,
    log: () => undefined,
  })
  const gateway = await startLiveGateway({
    origin: upstream.origin,
    around: (live) => budgetedUpstream({ upstream: live, clock, unauthorized }),
  })
  return {
    ...{ upstream, clock, gateway },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await unauthorized.close()
      await Promise.resolve(upstream[Symbol.asyncDispose]()).catch(() => undefined)
      await store.close()
    },
  }
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
