import { describe, expect, test } from 'vitest'
import { recordCache } from '#store/record-cache.ts'
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
    const cache = recordCache(20_000)
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
    const cache = recordCache(20_000)
    const used = recordOf('used')
    cache.keep(used)
    for (let number = 0; number < 200; number += 1) {
      cache.keep(recordOf(`${number}`))
      expect(cache.find('used')).toBe(used)
    }
  })

  test('forgets a record whenever it was kept, and replaces it by a newer one', () => {
    const keys = Array.from({ length: 15 }, (_, number) => `${number}`)
    for (const gone of keys) {
      const cache = recordCache(20_000)
      for (const key of keys) cache.keep(recordOf(key))
      cache.forget(gone)
      expect(cache.find(gone)).toBeUndefined()
      const newer = recordOf(gone)
      cache.keep(newer)
      expect(cache.find(gone)).toBe(newer)
    }
  })
})
