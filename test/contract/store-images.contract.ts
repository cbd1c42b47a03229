import { describe, expect, test } from 'vitest'
import type { ImagedRecord, StoreImage, OpenedStore as StoreWithImages } from '#store/images.ts'
import { type Store, StoreFailure } from '#store/store.ts'
import type { FakeClock } from '../support/fake-clock.ts'
import { keysOf, type MakePut, putFor, versionOf } from './store-handles.ts'

export interface OpenedImages extends StoreWithImages {
  /** Another handle on the same records; the same one where there can be only one. */
  another(): Promise<Store>
  readonly clock: FakeClock
}

type Opened = () => Promise<OpenedImages & { readonly put: MakePut }>

/** As adapters give records and their indexes in the order that suits them. */
export const sortedImage = (image: StoreImage): readonly ImagedRecord[] =>
  image
    .map((record) => ({ ...record, indexes: record.indexes.toSorted() }))
    .toSorted((one, other) => (one.key < other.key ? -1 : 1))

/**
 * The facts that every adapter has to prove of its images.
 * @param open gives an empty store, and closes it when the test has finished
 */
export function describeImages(name: string, open: () => Promise<OpenedImages>): void {
  const opened: Opened = async () => {
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

function describeTaking(opened: Opened): void {
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

function describeRestoring(opened: Opened): void {
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

/** What is special where an adapter leaves an image in its place and writes beside it. */
function describeWritingOver(opened: Opened): void {
  async function restored() {
    const handles = await opened()
    const { store, images, put } = handles
    await store.commit(['b', 'd', 'f', '\uFFFD'].map((key) => put(key, { indexes: ['all', 'image'] })))
    await images.restore(await images.take())
    return handles
  }

  test('a restored record that is replaced keeps its indexes', async () => {
    const { store, put } = await restored()
    await store.commit([put('b', { value: 'new', indexes: ['other'] })])
    expect(await store.list('all', { limit: 1 })).toMatchObject([{ key: 'b', value: 'new' }])
    expect(await store.list('other')).toEqual([])
  })

  test('a restored record that is deleted leaves its indexes, also when its key comes back', async () => {
    const { store, put } = await restored()
    await store.commit([{ kind: 'delete', key: 'd' }])
    expect(await store.read(['d'])).toEqual([undefined])
    expect(keysOf(await store.list('all'))).toEqual(['b', 'f', '\uFFFD'])
    await store.commit([put('d', { indexes: ['all'] })])
    expect(keysOf(await store.list('image'))).toEqual(['b', 'f', '\uFFFD'])
    expect(keysOf(await store.list('all'))).toEqual(['b', 'd', 'f', '\uFFFD'])
  })

  test('restored and new records are listed together, in bytewise order of their keys', async () => {
    const { store, put } = await restored()
    await store.commit(['a', 'c', 'd0', 'g', '😀'].map((key) => put(key, { indexes: ['all'] })))
    const keys = ['a', 'b', 'c', 'd', 'd0', 'f', 'g', '\uFFFD', '😀']
    expect(keysOf(await store.list('all'))).toEqual(keys)
    for (const [place, after] of keys.entries())
      expect(keysOf(await store.list('all', { after, limit: 3 }))).toEqual(keys.slice(place + 1, place + 4))
    expect(keysOf(await store.list('all', { after: 'e', limit: 2 }))).toEqual(['f', 'g'])
  })

  test('an image of a changed image has the changes', async () => {
    const { store, images, put } = await restored()
    await store.commit([
      put('b', { value: 'new' }),
      { kind: 'delete', key: 'd' },
      put('e', { indexes: ['all'] }),
    ])
    const image = await images.take()
    expect(sortedImage(image)).toMatchObject([
      { key: 'b', value: 'new', indexes: ['all', 'image'] },
      { key: 'e', value: 'value of e', indexes: ['all'] },
      { key: 'f', value: 'value of f', indexes: ['all', 'image'] },
      { key: '\uFFFD' },
    ])
    await images.restore(image)
    expect(keysOf(await store.list('all'))).toEqual(['b', 'e', 'f', '\uFFFD'])
  })
}

function describeExpecting(opened: Opened): void {
  test('a version that was read before a restore conflicts after it, also of an unchanged record', async () => {
    const { store, images, put } = await opened()
    await store.commit([put('same'), put('changed')])
    const image = await images.take()
    const seen: [string, string][] = []
    for (let round = 0; round < 3; round += 1) {
      seen.push(['same', await versionOf(store, 'same')], ['changed', await versionOf(store, 'changed')])
      await store.commit([put('changed', { value: `${round}` })])
      seen.push(['changed', await versionOf(store, 'changed')])
      await images.restore(image)
      for (const [key, expected] of seen)
        expect(await store.commit([put(key, { expected })])).toBe('conflict')
    }
    expect(sortedImage(await images.take())).toEqual(sortedImage(image))
  })

  test('the version of a restored record stands until it is replaced, once', async () => {
    const { store, images, put } = await opened()
    await store.commit([put('a')])
    await images.restore(await images.take())
    const expected = await versionOf(store, 'a')
    expect(await versionOf(store, 'a')).toBe(expected)
    expect(await store.commit([put('a', { expected })])).toBe('committed')
    expect(await store.commit([put('a', { expected })])).toBe('conflict')
  })

  test('absent is what the image does not hold', async () => {
    const { store, images, put } = await opened()
    await store.commit([put('a')])
    const image = await images.take()
    await store.commit([{ kind: 'delete', key: 'a' }, put('b')])
    await images.restore(image)
    expect(await store.commit([put('a', { expected: 'absent' })])).toBe('conflict')
    expect(await store.commit([put('b', { expected: 'absent' })])).toBe('committed')
    expect(await store.commit([{ kind: 'delete', key: 'a' }])).toBe('committed')
    expect(await store.commit([put('a', { expected: 'absent' })])).toBe('committed')
  })
}

function describeExpiring(opened: Opened): void {
  async function restoredLate() {
    const handles = await opened()
    const { store, images, put, clock } = handles
    await store.commit(['a', 'b'].map((key) => put(key, { indexes: ['all'], seconds: 10 })))
    await store.commit([put('live', { indexes: ['all'], seconds: 100 })])
    const image = await images.take()
    clock.advance(10)
    await images.restore(image)
    return handles
  }

  test('records that expired since stay hidden, and their keys are free', async () => {
    const { store, images, put, clock } = await restoredLate()
    expect(await store.read(['a', 'live'])).toMatchObject([undefined, { expiresAt: clock.now() + 90_000 }])
    expect(keysOf(await store.list('all'))).toEqual(['live'])
    expect((await images.take()).map(({ key }) => key)).toEqual(['live'])
    expect(await store.commit([put('a', { expected: 'absent', indexes: ['other'] })])).toBe('committed')
    expect(keysOf(await store.list('all'))).toEqual(['live'])
    expect(keysOf(await store.list('other'))).toEqual(['a'])
  })

  test('purging goes on after a restore, slice by slice, and spares what lives', async () => {
    const { store, put, clock } = await restoredLate()
    await store.commit([put('new', { indexes: ['all'], seconds: 5 }), put('live', { seconds: 200 })])
    clock.advance(100)
    for (let slices = 0; (await store.purge(1)) === 1; slices += 1) expect(slices).toBeLessThan(3)
    expect(await store.purge(10)).toBe(0)
    expect(keysOf(await store.list('all'))).toEqual(['live'])
    expect(await store.read(['a', 'b', 'new'])).toEqual([undefined, undefined, undefined])
  })

  test('a record purged or expired after a restore is back with the next one, as long as it lives', async () => {
    const { store, images, put, clock } = await opened()
    await store.commit([put('a', { seconds: 10, indexes: ['all'] })])
    const image = await images.take()
    await images.restore(image)
    clock.advance(10)
    expect(await store.purge(10)).toBe(1)
    clock.advance(-10)
    expect(await store.list('all')).toEqual([])
    await images.restore(image)
    expect(keysOf(await store.list('all'))).toEqual(['a'])
  })
}
