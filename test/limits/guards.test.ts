import { describe, expect, test } from 'vitest'
import type { Guards } from '#limits/limits.ts'
import { openLimits } from '#limits/store-limits.ts'
import type { Store } from '#store/store.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { openSharedLimits } from './open-shared-limits.ts'

const rule = { limit: 5, windowSeconds: 600 }
const key = 'password:us1:admin@acme.example'

const passedOf = async (hits: readonly ReturnType<Guards['hit']>[]): Promise<number> =>
  (await Promise.all(hits)).filter(({ blocked }) => !blocked).length

describe('guards', () => {
  test('pass `limit` attempts and block the next, with the seconds to wait', async () => {
    await using shared = openSharedLimits()
    const { guards } = shared.process()
    for (let attempt = 0; attempt < 5; attempt += 1) {
      expect(await guards.isBlocked(key, rule)).toBe(false)
      expect(await guards.hit(key, rule)).toEqual({ blocked: false, retryAfterSeconds: 0 })
      shared.clock.advance(10)
    }
    expect(await guards.isBlocked(key, rule)).toBe(true)
    expect(await guards.hit(key, rule)).toEqual({ blocked: true, retryAfterSeconds: 550 })
  })

  test('slide: each attempt leaves the window by itself', async () => {
    await using shared = openSharedLimits()
    const { guards } = shared.process()
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await guards.hit(key, rule)
      shared.clock.advance(100)
    }
    shared.clock.advance(100)
    expect(await passedOf([guards.hit(key, rule), guards.hit(key, rule)])).toBe(1)
    shared.clock.advance(100)
    expect(await passedOf([guards.hit(key, rule), guards.hit(key, rule)])).toBe(1)
  })

  test('do not prolong a block by attempts while it lasts', async () => {
    await using shared = openSharedLimits()
    const { guards } = shared.process()
    for (let attempt = 0; attempt < 50; attempt += 1) await guards.hit(key, rule)
    shared.clock.advance(600)
    expect(await guards.isBlocked(key, rule)).toBe(false)
  })

  test('lose nothing of parallel hits on three processes: exactly `limit` pass', async () => {
    await using shared = openSharedLimits()
    const processes = [shared.process(), shared.process(), shared.process()]
    const hits = Array.from({ length: 40 }, () => processes.map(({ guards }) => guards.hit(key, rule))).flat()
    expect(await passedOf(hits)).toBe(5)
  })

  test('are remembered by a process that starts later', async () => {
    await using shared = openSharedLimits()
    for (let attempt = 0; attempt < 5; attempt += 1) await shared.process().guards.hit(key, rule)
    expect(await shared.process().guards.isBlocked(key, rule)).toBe(true)
  })

  test('stand with --limits off', async () => {
    await using shared = openSharedLimits()
    const { guards } = shared.process({ enforced: false })
    for (let attempt = 0; attempt < 5; attempt += 1) await guards.hit(key, rule)
    expect(await guards.isBlocked(key, rule)).toBe(true)
  })

  test('give one attempt back', async () => {
    await using shared = openSharedLimits()
    const { guards } = shared.process()
    await guards.release(key)
    for (let attempt = 0; attempt < 5; attempt += 1) await guards.hit(key, rule)
    await guards.release(key)
    expect(await passedOf([guards.hit(key, rule), guards.hit(key, rule)])).toBe(1)
  })

  test('give the only attempt back without inventing one', async () => {
    await using shared = openSharedLimits()
    const { guards } = shared.process()
    await guards.hit(key, rule)
    await guards.release(key)
    await guards.release(key)
    expect(await passedOf(Array.from({ length: 9 }, () => guards.hit(key, rule)))).toBe(5)
  })

  test('forget a key that is cleared, and no other', async () => {
    await using shared = openSharedLimits()
    const { guards } = shared.process()
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await guards.hit(key, rule)
      await guards.hit('other', rule)
    }
    await guards.clear(key)
    expect(await guards.isBlocked(key, rule)).toBe(false)
    expect(await guards.isBlocked('other', rule)).toBe(true)
  })

  test('keep no text of a key in the store, and let its record expire with the window', async () => {
    const clock = fakeClock()
    const changes: unknown[] = []
    const store = {
      read: () => Promise.resolve([undefined]),
      commit: (change: unknown) => Promise.resolve(changes.push(change) ? 'committed' : 'conflict'),
    } as unknown as Store
    await openLimits({ store, clock, enforced: true }).guards.hit(key, rule)
    expect(JSON.stringify(changes)).not.toContain('acme')
    expect(changes).toMatchObject([[{ kind: 'put', expected: 'absent', expiresAt: clock.now() + 600_000 }]])
  })

  test('fail when the store does, and count again once it answers', async () => {
    await using shared = openSharedLimits()
    let isDown = true
    const store: Store = {
      ...shared.store,
      commit: (changes) => (isDown ? Promise.reject(new Error('disk full')) : shared.store.commit(changes)),
    }
    const { guards } = openLimits({ store, clock: shared.clock, enforced: true })
    await expect(guards.hit(key, rule)).rejects.toThrow('disk full')
    isDown = false
    expect(await passedOf(Array.from({ length: 9 }, () => guards.hit(key, rule)))).toBe(5)
  })

  test('give up after a bounded number of conflicts instead of letting an attempt through', async () => {
    let commits = 0
    const store = {
      read: () => Promise.resolve([undefined]),
      commit: () => {
        commits += 1
        return Promise.resolve('conflict')
      },
    } as unknown as Store
    const { guards } = openLimits({ store, clock: fakeClock(), enforced: true })
    await expect(guards.hit(key, rule)).rejects.toThrow('conflicts')
    expect(commits).toBe(32)
  })
})
