import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { OpenedStore } from '#store/images.ts'
import { type Change, type Store, type StoredRecord, StoreFailure } from '#store/store.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { plainClient } from '../support/own-redis.ts'
import { atHand, openOnRedis, redisOfFile, untilAtHand } from './redis-ground.ts'
import { putFor } from './store-handles.ts'
import { startRedisProxy } from './store-redis-proxy.ts'

const server = redisOfFile()

const clock = fakeClock()
const put = putFor(clock)
let opened = 0

/** Two nodes on one Redis, in a part of it of their own. @param nearAddress how the first one reaches it */
function openWithImages(nearAddress = server().address): Promise<[OpenedStore, OpenedStore]> {
  opened += 1
  const parts = { clock, tag: `recent ${opened}` }
  return Promise.all([
    openOnRedis({ address: nearAddress, ...parts }),
    openOnRedis({ address: server().address, ...parts }),
  ])
}

/** Their stores alone. */
async function openNodes(nearAddress = server().address): Promise<{ near: Store; far: Store }> {
  const [{ store: near }, { store: far }] = await openWithImages(nearAddress)
  return { near, far }
}

const recent = async (store: Store, key: string): Promise<StoredRecord | undefined> =>
  (await store.read([key], 'recent'))[0]

/** Whether the node answers without asking Redis. */
const isAtHand = (store: Store, key: string): boolean => atHand(store, key) !== undefined

/** @returns how many ms it took until the node had another value, or told of none; fails after some seconds */
async function untilValue(store: Store, key: string, value: string | undefined): Promise<number> {
  const begun = performance.now()
  for (;;) {
    const found = await recent(store, key).catch((failure: StoreFailure) => failure)
    if (!(found instanceof Error) && found?.value === value) return performance.now() - begun
    if (performance.now() - begun > 8_000) throw new Error(`${key} did not become ${value}`)
    await pause(5)
  }
}

describe('a recent read on Redis', () => {
  test('answers from memory what was read before, and asks for what was not', async () => {
    const { near } = await openNodes()
    await near.commit([put('a'), put('b')])
    await untilAtHand(near, 'a')
    expect(isAtHand(near, 'b')).toBe(false)
    expect(await near.read(['a', 'b'], 'recent')).toMatchObject([{ key: 'a' }, { key: 'b' }])
    expect(await recent(near, 'missing')).toBeUndefined()
    expect(isAtHand(near, 'missing')).toBe(false)
    const exact = near.read(['a'], 'exact')
    expect(exact).toBeInstanceOf(Promise)
    await exact
  })

  test('never shows a record beyond its end', async () => {
    const { near } = await openNodes()
    await near.commit([put('a', { seconds: 10 })])
    await untilAtHand(near, 'a')
    clock.advance(10)
    expect(await recent(near, 'a')).toBeUndefined()
  })

  test('sees a commit of its own node at once', async () => {
    const { near } = await openNodes()
    await near.commit([put('a')])
    await untilAtHand(near, 'a')
    for (let round = 0; round < 50; round += 1) {
      await near.commit([put('a', { value: `round ${round}` })])
      expect((await recent(near, 'a'))?.value).toBe(`round ${round}`)
    }
    await near.commit([{ kind: 'delete', key: 'a' }])
    expect(await recent(near, 'a')).toBeUndefined()
  })

  test('sees what another node changed or deleted as soon as it was announced, and never the old again', async () => {
    const { near, far } = await openNodes()
    await far.commit([put('first')])
    await untilAtHand(near, 'first')
    for (let round = 0; round < 40; round += 1) {
      const key = `of round ${round}`
      const value = round % 2 === 0 ? undefined : 'new'
      await far.commit([put(key)])
      // Readings race with the change: none of them may keep what was there before.
      const reading = Promise.allSettled(Array.from({ length: 20 }, () => near.read([key], 'recent')))
      await far.commit([value === undefined ? { kind: 'delete', key } : put(key, { value })])
      await untilValue(near, key, value)
      await reading
      await pause(2)
      expect((await recent(near, key))?.value).toBe(value)
    }
  })
})

describe('a record that ended for good', () => {
  const ending = (key: string): Change => ({ kind: 'delete', key, isFinal: true })

  test('is known to have ended wherever that was heard; of one that was only deleted Redis is asked', async () => {
    const { near, far } = await openNodes()
    await far.commit([put('ended'), put('deleted'), put('there')])
    await Promise.all([untilAtHand(near, 'there'), untilAtHand(far, 'there')])
    await far.commit([ending('ended'), { kind: 'delete', key: 'deleted' }], 'everywhere')
    for (const store of [near, far]) {
      await expect.poll(() => atHand(store, 'ended'), { timeout: 5_000 }).toEqual([undefined])
      expect(atHand(store, 'deleted')).toBeUndefined()
      expect(atHand(store, 'never there')).toBeUndefined()
    }
  })

  test('is asked for anew by a node that hears no beats', async () => {
    const proxy = await startRedisProxy(server().port)
    const { near, far } = await openNodes(proxy.address)
    await far.commit([put('a'), put('b')])
    await untilAtHand(near, 'b')
    await far.commit([ending('a')], 'everywhere')
    await expect.poll(() => atHand(near, 'a'), { timeout: 5_000 }).toEqual([undefined])
    proxy.muteAnnouncements()
    await expect.poll(() => atHand(near, 'a'), { timeout: 5_000 }).toBeUndefined()
  })

  test('is back for every node once an image of before is restored', async () => {
    const [near, far] = await openWithImages()
    await near.store.commit([put('a'), put('b')])
    await Promise.all([untilAtHand(near.store, 'b'), untilAtHand(far.store, 'b')])
    const image = await near.images.take()
    await near.store.commit([ending('a')], 'everywhere')
    await expect.poll(() => atHand(far.store, 'a'), { timeout: 5_000 }).toEqual([undefined])
    await near.images.restore(image)
    for (const { store } of [near, far]) expect(await recent(store, 'a')).toMatchObject({ key: 'a' })
  })

  test('is back also for a node that never heard that an image was restored', async () => {
    const proxy = await startRedisProxy(server().port)
    const [near, far] = await openWithImages(proxy.address)
    await far.store.commit([put('a')])
    await untilAtHand(near.store, 'a')
    const image = await far.images.take()
    await far.store.commit([ending('a')], 'everywhere')
    await expect.poll(() => atHand(near.store, 'a'), { timeout: 5_000 }).toEqual([undefined])
    // No other one follows: what is not there is neither deleted nor put back with a word.
    proxy.loseNextAnnouncement()
    await far.images.restore(image)
    await expect.poll(() => recent(near.store, 'a'), { timeout: 5_000 }).toMatchObject({ key: 'a' })
  })
})

describe('a node that hears no announcements', () => {
  test('keeps nothing when its subscription ends', async () => {
    const { near, far } = await openNodes()
    await far.commit([put('a')])
    await untilAtHand(near, 'a')
    const redis = plainClient(server())
    for (let round = 0; round < 5; round += 1) {
      await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await far.commit([put('a', { value: `round ${round}` })])
      await untilValue(near, 'a', `round ${round}`)
    }
    await untilAtHand(near, 'a')
  })

  test('believes nothing that is older than its beats, on a connection that is open and silent', async () => {
    const proxy = await startRedisProxy(server().port)
    const { near, far } = await openNodes(proxy.address)
    await far.commit([put('a')])
    await untilAtHand(near, 'a')
    proxy.muteAnnouncements()
    await far.commit([put('a', { value: 'new' })])
    expect(await untilValue(near, 'a', 'new')).toBeLessThan(2_000)
    expect(isAtHand(near, 'a')).toBe(false)
  })

  test('keeps nothing any more once an announcement got lost, at the next one and at the next beat', async () => {
    const proxy = await startRedisProxy(server().port)
    const { near, far } = await openNodes(proxy.address)
    await far.commit([put('a'), put('b')])
    const late: { readonly follows: boolean; readonly milliseconds: number }[] = []
    for (const [round, follows] of [true, true, true, false].entries()) {
      await Promise.all([untilAtHand(near, 'a'), untilAtHand(near, 'b')])
      proxy.loseNextAnnouncement()
      await far.commit([put('a', { value: `round ${round}` })])
      // Not in one piece with it, or both are lost.
      await pause(30)
      if (follows) await far.commit([put('b', { value: `round ${round}` })])
      late.push({ follows, milliseconds: await untilValue(near, 'a', `round ${round}`) })
    }
    for (const { milliseconds } of late) expect(milliseconds).toBeLessThan(900)
    // Sooner than the next beat; a busy machine may hold one or the other up.
    const soonest = Math.min(...late.flatMap(({ follows, milliseconds }) => (follows ? milliseconds : [])))
    expect(soonest).toBeLessThan(200)
  })

  test('tells a failure of a frozen Redis instead of what it kept', async () => {
    const { near } = await openNodes()
    await near.commit([put('a')])
    await untilAtHand(near, 'a')
    server().freeze()
    try {
      await pause(1_300)
      await expect(recent(near, 'a')).rejects.toThrow(StoreFailure)
    } finally {
      server().thaw()
    }
    await untilAtHand(near, 'a')
  })
})

describe('a Redis that was emptied', () => {
  test('leaves no node with what it kept', async () => {
    const { near, far } = await openNodes()
    await far.commit([put('a')])
    await Promise.all([untilAtHand(near, 'a'), untilAtHand(far, 'a')])
    const redis = plainClient(server())
    await redis.flushall()
    await Promise.all([untilValue(near, 'a', undefined), untilValue(far, 'a', undefined)])
    await far.commit([put('a')])
    await untilAtHand(near, 'a')
  })

  test('comes back with a schema version, and the nodes keep records again', async () => {
    const { near } = await openNodes()
    await near.commit([put('a')])
    await untilAtHand(near, 'a')
    await server().restart()
    let isBack = false
    for (let attempt = 0; attempt < 100 && !isBack; attempt += 1) {
      isBack = await near.commit([put('b')]).then(
        () => true,
        () => false,
      )
      await pause(50)
    }
    expect(await recent(near, 'a')).toBeUndefined()
    await untilAtHand(near, 'b')
  })
})
