import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { OpenedStore } from '#store/images.ts'
import { openMemoryStore } from '#store/memory.ts'
import { openRedisStore } from '#store/redis.ts'
import { openSqliteStore } from '#store/sqlite.ts'
import type { Store } from '#store/store.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { redisOfFile } from './redis-ground.ts'
import { keysOf, putFor } from './store-handles.ts'
import { describeImages } from './store-images.contract.ts'
import { type OpenedImages, sortedImage } from './store-images-handles.ts'

const server = redisOfFile()

/** Empty, and closed when the test has finished. @param isShared whether several handles may be open on one store */
async function handlesOf(
  openOne: (parts: { clock: OpenedImages['clock']; random: typeof randomBytes }) => Promise<OpenedStore>,
  isShared: boolean,
): Promise<OpenedImages> {
  const clock = fakeClock()
  const open = async (): Promise<OpenedStore> => {
    const opened = await openOne({ clock, random: randomBytes })
    onTestFinished(() => opened.store.close())
    return opened
  }
  const { store, images } = await open()
  const another = async (): Promise<Store> => (isShared ? (await open()).store : store)
  return { store, images, another, clock }
}

function openFile(): Promise<OpenedImages> {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-images-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return handlesOf(async (parts) => openSqliteStore({ path: join(folder, 'panoptes.db'), ...parts }), true)
}

let prefixes = 0

function openOnRedis(): Promise<OpenedImages> {
  prefixes += 1
  const tag = `images [${prefixes}]*`
  return handlesOf((parts) => openRedisStore({ address: server().address, tag, ...parts }), true)
}

const adapters: Readonly<Record<string, () => Promise<OpenedImages>>> = {
  memory: () => handlesOf(async (parts) => openMemoryStore(parts), false),
  'SQLite in memory': () =>
    handlesOf(async (parts) => openSqliteStore({ path: ':memory:', ...parts }), false),
  'SQLite file': openFile,
  Redis: openOnRedis,
}

for (const [name, open] of Object.entries(adapters)) describeImages(name, open)

const pairs = Object.entries(adapters).flatMap(([from, openFrom]) =>
  Object.entries(adapters)
    .filter(([to]) => to !== from)
    .map(([to, openTo]) => ({ from, to, openFrom, openTo })),
)

describe('images between adapters', () => {
  test.each(pairs)('an image of $from restores into $to', async ({ openFrom, openTo }) => {
    const from = await openFrom()
    const put = putFor(from.clock)
    await from.store.commit([
      put('a', { value: 'line\n"\0" 😀', indexes: ['one', 'two'] }),
      put('b', { indexes: ['one'], expiresAt: Number.MAX_SAFE_INTEGER }),
      put('ключ 😀'),
    ])
    const image = await from.images.take()
    const { store, images } = await openTo()
    await store.commit([put('other', { indexes: ['one'] })])
    await images.restore(image)
    expect(sortedImage(await images.take())).toEqual(sortedImage(image))
    expect(keysOf(await store.list('one'))).toEqual(['a', 'b'])
    expect(await store.read(['a', 'other'])).toMatchObject([{ value: 'line\n"\0" 😀' }, undefined])
  })
})
