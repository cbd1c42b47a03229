import { randomBytes } from 'node:crypto'
import { fstatSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openSqliteStore } from '#store/sqlite.ts'
import { StoreFailure } from '#store/store.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { emptyLogBytes, putFor, versionOf } from './store-handles.ts'

/** Syncs that succeed at once until they are stopped; then each ends when the test says so. */
function handSync() {
  const underWay: PromiseWithResolvers<void>[] = []
  const descriptors: number[] = []
  let isStopped = false
  async function end(settle: (sync: PromiseWithResolvers<void>) => void): Promise<void> {
    const sync = underWay.shift()
    if (!sync) throw new Error('no sync is under way')
    settle(sync)
    await turns()
  }
  return {
    async sync(descriptor: number): Promise<void> {
      descriptors.push(descriptor)
      if (!isStopped) return
      underWay.push(Promise.withResolvers())
      await underWay.at(-1)?.promise
    },
    stop() {
      isStopped = true
    },
    succeed: () => end(({ resolve }) => resolve()),
    fail: () => end(({ reject }) => reject(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }))),
    underWay: () => underWay.length,
    descriptors,
  }
}

/** More turns of the event loop than anything takes that waits for no sync. */
async function turns(): Promise<void> {
  for (let count = 0; count < 10; count += 1) await turn()
}

/** What an answer says so far. */
function watch(answer: unknown): { soFar(): Promise<unknown> } {
  let told: unknown = 'nothing'
  Promise.resolve(answer).then(
    (result) => {
      told = result
    },
    (failure: unknown) => {
      told = failure
    },
  )
  return {
    async soFar() {
      await turns()
      return told
    },
  }
}

/** The answer to what has been written to the log by now. */
async function begun(answer: Promise<unknown>): Promise<ReturnType<typeof watch>> {
  const watched = watch(answer)
  await turns()
  return watched
}

function freshPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-sync-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'panoptes.db')
}

const clock = fakeClock()
const put = putFor(clock)
/** The checkpoint's own commit is one of the last when a store is closed, and else never due (store-sqlite-checkpoint.test.ts). */
const after = () => () => undefined

/** With the records `a` and `b`, which it has read: from now on syncs end by hand. */
async function openStopped(path: string = freshPath()) {
  const disk = handSync()
  const { store, images } = openSqliteStore({ path, clock, random: randomBytes, after, sync: disk.sync })
  await store.commit([put('a', { indexes: ['all'] }), put('b')])
  await store.read(['a', 'b'])
  const syncsBefore = disk.descriptors.length
  disk.stop()
  onTestFinished(async () => {
    const closed = store.close()
    while (disk.underWay() > 0) await disk.succeed()
    await closed
  })
  return { path, store, images, disk, syncs: () => disk.descriptors.length - syncsBefore }
}

/** Another process's connection, as far as SQLite can tell. */
function openOther(path: string) {
  const { store } = openSqliteStore({ path, clock, random: randomBytes })
  onTestFinished(() => store.close())
  return store
}

describe('a commit that is not on the disk yet', () => {
  test('is told to nobody before the sync of the log has succeeded', async () => {
    const { store, disk } = await openStopped()
    const commit = watch(store.commit([put('a', { value: 'new' })]))
    expect(await commit.soFar()).toBe('nothing')
    await disk.succeed()
    expect(await commit.soFar()).toBe('committed')
  })

  test.each<[string, Parameters<typeof put>[1] | 'delete', unknown]>([
    ['replacement', { value: 'new' }, [expect.objectContaining({ value: 'new' })]],
    ['deletion', 'delete', [undefined]],
  ])('keeps those waiting who read its record, a %s, and nobody else', async (_, change, answer) => {
    const { store, disk } = await openStopped()
    await begun(store.commit([change === 'delete' ? { kind: 'delete', key: 'a' } : put('a', change)]))
    const read = watch(store.read(['a']))
    const readOfBoth = watch(store.read(['b', 'a']))
    expect(await store.read(['b', 'missing'])).toMatchObject([{ value: 'value of b' }, undefined])
    expect(await read.soFar()).toBe('nothing')
    expect(await readOfBoth.soFar()).toBe('nothing')
    await disk.succeed()
    expect(await read.soFar()).toEqual(answer)
    expect(await readOfBoth.soFar()).toHaveLength(2)
    expect(disk.underWay()).toBe(0)
  })

  test('keeps lists, images and purging waiting', async () => {
    const { store, images, disk } = await openStopped()
    await begun(store.commit([put('c', { indexes: ['all'] })]))
    const list = watch(store.list('all'))
    const image = watch(images.take())
    const purge = watch(store.purge(10))
    for (const answer of [list, image, purge]) expect(await answer.soFar()).toBe('nothing')
    await disk.succeed()
    expect(await list.soFar()).toMatchObject([{ key: 'a' }, { key: 'c' }])
    expect(await image.soFar()).toHaveLength(3)
    await disk.succeed()
    expect(await purge.soFar()).toBe(0)
    expect(disk.underWay()).toBe(0)
  })

  test('is no reason for a conflict that is told before', async () => {
    const { store, disk } = await openStopped()
    const expected = await versionOf(store, 'a')
    const winner = watch(store.commit([put('a', { expected })]))
    const inTheSameGroup = await begun(store.commit([put('a', { expected })]))
    const inTheNext = watch(store.commit([put('a', { expected })]))
    for (const answer of [winner, inTheSameGroup, inTheNext]) expect(await answer.soFar()).toBe('nothing')
    await disk.succeed()
    expect(await winner.soFar()).toBe('committed')
    expect(await inTheSameGroup.soFar()).toBe('conflict')
    await disk.succeed()
    expect(await inTheNext.soFar()).toBe('conflict')
  })

  test('shares the next sync with all that were committed during one', async () => {
    const { store, disk, syncs } = await openStopped()
    const first = await begun(store.commit([put('a', { value: 'first' })]))
    const later = []
    for (const value of ['second', 'third', 'fourth']) {
      later.push(await begun(store.commit([put('a', { value })])))
    }
    const read = watch(store.read(['a']))
    expect(syncs()).toBe(1)
    await disk.succeed()
    expect(await first.soFar()).toBe('committed')
    for (const answer of [...later, read]) expect(await answer.soFar()).toBe('nothing')
    await disk.succeed()
    for (const answer of later) expect(await answer.soFar()).toBe('committed')
    expect(await read.soFar()).toMatchObject([{ value: 'fourth' }])
    expect(syncs()).toBe(2)
  })

  test('hides every record while it is an image that was put back', async () => {
    const { store, images, disk } = await openStopped()
    const image = await images.take()
    const restored = await begun(images.restore(image))
    const read = watch(store.read(['missing']))
    for (const answer of [restored, read]) expect(await answer.soFar()).toBe('nothing')
    await disk.succeed()
    expect(await restored.soFar()).toBeUndefined()
    expect(await read.soFar()).toEqual([undefined])
  })

  test('is waited for when the store closes, and there afterwards', async () => {
    const { path, store, disk } = await openStopped()
    const first = await begun(store.commit([put('a', { value: 'first' })]))
    const last = watch(store.commit([put('a', { value: 'last' })]))
    const closing = [store.close(), store.close()]
    const [closed, closedAgain] = [watch(closing[0]), watch(closing[1])]
    for (const answer of [first, last, closed, closedAgain]) expect(await answer.soFar()).toBe('nothing')
    await expect(store.read(['b'])).rejects.toThrow(StoreFailure)
    await expect(store.commit([put('b')])).rejects.toThrow(StoreFailure)
    await disk.succeed()
    expect(await first.soFar()).toBe('committed')
    for (const answer of [last, closed, closedAgain]) expect(await answer.soFar()).toBe('nothing')
    await disk.succeed()
    expect(await last.soFar()).toBe('committed')
    // Nothing is left to wait for but the file of the checkpoint, in the thread pool.
    expect(await Promise.all(closing)).toEqual([undefined, undefined])
    expect(await openOther(path).read(['a'])).toMatchObject([{ value: 'last' }])
  })
})

describe("another process's commit", () => {
  test('is brought to the disk by whoever reads it, once, before anything is answered', async () => {
    const { path, store, disk, syncs } = await openStopped()
    await openOther(path).commit([put('a', { value: 'foreign' })])
    const read = watch(store.read(['a']))
    const readOfAnother = watch(store.read(['b']))
    for (const answer of [read, readOfAnother]) expect(await answer.soFar()).toBe('nothing')
    await disk.succeed()
    expect(await read.soFar()).toMatchObject([{ value: 'foreign' }])
    expect(await readOfAnother.soFar()).toMatchObject([{ value: 'value of b' }])
    expect(await store.read(['a'])).toMatchObject([{ value: 'foreign' }])
    expect(syncs()).toBe(1)
  })

  test('is brought to the disk before it is listed', async () => {
    const { path, store, disk } = await openStopped()
    await openOther(path).commit([put('c', { indexes: ['all'] })])
    const list = watch(store.list('all'))
    expect(await list.soFar()).toBe('nothing')
    await disk.succeed()
    expect(await list.soFar()).toHaveLength(2)
  })

  test('is brought to the disk before it makes a conflict', async () => {
    const { path, store, disk } = await openStopped()
    const expected = await versionOf(store, 'a')
    await openOther(path).commit([put('a', { value: 'foreign' })])
    const late = watch(store.commit([put('a', { expected })]))
    expect(await late.soFar()).toBe('nothing')
    await disk.succeed()
    expect(await late.soFar()).toBe('conflict')
  })

  test('made before this one opened the file is brought to the disk as well', async () => {
    const { path } = await openStopped()
    const disk = handSync()
    disk.stop()
    const { store } = openSqliteStore({ path, clock, random: randomBytes, sync: disk.sync })
    const read = watch(store.read(['a']))
    expect(await read.soFar()).toBe('nothing')
    await disk.succeed()
    expect(await read.soFar()).toMatchObject([{ value: 'value of a' }])
    await store.close()
  })
})

describe('a sync that fails', () => {
  test('fails everything that waits for it or for the next, and all that comes later', async () => {
    const { store, images, disk, syncs } = await openStopped()
    const first = await begun(store.commit([put('a')]))
    const next = await begun(store.commit([put('b')]))
    const reads = [watch(store.read(['a'])), watch(store.read(['b'])), watch(store.list('all'))]
    await disk.fail()
    for (const answer of [first, next, ...reads]) expect(await answer.soFar()).toBeInstanceOf(StoreFailure)
    const attempts = [
      () => store.commit([put('c')]),
      () => store.read(['a']),
      () => store.read(['missing']),
      () => store.list('all'),
      () => store.purge(10),
      () => images.take(),
      () => images.restore([]),
    ]
    for (const attempt of attempts) await expect(attempt()).rejects.toThrow(StoreFailure)
    await expect(store.read(['a'])).rejects.toThrow('EIO')
    expect(syncs()).toBe(1)
  })

  test('leaves a store that can be closed, and opened again', async () => {
    const { path, store, disk } = await openStopped()
    const commit = await begun(store.commit([put('a', { value: 'in doubt' })]))
    await disk.fail()
    expect(await commit.soFar()).toBeInstanceOf(StoreFailure)
    await store.close()
    const reopened = openOther(path)
    expect(await reopened.commit([put('a', { value: 'certain' })])).toBe('committed')
    expect(await reopened.read(['a', 'b'])).toMatchObject([{ value: 'certain' }, { value: 'value of b' }])
  })
})

describe('the file that is synced', () => {
  test('is the log of the database, also through a link and after the log was emptied, and the database once its log was copied', async () => {
    const path = freshPath()
    const link = `${path}.link`
    symlinkSync(path, link)
    await openSqliteStore({ path, clock, random: randomBytes }).store.close()
    const { store, disk } = await openStopped(link)
    const inode = statSync(`${path}-wal`).ino
    await begun(store.commit([put('gone', { seconds: 0 })]))
    await disk.succeed()
    const purge = await begun(store.purge(10))
    // In between it reads the file, which takes turns of its own.
    while ((await purge.soFar()) === 'nothing') if (disk.underWay() > 0) await disk.succeed()
    expect(await purge.soFar()).toBe(1)
    expect(statSync(`${path}-wal`)).toMatchObject({ ino: inode, size: emptyLogBytes })
    await begun(store.commit([put('a')]))
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(emptyLogBytes)
    const synced = disk.descriptors.map((descriptor) => fstatSync(descriptor).ino)
    expect(new Set(synced)).toEqual(new Set([inode, statSync(path).ino]))
    expect(synced.filter((one) => one !== inode)).toHaveLength(1)
  })

  test('is none when the database is in memory', async () => {
    const { store, syncs } = await openStopped(':memory:')
    expect(await store.commit([put('a', { value: 'new' })])).toBe('committed')
    expect(await store.read(['a'])).toMatchObject([{ value: 'new' }])
    expect(syncs()).toBe(0)
  })
})
