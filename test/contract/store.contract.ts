import { describe, expect, test } from 'vitest'
import { StoreFailure } from '#store/store.ts'
import { type Opened, type OpenedStore, putFor, versionOf } from './store-handles.ts'
import { describeListing, describePurging } from './store-listing.contract.ts'
import { describeRacing } from './store-racing.contract.ts'

/**
 * The facts that every adapter of the store port has to prove.
 * @param open gives an empty store, and closes it when the test has finished
 */
export function describeStore(name: string, open: () => Promise<OpenedStore>): void {
  const opened: Opened = async () => {
    const handles = await open()
    return { ...handles, put: putFor(handles.clock) }
  }
  describe(`${name} store`, () => {
    describeReading(opened)
    describeCommitting(opened)
    describeRacing(opened)
    describeListing(opened)
    describePurging(opened)
  })
}

function describeReading(opened: Opened): void {
  test('answers in the order of the keys, with undefined where there is no record', async () => {
    const { store, put } = await opened()
    await store.commit([put('a'), put('b')])
    const records = await store.read(['b', 'missing', 'a', 'b'])
    expect(records.map((record) => record?.value)).toEqual([
      'value of b',
      undefined,
      'value of a',
      'value of b',
    ])
    expect(await store.read([])).toEqual([])
  })

  test('answers key, version, value and expiry, frozen', async () => {
    const { store, put, clock } = await opened()
    await store.commit([put('a', { seconds: 7 })])
    const [record] = await store.read(['a'])
    expect(record).toEqual({
      key: 'a',
      version: expect.any(String),
      value: 'value of a',
      expiresAt: clock.now() + 7000,
    })
    expect(Object.isFrozen(record)).toBe(true)
  })

  test('hides a record from the instant of its expiry on', async () => {
    const { store, put, clock } = await opened()
    await store.commit([put('a', { seconds: 10, indexes: ['all'] })])
    clock.advance(9.999)
    expect(await store.read(['a'])).not.toEqual([undefined])
    clock.advance(0.001)
    expect(await store.read(['a'])).toEqual([undefined])
    expect(await store.list('all')).toEqual([])
  })

  test.each([
    ['line feeds, quotes and NUL', 'a\nb "c" \\ \0 d'],
    ['unicode', 'Grüße, 世界, 😀'],
    ['100 kB', 'x'.repeat(100_000)],
    ['nothing', ''],
  ])('gives back a value of %s unchanged', async (_, value) => {
    const { store, put } = await opened()
    await store.commit([put('a', { value }), put('ключ: 😀 \n', { value })])
    const [record, other] = await store.read(['a', 'ключ: 😀 \n'])
    expect(record?.value === value && other?.value === value).toBe(true)
  })

  test('keeps a record without end', async () => {
    const { store, put, clock } = await opened()
    await store.commit([put('a', { expiresAt: Number.MAX_SAFE_INTEGER })])
    clock.advance(100 * 365 * 86_400)
    expect(await store.read(['a'])).toMatchObject([{ expiresAt: Number.MAX_SAFE_INTEGER }])
  })

  test('sees its own commits in a recent read too', async () => {
    const { store, put } = await opened()
    for (const value of ['first', 'second', 'third']) {
      await store.commit([put('a', { value })])
      expect(await store.read(['a', 'missing'], 'recent')).toMatchObject([{ value }, undefined])
      expect(await store.read(['a'], 'recent')).toMatchObject([{ value }])
    }
    await store.commit([{ kind: 'delete', key: 'a' }])
    expect(await store.read(['a'], 'recent')).toEqual([undefined])
  })

  test('fails once it is closed, and closes twice without complaint', async () => {
    const { store, put } = await opened()
    await store.commit([put('a')])
    await store.close()
    await store.close()
    await expect(store.read(['a'])).rejects.toThrow(StoreFailure)
    await expect(store.commit([put('a')])).rejects.toThrow(StoreFailure)
  })
}

function describeCommitting(opened: Opened): void {
  test('creates a record only where none lives when it expects it absent', async () => {
    const { store, put, clock } = await opened()
    expect(await store.commit([put('a', { expected: 'absent', seconds: 10 })])).toBe('committed')
    expect(await store.commit([put('a', { expected: 'absent' })])).toBe('conflict')
    clock.advance(10)
    expect(await store.commit([put('a', { expected: 'absent' })])).toBe('committed')
  })

  test('replaces a record only while the expected version stands', async () => {
    const { store, put } = await opened()
    await store.commit([put('a')])
    const expected = await versionOf(store, 'a')
    expect(await store.commit([put('a', { expected, value: 'second' })])).toBe('committed')
    expect(await store.commit([put('a', { expected, value: 'third' })])).toBe('conflict')
    expect(await store.read(['a'])).toMatchObject([{ value: 'second' }])
    expect(await versionOf(store, 'a')).not.toBe(expected)
  })

  test('finds no version on an expired record', async () => {
    const { store, put, clock } = await opened()
    await store.commit([put('a', { seconds: 10 })])
    const expected = await versionOf(store, 'a')
    clock.advance(10)
    expect(await store.commit([put('a', { expected })])).toBe('conflict')
  })

  test('creates or replaces a record when it expects any', async () => {
    const { store, put } = await opened()
    expect(await store.commit([put('a', { value: 'first' })])).toBe('committed')
    expect(await store.commit([put('a', { value: 'second' })])).toBe('committed')
    expect(await store.read(['a'])).toMatchObject([{ value: 'second' }])
  })

  test('hands out what a value means with that very value alone, and never after a commit that was refused', async () => {
    const { store, another, put } = await opened()
    const meaning = { says: 'one' }
    const read = async () => (await store.read(['a']))[0]
    await store.commit([{ ...put('a', { value: 'one' }), meaning }])
    const written = await read()
    expect([undefined, meaning]).toContain(written?.meaning)
    const late = { ...put('a', { value: 'another', expected: 'absent' }), meaning: { says: 'another' } }
    expect(await store.commit([late])).toBe('conflict')
    expect([undefined, meaning]).toContain((await read())?.meaning)
    await (await another()).commit([put('a', { value: 'two' })])
    expect(await read()).toMatchObject({ value: 'two' })
    expect((await read())?.meaning).toBeUndefined()
  })

  test('takes a commit of nothing, which changes nothing', async () => {
    const { store, put } = await opened()
    expect(await store.commit([])).toBe('committed')
    await store.commit([put('a')])
    const version = await versionOf(store, 'a')
    expect(await store.commit([])).toBe('committed')
    expect(await versionOf(store, 'a')).toBe(version)
  })

  test('makes all of the changes or none', async () => {
    const { store, put } = await opened()
    await store.commit([put('a'), put('b')])
    const changes = [
      put('a', { value: 'new' }),
      put('c', { indexes: ['all'] }),
      { kind: 'delete', key: 'b' },
    ] as const
    expect(await store.commit([...changes, put('d', { expected: 'no such version' })])).toBe('conflict')
    expect(await store.read(['a', 'b', 'c'])).toMatchObject([
      { value: 'value of a' },
      { value: 'value of b' },
      undefined,
    ])
    expect(await store.list('all')).toEqual([])
    expect(await store.commit([...changes, put('d', { expected: 'absent' })])).toBe('committed')
    const after = await store.read(['a', 'b', 'c', 'd'])
    expect(after).toMatchObject([
      { value: 'new' },
      undefined,
      { value: 'value of c' },
      { value: 'value of d' },
    ])
  })

  test('deletes without conflict, also what is not there', async () => {
    const { store, put } = await opened()
    await store.commit([put('a')])
    expect(await store.commit([{ kind: 'delete', key: 'a' }])).toBe('committed')
    expect(await store.commit([{ kind: 'delete', key: 'a' }])).toBe('committed')
    expect(await store.read(['a'])).toEqual([undefined])
  })

  test('never gives a version twice, not even after deletion and re-creation with the same value', async () => {
    const { store, put } = await opened()
    await store.commit([put('a')])
    const expected = await versionOf(store, 'a')
    await store.commit([{ kind: 'delete', key: 'a' }])
    expect(await store.commit([put('a', { expected })])).toBe('conflict')
    await store.commit([put('a')])
    expect(await store.commit([put('a', { expected })])).toBe('conflict')
  })

  test('refuses a commit that names a key twice, and an expiry that is no safe integer', async () => {
    const { store, put } = await opened()
    await expect(store.commit([put('a'), put('a')])).rejects.toThrow('each key once')
    await expect(store.commit([put('a', { expiresAt: 0.5 })])).rejects.toThrow('safe integer')
  })
}
