import { randomBytes } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { organizationWindows } from '#limits/organization-windows.ts'
import { type SharedWindows, sharedWindows } from '#limits/shared-windows.ts'
import { openSqliteStore } from '#store/sqlite.ts'
import { type Store, StoreFailure } from '#store/store.ts'
import { type FakeClock, fakeClock } from '../support/fake-clock.ts'

const organization = 'us1:11'
const atTheMinute = Date.UTC(2030, 0, 1, 12, 0)

interface Node extends SharedWindows {
  /** Lets the round that is planned go, to its end. */
  round(): Promise<void>
  readonly log: object[]
  commits(): number
  /** Does the work while the next round is telling. */
  whileTelling(work: () => void): void
}

/** Nodes on one store, whose rounds are let go by hand. */
function openNodes(limit: number) {
  const clock: FakeClock = fakeClock(atTheMinute)
  const { store } = openSqliteStore({ path: ':memory:', clock, random: randomBytes })
  let isAway = false
  let names = 0

  function node(): Node {
    names += 1
    let planned: (() => void) | undefined
    let commits = 0
    let meanwhile = (): void => {}
    const own: Store = {
      ...store,
      async commit(changes) {
        commits += 1
        meanwhile()
        meanwhile = () => {}
        return store.commit(changes)
      },
      list: (...asked) => (isAway ? Promise.reject(new StoreFailure('away')) : store.list(...asked)),
    }
    const log: object[] = []
    const shared = sharedWindows({
      ...{ store: own, clock, node: `node-${names}`, windows: organizationWindows(clock, limit) },
      log: (entry) => log.push(entry),
      after(_milliseconds, work) {
        planned = work
        return () => {
          planned = undefined
        }
      },
    })
    return {
      draw: (...call) => shared.draw(...call),
      ended: (...call) => shared.ended(...call),
      standing: () => shared.standing(),
      close: () => shared.close(),
      log,
      commits: () => commits,
      whileTelling(work) {
        meanwhile = work
      },
      async round() {
        const work = planned
        planned = undefined
        work?.()
        // Of a store in memory: nothing waits for a timer or a disk.
        for (let turns = 0; turns < 20; turns += 1) await turn()
      },
    }
  }

  return {
    ...{ clock, node },
    becomeAway: (is: boolean) => {
      isAway = is
    },
    [Symbol.asyncDispose]: () => store.close(),
  }
}

/** The window as the upstream has it, for all nodes. */
function upstreamWindow(clock: FakeClock, limit: number) {
  let used = 0
  const resetAt = clock.now() + 40_000
  return {
    remaining: () => limit - used,
    call(node: Node, client: string): boolean {
      if (!node.draw(organization, client).allowed) return false
      used += 1
      node.ended(organization, { limit, remaining: Math.max(0, limit - used), resetAt })
      return true
    },
  }
}

/** One client alone calls at a node, which tells of it, and the window ends. */
async function useWindow(
  clock: FakeClock,
  node: Node,
  { client, calls }: { readonly client: string; readonly calls: number },
): Promise<void> {
  const window = upstreamWindow(clock, 100)
  for (let call = 0; call < calls; call += 1) window.call(node, client)
  await node.round()
  clock.advance(41)
}

describe('the window of an organization with several nodes', () => {
  test('keeps at one node the share of a client that calls at another', async () => {
    await using nodes = openNodes(100)
    const [one, other] = [nodes.node(), nodes.node()]
    await useWindow(nodes.clock, other, { client: 'small', calls: 10 })

    const window = upstreamWindow(nodes.clock, 100)
    expect(window.call(one, 'greedy')).toBe(true)
    await one.round()
    let greedy = 0
    for (let call = 0; call < 200; call += 1) if (window.call(one, 'greedy')) greedy += 1
    // A tenth is the small one's, which has not even called yet.
    expect(greedy).toBeGreaterThan(70)
    expect(window.remaining()).toBeGreaterThanOrEqual(10)
    await one.round()
    await other.round()
    let small = 0
    for (let call = 0; call < 10; call += 1) if (window.call(other, 'small')) small += 1
    expect(small).toBe(10)
  })

  test('gives nothing more at one node to a client that used its share up at another', async () => {
    await using nodes = openNodes(100)
    const [one, other] = [nodes.node(), nodes.node()]
    await useWindow(nodes.clock, one, { client: 'small', calls: 40 })

    const window = upstreamWindow(nodes.clock, 100)
    let greedy = 0
    for (let call = 0; call < 100; call += 1) if (window.call(one, 'greedy')) greedy += 1
    expect(greedy).toBeGreaterThanOrEqual(60)
    await one.round()
    expect(other.draw('us1:22', 'greedy').allowed).toBe(true)
    await other.round()
    expect(other.draw(organization, 'greedy').allowed).toBe(false)
    expect(other.draw(organization, 'small').allowed).toBe(true)
  })

  test('that is used up at one node is known to the others, also to one that asks for the first time', async () => {
    await using nodes = openNodes(100)
    const [one, other] = [nodes.node(), nodes.node()]
    const resetAt = nodes.clock.now() + 20_000
    one.draw(organization, 'meraki')
    one.ended(organization, { limit: 240, remaining: 0, resetAt })
    await one.round()
    other.draw('us1:22', 'meraki')
    await other.round()
    expect(other.draw(organization, 'meraki')).toEqual({ allowed: false, limit: 240, remaining: 0, resetAt })
    nodes.clock.advance(20)
    expect(other.draw(organization, 'meraki').allowed).toBe(true)
  })

  test('is told though the answer of the last call came while a round was telling', async () => {
    await using nodes = openNodes(100)
    const [one, other] = [nodes.node(), nodes.node()]
    const resetAt = nodes.clock.now() + 20_000
    other.draw(organization, 'meraki')
    await other.round()
    one.draw(organization, 'meraki')
    one.whileTelling(() => one.ended(organization, { limit: 100, remaining: 0, resetAt }))
    await one.round()
    await one.round()
    other.draw(organization, 'meraki')
    await other.round()
    expect(other.draw(organization, 'meraki')).toMatchObject({ allowed: false, remaining: 0 })
  })

  test('is told once the store is back, without another call', async () => {
    await using nodes = openNodes(100)
    const [one, other] = [nodes.node(), nodes.node()]
    nodes.becomeAway(true)
    one.draw(organization, 'meraki')
    one.ended(organization, { limit: 100, remaining: 0, resetAt: nodes.clock.now() + 20_000 })
    await one.round()
    nodes.becomeAway(false)
    await one.round()
    other.draw(organization, 'meraki')
    await other.round()
    expect(other.draw(organization, 'meraki').allowed).toBe(false)
  })

  test('is told to a node that begins after the last call of another', async () => {
    await using nodes = openNodes(100)
    const one = nodes.node()
    one.draw(organization, 'meraki')
    await one.round()
    one.draw(organization, 'meraki')
    one.ended(organization, { limit: 100, remaining: 0, resetAt: nodes.clock.now() + 20_000 })
    await one.round()
    expect(one.commits()).toBe(1)
    const other = nodes.node()
    other.draw(organization, 'meraki')
    await other.round()
    await one.round()
    other.draw(organization, 'meraki')
    await other.round()
    expect(other.draw(organization, 'meraki').allowed).toBe(false)
  })

  test('is what the upstream said last, to whichever node', async () => {
    await using nodes = openNodes(100)
    const [one, other] = [nodes.node(), nodes.node()]
    const resetAt = nodes.clock.now() + 20_000
    for (const [node, remaining] of [
      [one, 80],
      [other, 30],
    ] as const) {
      node.draw(organization, 'meraki')
      node.ended(organization, { limit: 100, remaining, resetAt })
    }
    await one.round()
    await other.round()
    one.draw(organization, 'meraki')
    one.ended(organization, undefined)
    await one.round()
    expect(one.draw(organization, 'meraki').remaining).toBe(29)
    expect(other.draw(organization, 'meraki').remaining).toBe(29)
  })

  test('is a node’s own while the store is away, which is said once', async () => {
    await using nodes = openNodes(100)
    const node = nodes.node()
    nodes.becomeAway(true)
    for (let round = 0; round < 3; round += 1) {
      expect(node.draw(organization, 'meraki').allowed).toBe(true)
      await node.round()
    }
    expect(node.log).toMatchObject([{ event: 'upstream-windows-unshared' }])
    nodes.becomeAway(false)
    node.draw(organization, 'meraki')
    await node.round()
    expect([node.log.length, node.commits()]).toEqual([1, 1])
  })

  test('costs a node that is alone a record in ten seconds, one as it ends, and nothing without calls', async () => {
    await using nodes = openNodes(1_000)
    const node = nodes.node()
    await node.round()
    expect(node.commits()).toBe(0)
    for (let second = 0; second < 30; second += 1) {
      for (let call = 0; call < 5; call += 1) node.draw(organization, 'meraki')
      await node.round()
      nodes.clock.advance(1)
    }
    expect(node.commits()).toBe(3)
    await node.close()
    node.draw(organization, 'meraki')
    await node.round()
    expect(node.commits()).toBe(4)
  })
})
