import { randomBytes } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openAddressBlock } from '#limits/stored-address-block.ts'
import type { AddressBlock } from '#limits/upstream-budgets.ts'
import { openSqliteStore } from '#store/sqlite.ts'
import type { Store } from '#store/store.ts'
import { fakeClock } from '../support/fake-clock.ts'

/** A node on a store of its own whose commits are answered only when they are let through. */
function open() {
  const clock = fakeClock()
  const { store } = openSqliteStore({ path: ':memory:', clock, random: randomBytes })
  const held: (() => void)[] = []
  const slow: Store = {
    ...store,
    read: (...asked) => store.read(...asked),
    async commit(changes) {
      await new Promise<void>((resolve) => held.push(resolve))
      return store.commit(changes)
    },
  }
  const node = (on: Store): AddressBlock => openAddressBlock({ store: on, clock, log: () => undefined })
  return {
    ...{ clock, store, node },
    slowNode: () => node(slow),
    async letThrough() {
      held.shift()?.()
      for (let turns = 0; turns < 5; turns += 1) await turn()
    },
    [Symbol.asyncDispose]: () => store.close(),
  }
}

test('a block that is known stays so while what led to it is being written', async () => {
  await using shared = open()
  const block = shared.slowNode()
  expect(await block.admit()).toBe('open')
  for (let refusal = 0; refusal < 3; refusal += 1) {
    expect(block.isBlocked()).toBe(false)
    void block.refused()
  }
  for (let written = 0; written < 4; written += 1) {
    expect([block.isBlocked(), await block.admit()]).toEqual([true, 300])
    await shared.letThrough()
  }
  const other = shared.node(shared.store)
  expect([await other.admit(), other.isBlocked()]).toEqual([300, true])
})

test('one refusal that is written does not hide those that came since', async () => {
  await using shared = open()
  const block = shared.slowNode()
  await block.admit()
  void block.refused()
  await turn()
  await turn()
  void block.refused()
  void block.refused()
  await shared.letThrough()
  expect(block.isBlocked()).toBe(true)
})

test('what was read before a refusal was written does not undo it', async () => {
  await using shared = open()
  const { promise, resolve } = Promise.withResolvers<void>()
  let reads = 0
  const block = shared.node({
    ...shared.store,
    commit: (changes) => shared.store.commit(changes),
    async read(keys, freshness) {
      const found = await shared.store.read(keys, freshness)
      reads += 1
      if (reads === 2) await promise
      return found
    },
  })
  await block.admit()
  shared.clock.advance(2)
  expect(await block.admit()).toBe('open')
  for (let refusal = 0; refusal < 3; refusal += 1) void block.refused()
  for (let turns = 0; turns < 5; turns += 1) await turn()
  resolve()
  for (let turns = 0; turns < 5; turns += 1) await turn()
  expect(block.isBlocked()).toBe(true)
})

test('two nodes that are refused in turn find a block at the third refusal, without a second between them', async () => {
  await using shared = open()
  const [one, other] = [shared.node(shared.store), shared.node(shared.store)]
  for (const node of [one, other]) expect(await node.admit()).toBe('open')
  for (const node of [one, other, one]) {
    expect(await node.admit()).toBe('open')
    await node.refused()
  }
  expect(await other.admit()).toBe(300)
})
