import { describe, expect, test } from 'vitest'
import { endedKeys, recordCache } from '#store/record-cache.ts'
import type { StoredRecord } from '#store/store.ts'

const recordOf = (key: string, size = 1_000): StoredRecord => ({
  key,
  version: 'v',
  value: 'x'.repeat(size),
  expiresAt: 0,
})

/** Which of the keys are still there when all were kept in their order. Asking counts as use, so each has its own cache. */
const leftOf = (keys: readonly string[], size: number): readonly string[] =>
  keys.filter((asked) => {
    const cache = recordCache(20_000, () => 0)
    for (const key of keys) cache.keep(recordOf(key, size))
    return cache.find(asked)
  })

describe('record cache', () => {
  test('holds no more than its size, and what was used last', () => {
    const keys = Array.from({ length: 200 }, (_, number) => `${number}`)
    const left = leftOf(keys, 1_000)
    expect(left.length).toBeGreaterThan(5)
    expect(left.length * 1_000).toBeLessThan(20_000)
    expect(left).toEqual(keys.slice(-left.length))
  })

  test('bounds many small records too', () => {
    const keys = Array.from({ length: 1_000 }, (_, number) => `${number}`)
    expect(leftOf(keys, 0).length).toBeLessThan(200)
  })

  test('keeps a record that is used while others come and go', () => {
    const cache = recordCache(20_000, () => 0)
    const used = recordOf('used')
    cache.keep(used)
    for (let number = 0; number < 200; number += 1) {
      cache.keep(recordOf(`${number}`))
      expect(cache.find('used')).toBe(used)
    }
  })

  test('keeps what is asked for in every minute, and lets go of the rest, however much room there is', () => {
    let now = 0
    const cache = recordCache(1_000_000, () => now)
    const used = recordOf('used')
    cache.keep(used)
    cache.keep(recordOf('dead'))
    for (let minute = 0; minute < 3; minute += 1) {
      now += 61_000
      cache.keep(recordOf(`of-minute-${minute}`))
      expect(cache.find('used')).toBe(used)
    }
    expect(['dead', 'of-minute-0', 'of-minute-1', 'of-minute-2'].filter((key) => cache.find(key))).toEqual([
      'of-minute-1',
      'of-minute-2',
    ])
  })

  test('forgets a record whenever it was kept, and replaces it by a newer one', () => {
    const keys = Array.from({ length: 15 }, (_, number) => `${number}`)
    for (const gone of keys) {
      const cache = recordCache(20_000, () => 0)
      for (const key of keys) cache.keep(recordOf(key))
      cache.forget(gone)
      expect(cache.find(gone)).toBeUndefined()
      const newer = recordOf(gone)
      cache.keep(newer)
      expect(cache.find(gone)).toBe(newer)
    }
  })
})

describe('ended keys', () => {
  test('are the latest, at least half of as many as there may be and never more', () => {
    const ended = endedKeys(100)
    const keys = Array.from({ length: 1_000 }, (_, number) => `${number}`)
    for (const key of keys) ended.add(key)
    const known = keys.filter(ended.has)
    expect(known.length).toBeGreaterThanOrEqual(50)
    expect(known.length).toBeLessThanOrEqual(100)
    expect(known).toEqual(keys.slice(-known.length))
  })

  test('push no others out when they end again, and are forgotten one by one or all at once', () => {
    const ended = endedKeys(4)
    for (const key of ['a', 'b', 'b', 'b', 'c', 'c', 'd', 'd']) ended.add(key)
    expect(['a', 'b', 'c', 'd'].filter(ended.has)).toEqual(['a', 'b', 'c', 'd'])
    ended.delete('a')
    ended.delete('d')
    expect(['a', 'b', 'c', 'd'].filter(ended.has)).toEqual(['b', 'c'])
    ended.clear()
    expect(['b', 'c'].filter(ended.has)).toEqual([])
  })
})
