import { randomBytes } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openMemoryStore } from '#store/memory.ts'
import { imageBases } from '#store/memory-bases.ts'
import { compareBytewise, keyLists } from '#store/memory-keys.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { describeStore } from './store.contract.ts'
import { putFor } from './store-handles.ts'

describeStore('memory', async () => {
  const clock = fakeClock()
  const { store } = openMemoryStore({ clock, random: randomBytes })
  onTestFinished(() => store.close())
  // It belongs to one process, where whoever needs it shares the same one.
  return { store, another: async () => store, clock }
})

describe('memory stores that share images', () => {
  /** Two stores on one image of 20 records. */
  async function twoOnOneImage() {
    const clock = fakeClock()
    const put = putFor(clock)
    const open = () => openMemoryStore({ clock, random: randomBytes, bases })
    const bases = imageBases()
    const seeded = open()
    const keys = Array.from({ length: 20 }, (_, number) => `${number}`)
    await seeded.store.commit(keys.map((key) => put(key, { indexes: ['all'] })))
    const image = await seeded.images.take()
    const [one, other] = [open(), open()]
    await Promise.all([one, other].map(({ images }) => images.restore(image)))
    return { one, other, image, put }
  }

  test('do not see what the other writes', async () => {
    const { one, other, put, image } = await twoOnOneImage()
    await one.store.commit([
      put('0', { value: 'new' }),
      { kind: 'delete', key: '1' },
      put('new', { indexes: ['all'] }),
    ])
    expect(await other.store.read(['0', '1', 'new'])).toMatchObject([
      { value: 'value of 0' },
      { value: 'value of 1' },
      undefined,
    ])
    expect(await other.store.list('all')).toHaveLength(20)
    expect(await other.images.take()).toBe(image)
  })

  test('share what is made of an image', () => {
    const bases = imageBases()
    const image = [{ key: 'a', value: '', expiresAt: 1, indexes: [] }]
    expect(bases.of(image)).toBe(bases.of(image))
  })

  test('give the same object for a record as long as it stands, so that readers can keep what they parsed', async () => {
    const { one, image, put } = await twoOnOneImage()
    const [first] = await one.store.read(['5'])
    await one.store.commit([put('6', { value: 'new' })])
    const [again] = await one.store.read(['5'])
    const listed = await one.store.list('all')
    expect(again).toBe(first)
    expect(listed.find(({ key }) => key === '5')).toBe(first)
    await one.images.restore(image)
    expect((await one.store.read(['5']))[0]).not.toBe(first)
  })
})

describe('lists of keys', () => {
  const keys = ['', 'a', 'a0', 'b', 'é', '\uFFFD', '😀', '😀a']

  test('compare as their UTF-8 text does', () => {
    for (const one of keys)
      for (const other of keys)
        expect(Math.sign(compareBytewise(one, other))).toBe(
          Buffer.compare(Buffer.from(one), Buffer.from(other)),
        )
  })

  test('stay in order whatever comes and goes, and hold nothing that went', () => {
    const lists = keyLists()
    for (const key of ['b', '😀', 'a', '\uFFFD', 'é', '😀a', 'a0', '']) lists.enlist(key, ['all', key])
    expect(lists.of('all')).toEqual(keys)
    expect(lists.of('a')).toEqual(['a'])
    for (const key of ['a', 'missing', '😀a', '']) lists.strike(key, ['all', 'a'])
    expect(lists.of('all')).toEqual(['a0', 'b', 'é', '\uFFFD', '😀'])
    expect(lists.of('a')).toEqual([])
  })
})
