import { describe, expect, test } from 'vitest'
import { StoreFailure } from '#store/store.ts'
import { keysOf, putFor } from './store-handles.ts'
import { type OpenedImages, type OpenedWithPut, sortedImage } from './store-images-handles.ts'
import { describeExpecting, describeExpiring, describeWritingOver } from './store-images-restored.contract.ts'

/**
 * The facts that every adapter has to prove of its images.
 * @param open gives an empty store, and closes it when the test has finished
 */
export function describeImages(name: string, open: () => Promise<OpenedImages>): void {
  const opened: OpenedWithPut = async () => {
    const handles = await open()
    return { ...handles, put: putFor(handles.clock) }
  }
  describe(`images of the ${name} store`, () => {
    describeTaking(opened)
    describeRestoring(opened)
    describeWritingOver(opened)
    describeExpecting(opened)
    describeExpiring(opened)
  })
}

function describeTaking(opened: OpenedWithPut): void {
  test('an image holds keys, values, expiries and indexes of the live records, frozen', async () => {
    const { store, images, put, clock } = await opened()
    const value = 'Grüße\n"世界" 😀 \0'
    await store.commit([put('a', { indexes: ['one', 'two'] }), put('ключ\n😀', { value }), put('gone')])
    await store.commit([put('short', { seconds: 10 }), { kind: 'delete', key: 'gone' }])
    clock.advance(10)
    const image = await images.take()
    const expiresAt = clock.now() + 50_000
    expect(sortedImage(image)).toEqual([
      { key: 'a', value: 'value of a', expiresAt, indexes: ['one', 'two'] },
      { key: 'ключ\n😀', value, expiresAt, indexes: [] },
    ])
    expect([image, ...image].every(Object.isFrozen)).toBe(true)
  })

  test('an image of an empty store is empty, and empties a store', async () => {
    const { store, images, put } = await opened()
    const empty = await images.take()
    expect(empty).toEqual([])
    await store.commit([put('a', { indexes: ['all'] })])
    await images.restore(empty)
    expect([...(await store.read(['a'])), ...(await store.list('all'))]).toEqual([undefined])
  })

  test('what is committed later changes no image, before a restore and after it', async () => {
    const { store, images, put } = await opened()
    await store.commit([put('a'), put('b')])
    const image = await images.take()
    const before = structuredClone(image)
    await store.commit([put('a', { value: 'new' }), { kind: 'delete', key: 'b' }, put('c')])
    await images.restore(image)
    await store.commit([{ kind: 'delete', key: 'a' }, put('b', { value: 'new' }), put('c')])
    expect(image).toEqual(before)
  })

  test('a closed store neither gives an image nor takes one', async () => {
    const { store, images } = await opened()
    await store.close()
    await expect(images.take()).rejects.toThrow(StoreFailure)
    await expect(images.restore([])).rejects.toThrow(StoreFailure)
  })
}

function describeRestoring(opened: OpenedWithPut): void {
  test('a restore takes back what was added, changed and deleted, also in the indexes', async () => {
    const { store, another, images, put } = await opened()
    await store.commit(['a', 'b', 'c'].map((key) => put(key, { indexes: ['all', key] })))
    const image = await images.take()
    await store.commit([
      { kind: 'delete', key: 'a' },
      put('b', { value: 'new' }),
      put('d', { indexes: ['all'] }),
    ])
    await store.commit([put('a', { indexes: ['other'] }), { kind: 'delete', key: 'c' }])
    const other = await another()
    await other.read(['a', 'b', 'c', 'd'])
    await images.restore(image)
    for (const handle of [store, other]) {
      const values = ['value of a', 'value of b', 'value of c'].map((value) => ({ value }))
      expect(await handle.read(['a', 'b', 'c', 'd'])).toMatchObject([...values, undefined])
      expect(await handle.list('all')).toMatchObject(values)
      expect(keysOf(await handle.list('a'))).toEqual(['a'])
      expect(await handle.list('other')).toEqual([])
    }
  })

  test('an image of 1,203 records comes back whole, twice', async () => {
    const { store, images, put } = await opened()
    const keys = Array.from({ length: 1_203 }, (_, number) => `${number}`.padStart(4, '0'))
    await store.commit(keys.map((key) => put(key, { indexes: ['all'] })))
    const image = await images.take()
    for (const round of ['first', 'second']) {
      await store.commit(keys.slice(0, 600).map((key) => ({ kind: 'delete', key })))
      await store.commit([put(round, { indexes: ['all'] })])
      await images.restore(image)
      expect(keysOf(await store.list('all', { limit: 2_000 }))).toEqual(keys)
      expect(sortedImage(await images.take())).toEqual(sortedImage(image))
    }
  })

  test('an image that names a key twice is refused, and changes nothing', async () => {
    const { store, images, put, clock } = await opened()
    await store.commit([put('a')])
    const record = { key: 'b', value: '', expiresAt: clock.now() + 1_000, indexes: [] }
    await expect(images.restore([record, record])).rejects.toThrow('each key once')
    await expect(images.restore([{ ...record, expiresAt: 0.5 }])).rejects.toThrow('safe integer')
    expect(await store.read(['a', 'b'])).toMatchObject([{ value: 'value of a' }, undefined])
  })

  test('commits in flight are before the restore or after it, but never half', async () => {
    const { store, another, images, put } = await opened()
    const other = await another()
    const pair = (key: string, value: string) =>
      [
        put(`${key} one`, { value, indexes: ['all'] }),
        put(`${key} two`, { value, indexes: ['all'] }),
      ] as const
    await store.commit(pair('imaged', 'image'))
    const image = await images.take()
    const commits = (from: number) =>
      Array.from({ length: 20 }, (_, number) => {
        const handle = number % 2 === 0 ? store : other
        return handle.commit([...pair('imaged', `${from + number}`), ...pair(`${from + number}`, 'new')])
      })
    await Promise.all([...commits(100), images.restore(image), ...commits(200)])
    const left = new Map((await store.list('all')).map(({ key, value }) => [key, value]))
    expect(left.get('imaged one')).toBe(left.get('imaged two'))
    for (const [key, value] of left) expect(left.get(key.replace(/one$/, 'two'))).toBe(value)
    expect(left.size % 2).toBe(0)
    await images.restore(image)
    expect(keysOf(await store.list('all'))).toEqual(['imaged one', 'imaged two'])
  })
}
