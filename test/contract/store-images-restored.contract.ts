import { expect, test } from 'vitest'
import { keysOf, versionOf } from './store-handles.ts'
import { type OpenedWithPut, sortedImage } from './store-images-handles.ts'

/** What is special where an adapter leaves an image in its place and writes beside it. */
export function describeWritingOver(opened: OpenedWithPut): void {
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

export function describeExpecting(opened: OpenedWithPut): void {
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

export function describeExpiring(opened: OpenedWithPut): void {
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
