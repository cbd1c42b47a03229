import { expect, test } from 'vitest'
import { keysOf, type Opened } from './store-handles.ts'

export function describeListing(opened: Opened): void {
  test('lists the records of an index in bytewise order of their keys', async () => {
    const { store, put } = await opened()
    // In UTF-16 the last two would change places.
    const keys = ['A', 'a', 'a0', 'b', 'é', '\uFFFD', '😀']
    await store.commit([
      ...keys.toReversed().map((key) => put(key, { indexes: ['all', 'other'] })),
      put('unlisted'),
    ])
    expect(keysOf(await store.list('all'))).toEqual(keys)
    expect(await store.list('other')).toMatchObject(keys.map((key) => ({ key, value: `value of ${key}` })))
    expect(await store.list('all ')).toEqual([])
  })

  test('lists at most `limit` records, beginning after a key that need not exist', async () => {
    const { store, put, clock } = await opened()
    const keys = ['a', 'b', 'c', 'd', 'e']
    await store.commit(keys.map((key) => put(key, { indexes: ['all'], seconds: key === 'c' ? 10 : 60 })))
    clock.advance(10)
    expect(keysOf(await store.list('all', { limit: 3 }))).toEqual(['a', 'b', 'd'])
    expect(keysOf(await store.list('all', { after: 'b', limit: 1 }))).toEqual(['d'])
    expect(keysOf(await store.list('all', { after: 'aa' }))).toEqual(['b', 'd', 'e'])
    expect(await store.list('all', { after: 'e' })).toEqual([])
    expect(await store.list('all', { limit: 0 })).toEqual([])
  })

  test('lists 1,000 records when no limit is given, and the rest after the last of them', async () => {
    const { store, put } = await opened()
    const keys = Array.from({ length: 1_203 }, (_, number) => `${number}`.padStart(4, '0'))
    await store.commit(keys.map((key) => put(key, { indexes: ['all'] })))
    expect(keysOf(await store.list('all'))).toEqual(keys.slice(0, 1_000))
    expect(keysOf(await store.list('all', { after: '0999' }))).toEqual(keys.slice(1_000))
  })

  test('keeps the indexes of the creation when a record is replaced', async () => {
    const { store, put } = await opened()
    await store.commit([put('a', { indexes: ['first'] })])
    await store.commit([put('a', { indexes: ['second'], value: 'new' })])
    expect(await store.list('first')).toMatchObject([{ key: 'a', value: 'new' }])
    expect(await store.list('second')).toEqual([])
  })

  test('forgets the indexes of a deleted record, also when its key comes back', async () => {
    const { store, put } = await opened()
    await store.commit([put('a', { indexes: ['first', 'both'] })])
    await store.commit([{ kind: 'delete', key: 'a' }])
    expect(await store.list('first')).toEqual([])
    await store.commit([put('a', { indexes: ['second', 'both'] })])
    expect(await store.list('first')).toEqual([])
    expect(keysOf(await store.list('second'))).toEqual(['a'])
    expect(keysOf(await store.list('both'))).toEqual(['a'])
  })

  test.each(['absent', 'any'])(
    'forgets the indexes of an expired record replaced with %s expected',
    async (expected) => {
      const { store, put, clock } = await opened()
      await store.commit([put('a', { indexes: ['first'], seconds: 10 })])
      clock.advance(10)
      expect(await store.commit([put('a', { expected, indexes: ['second'] })])).toBe('committed')
      expect(await store.list('first')).toEqual([])
      expect(keysOf(await store.list('second'))).toEqual(['a'])
    },
  )

  test('keeps listing a record whose life is extended', async () => {
    const { store, put, clock } = await opened()
    await store.commit([put('a', { indexes: ['all'], seconds: 10 })])
    await store.commit([put('a', { seconds: 100 })])
    clock.advance(50)
    await store.purge(10)
    expect(keysOf(await store.list('all'))).toEqual(['a'])
  })
}

export function describePurging(opened: Opened): void {
  test('purges at most `limit` expired records and no live one', async () => {
    const { store, put, clock } = await opened()
    await store.commit([put('live')])
    await store.commit(['a', 'b', 'c', 'd', 'e'].map((key) => put(key, { seconds: 10, indexes: ['all'] })))
    expect(await store.purge(10)).toBe(0)
    clock.advance(10)
    expect(await store.purge(0)).toBe(0)
    expect(await store.purge(2)).toBe(2)
    expect(await store.purge(2)).toBe(2)
    expect(await store.purge(2)).toBe(1)
    expect(await store.purge(2)).toBe(0)
    expect(await store.read(['live'])).toMatchObject([{ key: 'live' }])
  })

  test('purges no record whose life was extended, and nothing of a deleted one', async () => {
    const { store, put, clock } = await opened()
    await store.commit([put('extended', { seconds: 10 }), put('deleted', { seconds: 10 })])
    await store.commit([put('extended', { seconds: 100 }), { kind: 'delete', key: 'deleted' }])
    clock.advance(50)
    expect(await store.purge(10)).toBe(0)
    expect(await store.read(['extended'])).toMatchObject([{ key: 'extended' }])
  })

  test('leaves no trace of a purged record in its indexes', async () => {
    const { store, put, clock } = await opened()
    await store.commit([put('a', { seconds: 10, indexes: ['all'] })])
    clock.advance(10)
    await store.purge(10)
    await store.commit([put('a')])
    expect(await store.list('all')).toEqual([])
  })
}
