import { randomBytes } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { openUnauthorizedBudget } from '#limits/unauthorized-budget.ts'
import type { Slot, UnauthorizedBudget } from '#limits/upstream-budgets.ts'
import { openSqliteStore } from '#store/sqlite.ts'
import { type Store, StoreFailure } from '#store/store.ts'
import { type FakeClock, fakeClock } from '../support/fake-clock.ts'
import { startBudgetNode, type Timers, timersOf } from './budget-node.ts'

const hourMs = 3_600_000

interface Shared extends AsyncDisposable {
  readonly clock: FakeClock
  readonly timers: Timers
  readonly store: Store
  readonly log: { event: string }[]
  pass(seconds: number): Promise<void>
  /** The budget as one more node has it. */
  node(parts?: {
    readonly budget?: number
    readonly store?: Store
    readonly clock?: FakeClock
  }): UnauthorizedBudget
}

function open(budget = 10): Shared {
  const clock = fakeClock()
  const timers = timersOf(clock)
  const { after, pass } = timers
  const { store } = openSqliteStore({ path: ':memory:', clock, random: randomBytes })
  const log: { event: string }[] = []
  let nodes = 0
  return {
    ...{ clock, timers, store, log, pass },
    node(parts = {}) {
      nodes += 1
      const given = { store, clock, after, node: `node-${nodes}`, budget, callSeconds: 30, waitSeconds: 5 }
      return openUnauthorizedBudget({
        ...given,
        log: (entry) => log.push(entry as { event: string }),
        ...parts,
      })
    },
    [Symbol.asyncDispose]: () => store.close(),
  }
}

async function slot(budget: UnauthorizedBudget): Promise<Slot> {
  const taken = await budget.take()
  if (typeof taken === 'number') throw new Error(`no slot for ${taken} seconds`)
  return taken
}

/** Uses up so many slots, one after the other. */
async function spend(budget: UnauthorizedBudget, times: number): Promise<void> {
  for (let done = 0; done < times; done += 1) (await slot(budget)).spend()
}

describe('the budget of answers 401, design decision 9', () => {
  test('gives a slot back for every other answer, without a commit for each', async () => {
    await using shared = open()
    let commits = 0
    const store: Store = {
      ...shared.store,
      commit: (changes) => {
        commits += 1
        return shared.store.commit(changes)
      },
    }
    const budget = shared.node({ store })
    for (let call = 0; call < 1_000; call += 1) (await slot(budget)).free()
    expect(commits).toBe(1)
    expect(budget.take()).not.toBeInstanceOf(Promise)
  })

  test('is used up by so many, and then says when the first counts no more', async () => {
    await using shared = open()
    const budget = shared.node()
    await spend(budget, 10)
    const wait = await budget.take()
    expect(wait).toBeGreaterThan(hourMs / 1_000)
    expect(budget.take()).toBe(wait)
    expect(shared.log).toEqual([{ event: 'upstream-budget-exhausted', budget: 10 }])
    await shared.pass(Number(wait))
    await spend(budget, 10)
  })

  test('does not ask the store while it is used up', async () => {
    await using shared = open(3)
    let reads = 0
    const store: Store = {
      ...shared.store,
      read: (keys, freshness) => {
        reads += 1
        return shared.store.read(keys, freshness)
      },
    }
    const budget = shared.node({ store })
    await spend(budget, 3)
    await budget.take()
    reads = 0
    for (let call = 0; call < 1_000; call += 1) expect(budget.take()).toBeTypeOf('number')
    expect(reads).toBe(0)
  })

  test('lets calls wait for each other, first come, first served, and a while at most', async () => {
    await using shared = open(1)
    const budget = shared.node()
    const first = await slot(budget)
    const order: string[] = []
    const inOrder = async (name: string): Promise<Slot> => {
      const one = await slot(budget)
      order.push(name)
      return one
    }
    const [second, third] = [inOrder('second'), inOrder('third')]
    await turn()
    first.free()
    ;(await second).free()
    const last = await third
    expect(order).toEqual(['second', 'third'])
    const waiting = Promise.resolve(budget.take())
    await shared.pass(6)
    expect(await waiting).toBe(1)
    last.free()
    await slot(budget)
  })

  test('counts a slot once, whatever is said of it', async () => {
    await using shared = open(2)
    const budget = shared.node()
    const one = await slot(budget)
    one.free()
    one.free()
    one.spend()
    await spend(budget, 2)
    expect(await budget.take()).toBeTypeOf('number')
  })

  test('survives a node that ends at once: what it had leased is spent', async () => {
    await using shared = open(10)
    const gone = startBudgetNode({ ...shared, name: 'gone', limit: 10 })
    await spend(gone.budget, 4)
    await slot(gone.budget)
    gone.kill()
    const next = shared.node()
    const left = await spendAll(next, shared)
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThan(6)
    await shared.pass(200)
    expect(await spendAll(next, shared)).toBe(0)
    await shared.pass(3_720)
    expect(await spendAll(next, shared)).toBe(10)
  })

  test('has all of it again when a node was closed in order', async () => {
    await using shared = open(10)
    const first = shared.node()
    ;(await slot(first)).free()
    await first.close()
    expect(await spendAll(shared.node(), shared)).toBe(10)
  })

  test('has all of it again after a minute without calls', async () => {
    await using shared = open(10)
    ;(await slot(shared.node())).free()
    await shared.pass(120)
    expect(await spendAll(shared.node(), shared)).toBe(10)
  })

  test('goes on without the store while its lease is long enough, and not a moment longer', async () => {
    await using shared = open(10)
    let isAway = false
    const away = (): never => {
      throw new StoreFailure('away')
    }
    const store: Store = {
      ...shared.store,
      read: (keys, freshness) => (isAway ? away() : shared.store.read(keys, freshness)),
      commit: async (changes) => (isAway ? away() : shared.store.commit(changes)),
    }
    const budget = shared.node({ store })
    ;(await slot(budget)).free()
    isAway = true
    await shared.pass(60)
    ;(await slot(budget)).free()
    await shared.pass(61)
    await expect(Promise.resolve(budget.take())).rejects.toThrow('away')
    isAway = false
    ;(await slot(budget)).free()
  })

  test('knows what a store has lost, as long as a node lives that saw it', async () => {
    await using shared = open(10)
    const budget = shared.node()
    await spend(budget, 7)
    await turn()
    await shared.store.commit([{ kind: 'delete', key: 'upstream:unauthorized' }])
    expect(await spendAll(budget, shared)).toBe(3)
    expect(await spendAll(shared.node(), shared)).toBe(0)
  })

  test('sends nothing while its record cannot be read', async () => {
    await using shared = open(10)
    const expiresAt = shared.clock.now() + hourMs
    const junk = {
      kind: 'put',
      key: 'upstream:unauthorized',
      value: '{"spent":1}',
      expiresAt,
      expected: 'any',
    } as const
    await shared.store.commit([junk])
    await expect(Promise.resolve(shared.node().take())).rejects.toThrow('cannot be read')
  })

  test('is shared when it is scarce: a node in need gets its part of what another one holds', async () => {
    await using shared = open(4)
    const [busy, late] = [shared.node(), shared.node()]
    const held = await Promise.all([1, 2, 3, 4].map(() => slot(busy)))
    const waiting = slot(late)
    await shared.pass(1)
    const again = held.slice(2).map((one) => {
      one.free()
      return slot(busy)
    })
    await shared.pass(3)
    ;(await waiting).free()
    for (const one of held.slice(0, 2)) one.free()
    for (const one of again) (await one).free()
  })
})

/** @returns how many slots could be spent until there was none for longer than a call waits */
async function spendAll(budget: UnauthorizedBudget, { pass }: Pick<Shared, 'pass'>): Promise<number> {
  for (let done = 0; ; done += 1) {
    const asked = Promise.resolve(budget.take())
    let isKnown = false
    void asked.then(() => {
      isKnown = true
    })
    for (let tries = 0; tries < 20 && !isKnown; tries += 1) await turn()
    if (!isKnown) await pass(6)
    const taken = await asked
    if (typeof taken === 'number') return done
    taken.spend()
  }
}
