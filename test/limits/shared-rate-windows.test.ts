import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Draw } from '#limits/limits.ts'
import { type SharedRateWindows, sharedRateWindows } from '#limits/shared-rate-windows.ts'
import { openSqliteStore } from '#store/sqlite.ts'
import { type Store, StoreFailure } from '#store/store.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { timersOf } from './budget-node.ts'

const perMinute = { limit: 240, windowSeconds: 60 }
const perHour = { limit: 100, windowSeconds: 3600 }
const acme = 'calls:us1:11'
const atTheMinute = Date.UTC(2030, 0, 1, 12, 0)

interface Node extends SharedRateWindows {
  readonly log: object[]
  /** Values that it wrote. */
  readonly told: string[]
  /** Draws so many calls. @returns how many were allowed */
  calls(count: number, bucket?: string): number
}

/** Nodes on one store, whose time goes on by hand. */
function openNodes() {
  const clock = fakeClock(atTheMinute)
  const { after, pass } = timersOf(clock)
  const { store } = openSqliteStore({ path: ':memory:', clock, random: randomBytes })
  let isAway = false
  let names = 0

  function node(): Node {
    names += 1
    const log: object[] = []
    const told: string[] = []
    const own: Store = {
      ...store,
      async commit(changes) {
        if (isAway) throw new StoreFailure('away')
        for (const change of changes) if (change.kind === 'put') told.push(change.value)
        return store.commit(changes)
      },
      list: (...asked) => (isAway ? Promise.reject(new StoreFailure('away')) : store.list(...asked)),
    }
    const windows = sharedRateWindows({
      ...{ store: own, clock, after, node: `node-${names}` },
      log: (entry) => void log.push(entry),
    })
    return {
      ...windows,
      log,
      told,
      calls: (count, bucket = acme) =>
        Array.from({ length: count }, () => windows.draw(bucket, perMinute)).filter(({ allowed }) => allowed)
          .length,
    }
  }

  return {
    ...{ clock, node, pass },
    /** Each is asked for something now and then, so that it tells and hears. */
    async settle(...asked: readonly Node[]) {
      for (let round = 0; round < 2; round += 1) {
        for (const one of asked) one.peek(acme, perMinute)
        await pass(1.25)
      }
    },
    becomeAway: (is: boolean) => {
      isAway = is
    },
    [Symbol.asyncDispose]: () => store.close(),
  }
}

const refused: Draw = { allowed: false, limit: 240, remaining: 0, resetAt: atTheMinute + 60_000 }

describe('a rate window with several nodes', () => {
  test('lets 240 calls through at all of them together, however they are spread', async () => {
    await using nodes = openNodes()
    const [one, other] = [nodes.node(), nodes.node()]
    let allowed = 0
    for (let second = 0; second < 30; second += 1) {
      allowed += one.calls(8) + other.calls(3)
      await nodes.pass(1.5)
    }
    // Once told, twice read: some calls of the last two rounds may be too many, and no more.
    expect(allowed).toBeGreaterThanOrEqual(240)
    expect(allowed).toBeLessThanOrEqual(240 + 22)
    expect([one, other].map((node) => node.draw(acme, perMinute))).toEqual([refused, refused])
  })

  test('is full again for all of them with the next minute', async () => {
    await using nodes = openNodes()
    const [one, other] = [nodes.node(), nodes.node()]
    one.calls(240)
    await nodes.settle(one, other)
    expect(other.calls(1)).toBe(0)
    nodes.clock.advance(60)
    expect(other.draw(acme, perMinute).remaining).toBe(239)
    await nodes.settle(one, other)
    expect(one.draw(acme, perMinute).remaining).toBe(238)
  })

  test('tells on each node what is left over all of them, to a look as well', async () => {
    await using nodes = openNodes()
    const [one, other] = [nodes.node(), nodes.node()]
    one.calls(100)
    other.calls(50)
    await nodes.settle(one, other)
    expect([one, other].map((node) => node.peek(acme, perMinute).remaining)).toEqual([90, 90])
    const third = nodes.node()
    third.peek(acme, perMinute)
    await nodes.pass(1)
    expect(third.peek(acme, perMinute)).toEqual({ ...refused, allowed: true, remaining: 90 })
    expect(third.told).toHaveLength(1)
    expect(third.draw(acme, perMinute).remaining).toBe(89)
  })

  test.each([
    ['ended', (node: Node) => node.close()],
    ['was killed', () => Promise.resolve()],
  ])('holds what a node counted that %s, for the one that is started in its place', async (_, end) => {
    await using nodes = openNodes()
    const [one, other] = [nodes.node(), nodes.node()]
    other.calls(1)
    await nodes.pass(1)
    one.calls(200)
    await nodes.pass(2)
    await end(one)
    const again = nodes.node()
    again.calls(1)
    await nodes.pass(1)
    expect(again.draw(acme, perMinute).remaining).toBe(240 - 203)
  })

  test('of which the last calls came just before a node ended is told as it ends', async () => {
    await using nodes = openNodes()
    const one = nodes.node()
    one.calls(1)
    await nodes.pass(1)
    one.calls(239)
    await one.close()
    const again = nodes.node()
    again.draw(acme, perMinute)
    await nodes.pass(1)
    expect(again.draw(acme, perMinute)).toEqual(refused)
  })

  test('of an hour is held for the hour', async () => {
    await using nodes = openNodes()
    const one = nodes.node()
    for (let call = 0; call < 100; call += 1) one.draw('dashboard-snapshot:us1:11', perHour)
    await nodes.pass(1)
    await one.close()
    nodes.clock.advance(3_500)
    const other = nodes.node()
    other.calls(1)
    await nodes.pass(1)
    expect(other.draw('dashboard-snapshot:us1:11', perHour).allowed).toBe(false)
    nodes.clock.advance(120)
    expect(other.draw('dashboard-snapshot:us1:11', perHour).remaining).toBe(99)
  })

  test('that a test uses up at one node is used up at the others', async () => {
    await using nodes = openNodes()
    const [one, other] = [nodes.node(), nodes.node()]
    other.calls(10)
    await nodes.pass(1)
    expect(one.exhaust(acme, perMinute)).toBe(atTheMinute + 60_000)
    await nodes.pass(2)
    other.calls(1)
    await nodes.pass(1)
    expect([one, other].map((node) => node.draw(acme, perMinute))).toEqual([refused, refused])
  })

  test('that a reset makes full again at one node is full at the others too', async () => {
    await using nodes = openNodes()
    const [one, other] = [nodes.node(), nodes.node()]
    one.calls(120)
    other.calls(120)
    await nodes.settle(one, other)
    expect([one, other].map((node) => node.draw(acme, perMinute))).toEqual([refused, refused])
    one.forget()
    expect(one.draw(acme, perMinute).remaining).toBe(239)
    await nodes.settle(one, other)
    expect(other.draw(acme, perMinute).remaining).toBe(238)
    await nodes.settle(one, other)
    expect(one.draw(acme, perMinute).remaining).toBe(237)
  })
})

describe('the store, for rate windows', () => {
  test('that is away leaves each node its own count of the limit, with what it heard before, which is said once', async () => {
    await using nodes = openNodes()
    const [one, other] = [nodes.node(), nodes.node()]
    one.calls(40)
    other.calls(1)
    await nodes.settle(one, other)
    nodes.becomeAway(true)
    let [ofOne, ofOther] = [0, 0]
    for (let second = 0; second < 20; second += 1) {
      ofOne += one.calls(30)
      ofOther += other.calls(30)
      await nodes.pass(1)
    }
    expect([ofOne, ofOther]).toEqual([199, 199])
    expect(one.log).toEqual([{ event: 'rate-windows-unshared', error: 'StoreFailure: away' }])
    nodes.becomeAway(false)
    await nodes.pass(3)
    expect(one.draw(acme, perMinute)).toEqual(refused)
    nodes.clock.advance(40)
    expect(one.calls(100)).toBe(100)
    await nodes.pass(2)
    other.calls(1)
    await nodes.pass(1)
    expect(other.draw(acme, perMinute).remaining).toBe(138)
    expect(one.log).toHaveLength(1)
  })

  test('is written when a count changed, once a second at most, and not for calls that are refused', async () => {
    await using nodes = openNodes()
    const [one, other] = [nodes.node(), nodes.node()]
    other.calls(1)
    await nodes.pass(1)
    for (let quarter = 0; quarter < 12; quarter += 1) {
      one.calls(5)
      await nodes.pass(0.25)
    }
    expect(one.told.length).toBeLessThanOrEqual(4)
    one.calls(240)
    await nodes.pass(2)
    const [, before] = [one.calls(10), one.told.length]
    for (let second = 0; second < 20; second += 1) {
      expect(one.calls(10)).toBe(0)
      await nodes.pass(1)
    }
    expect(one.told).toHaveLength(before)
  })

  test('gets one record of a node in ten seconds while it is alone', async () => {
    await using nodes = openNodes()
    const one = nodes.node()
    for (let second = 0; second < 30; second += 1) {
      one.calls(2)
      await nodes.pass(1)
    }
    expect(one.told).toHaveLength(3)
  })

  test('is told 500 windows at most, those with the least left, and no address', async () => {
    await using nodes = openNodes()
    const [one, other] = [nodes.node(), nodes.node()]
    other.calls(1)
    await nodes.pass(1)
    for (let address = 0; address < 2_000; address += 1)
      one.calls(1, `registration:198.51.100.7 of ${address}`)
    one.calls(240)
    await nodes.pass(2)
    const [record = ''] = one.told.slice(-1)
    expect(JSON.parse(record).windows).toHaveLength(500)
    expect(record).not.toMatch(/198\.51|registration|us1:/)
    other.calls(1)
    await nodes.pass(1)
    expect(other.draw(acme, perMinute)).toEqual(refused)
  })
})
