import { describe, expect, test } from 'vitest'
import { openLimits } from '#limits/store-limits.ts'
import type { Store } from '#store/store.ts'
import { openSharedLimits } from './open-shared-limits.ts'

const noisy = '192.0.2.7'

const countMany = (
  sourceBlock: { count(address: string): Promise<number> },
  times: number,
  address = noisy,
) => Promise.all(Array.from({ length: times }, () => sourceBlock.count(address)))

describe('source block, thousandeyes-facts 6.4', () => {
  test('lets 120 unauthorized answers out and not one more, from parallel calls too', async () => {
    await using shared = openSharedLimits()
    const { sourceBlock } = shared.process()
    const verdicts = await countMany(sourceBlock, 300)
    expect(verdicts.filter((blockedUntil) => blockedUntil === 0)).toHaveLength(120)
    expect(sourceBlock.blockedUntil(noisy)).toBe(shared.clock.now() + 3_600_000)
  })

  test('blocks whatever comes after the 120th, a right token too', async () => {
    await using shared = openSharedLimits()
    const { sourceBlock } = shared.process()
    for (let answers = 0; answers < 119; answers += 1) await sourceBlock.count(noisy)
    expect(await sourceBlock.blockedUntil(noisy)).toBe(0)
    await sourceBlock.count(noisy)
    expect(await sourceBlock.blockedUntil(noisy)).toBe(shared.clock.now() + 3_600_000)
  })

  test('counts exactly over two processes', async () => {
    await using shared = openSharedLimits()
    const [one, other] = [shared.process(), shared.process()]
    const verdicts = await Promise.all([countMany(one.sourceBlock, 100), countMany(other.sourceBlock, 100)])
    expect(verdicts.flat().filter((blockedUntil) => blockedUntil === 0)).toHaveLength(120)
  })

  test('is seen by another process about a second later', async () => {
    await using shared = openSharedLimits()
    const [one, other] = [shared.process(), shared.process()]
    expect(await other.sourceBlock.blockedUntil(noisy)).toBe(0)
    await countMany(one.sourceBlock, 121)
    expect(other.sourceBlock.blockedUntil(noisy)).toBe(0)
    shared.clock.advance(1)
    await expect.poll(() => other.sourceBlock.blockedUntil(noisy)).toBeGreaterThan(0)
  })

  test('is known to a process that has just started before its first call is let through', async () => {
    await using shared = openSharedLimits()
    await countMany(shared.process().sourceBlock, 121)
    const { sourceBlock } = shared.process()
    const first = await Promise.all([sourceBlock.blockedUntil(noisy), sourceBlock.blockedUntil(noisy)])
    expect(first.every((blockedUntil) => blockedUntil > shared.clock.now())).toBe(true)
  })

  test('ends when the oldest answer is an hour old', async () => {
    await using shared = openSharedLimits()
    const { sourceBlock } = shared.process()
    await countMany(sourceBlock, 121)
    shared.clock.advance(3599)
    expect(sourceBlock.blockedUntil(noisy)).toBeGreaterThan(0)
    shared.clock.advance(1)
    expect(sourceBlock.blockedUntil(noisy)).toBe(0)
    expect(await sourceBlock.count(noisy)).toBe(0)
  })

  test('is lifted by the operator', async () => {
    await using shared = openSharedLimits()
    const { sourceBlock } = shared.process()
    await countMany(sourceBlock, 121)
    await sourceBlock.lift(noisy)
    expect(await sourceBlock.blockedUntil(noisy)).toBe(0)
    expect(await sourceBlock.count(noisy)).toBe(0)
  })

  test('leaves other addresses alone', async () => {
    await using shared = openSharedLimits()
    const { sourceBlock } = shared.process()
    await countMany(sourceBlock, 121)
    expect(await sourceBlock.blockedUntil('192.0.2.8')).toBe(0)
  })

  test.each([
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', true],
    ['2001:db8:1:2::1', '2001:0db8:0001:0002:0:0:0:9', true],
    ['fe80::1%eth0', 'fe80::2', true],
    ['::1', '::2', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ])('takes %s and %s for one source: %s', async (counted, asked, isOne) => {
    await using shared = openSharedLimits()
    const { sourceBlock } = shared.process()
    await countMany(sourceBlock, 121, counted)
    expect((await sourceBlock.blockedUntil(asked)) > 0).toBe(isOne)
  })

  test('answers from memory: a thousand questions within a second read the store once', async () => {
    await using shared = openSharedLimits()
    let reads = 0
    const store: Store = {
      ...shared.store,
      read: (keys) => {
        reads += 1
        return shared.store.read(keys)
      },
    }
    const { sourceBlock } = openLimits({ store, clock: shared.clock, enforced: true })
    await sourceBlock.blockedUntil(noisy)
    for (let call = 0; call < 1000; call += 1) expect(sourceBlock.blockedUntil(noisy)).toBe(0)
    expect(reads).toBe(1)
  })

  test('fails towards the caller while an unknown address cannot be looked up, and asks again', async () => {
    await using shared = openSharedLimits()
    let isDown = true
    const store: Store = {
      ...shared.store,
      read: (keys) => (isDown ? Promise.reject(new Error('no store')) : shared.store.read(keys)),
    }
    const { sourceBlock } = openLimits({ store, clock: shared.clock, enforced: true })
    await expect(sourceBlock.blockedUntil(noisy)).rejects.toThrow('no store')
    isDown = false
    expect(await sourceBlock.blockedUntil(noisy)).toBe(0)
    isDown = true
    shared.clock.advance(5)
    expect(sourceBlock.blockedUntil(noisy)).toBe(0)
  })

  test('keeps up with more addresses than it remembers', async () => {
    await using shared = openSharedLimits()
    const { sourceBlock } = shared.process()
    await countMany(sourceBlock, 121)
    for (let host = 0; host < 10_050; host += 1)
      await sourceBlock.blockedUntil(`198.51.${host >> 8}.${host & 255}`)
    expect(await sourceBlock.blockedUntil(noisy)).toBeGreaterThan(0)
  })

  test('is off with --limits off', async () => {
    await using shared = openSharedLimits()
    const { sourceBlock } = shared.process({ enforced: false })
    expect(new Set(await countMany(sourceBlock, 300))).toEqual(new Set([0]))
    expect(sourceBlock.blockedUntil(noisy)).toBe(0)
    await sourceBlock.lift(noisy)
  })
})
