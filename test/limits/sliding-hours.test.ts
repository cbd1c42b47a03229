import { randomBytes } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { openSqliteStore } from '#store/sqlite.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { type BudgetNode, callSeconds, type StoreFault, startBudgetNode, timersOf } from './budget-node.ts'

const hourMs = 3_600_000

/** Chance that comes again (mulberry32). @returns a number from 0 to 1 */
function chanceOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** The most answers of 401 within any hour, by the instants at which the upstream gave them. */
function mostInAnHour(given: readonly number[]): number {
  const instants = given.toSorted((one, other) => one - other)
  let most = 0
  let first = 0
  instants.forEach((at, index) => {
    while ((instants[first] ?? at) <= at - hourMs) first += 1
    most = Math.max(most, index - first + 1)
  })
  return most
}

interface Run {
  readonly seed: number
  readonly limit: number
  readonly hours: number
}

/** Nodes that come and go, a store that fails, clocks that differ, calls of which nobody knows how they end. */
function openWorld({ seed, limit }: Pick<Run, 'seed' | 'limit'>) {
  const chance = chanceOf(seed)
  const clock = fakeClock()
  const timers = timersOf(clock)
  const { store } = openSqliteStore({ path: ':memory:', clock, random: randomBytes })
  const given: number[] = []
  const nodes: BudgetNode[] = []
  const counts = { started: 0, sent: 0 }
  let isAway = false

  const fault = (): StoreFault => {
    if (!isAway && chance() > 0.03) return 'none'
    return chance() < 0.5 ? 'before' : 'after'
  }

  function start(): void {
    counts.started += 1
    const aheadMs = Math.round((chance() - 0.5) * 40_000)
    const name = `node-${counts.started}`
    nodes.push(startBudgetNode({ ...{ store, clock, timers, limit, aheadMs, fault }, name }))
  }

  /** The answer comes before the node hears of it, or after it gave up. */
  async function call(node: BudgetNode): Promise<void> {
    const slot = await Promise.resolve(node.budget.take()).catch(() => 0)
    if (typeof slot === 'number' || node.isDead) return
    counts.sent += 1
    const [kind, heardAfter] = [chance(), chance() * callSeconds * 1_000]
    const isRefused = kind < 0.5
    const isLate = kind < 0.1
    if (isRefused)
      timers.after(
        isLate ? heardAfter + chance() * 60_000 : chance() * heardAfter,
        () => void given.push(clock.now()),
      )
    timers.after(heardAfter, isRefused || kind > 0.95 ? slot.spend : slot.free)
  }

  /** Nodes begin and end at once, and the store goes away and comes back. */
  function befall(dice: number): void {
    if (dice < 0.01 && alive().length < 3) start()
    else if (dice < 0.02) one()?.kill()
    else if (dice < 0.03) isAway = !isAway && chance() < 0.3
  }

  const alive = (): readonly BudgetNode[] => nodes.filter(({ isDead }) => !isDead)
  const one = (): BudgetNode | undefined => alive()[Math.floor(chance() * alive().length)]

  /** Something happens, and some calls are made. */
  function live(): void {
    befall(chance())
    const node = one()
    if (!node || chance() > 0.8) return
    for (let burst = chance() * 8; burst > 0; burst -= 1) void call(node)
  }

  return {
    chance,
    clock,
    timers,
    store,
    given,
    counts,
    start,
    live,
    kill: () => nodes.forEach((node) => void node.kill()),
  }
}

async function run({ seed, limit, hours }: Run) {
  const { chance, clock, timers, store, given, counts, start, live, kill } = openWorld({ seed, limit })
  start()
  start()
  const end = clock.now() + hours * hourMs
  while (clock.now() < end) {
    live()
    await turn()
    await timers.pass(chance() < 0.01 ? 300 : Math.ceil(chance() * 80) / 4)
  }
  kill()
  clock.advance(2 * 3_600)
  const { budget } = startBudgetNode({ ...{ store, clock, timers, limit }, name: 'the last' })
  let left = 0
  for (; left < limit; left += 1) {
    const slot = await budget.take()
    if (typeof slot === 'number') break
    slot.spend()
  }
  await store.close()
  return { most: mostInAnHour(given), refused: given.length, ...counts, left }
}

describe('in every hour by the clock of the upstream', () => {
  test.each([1, 2, 3, 4, 5, 6])(
    'there are no more answers of 401 than may be, whoever dies, fails or is late (chance %i)',
    async (seed) => {
      const limit = seed === 1 ? 1 : 3 + seed * 5
      const { most, refused, sent, started, left } = await run({ seed, limit, hours: 8 })
      expect(most).toBeLessThanOrEqual(limit)
      // It was used: otherwise this says nothing.
      expect(refused).toBeGreaterThan(limit)
      expect(sent).toBeGreaterThan(refused)
      expect(started).toBeGreaterThan(3)
      expect(left).toBe(limit)
    },
    60_000,
  )
})
