import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type Store, StoreFailure } from '#store/store.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { ownRedis, plainClient } from '../support/own-redis.ts'
import { openOnRedis } from './redis-ground.ts'
import { putFor } from './store-handles.ts'

const clock = fakeClock()
const put = putFor(clock)

/** A store with forty records, whose Redis tells how many questions it was asked. */
async function ground() {
  const redis = await ownRedis()
  const { store } = await openOnRedis({
    address: redis.address,
    clock,
    tag: randomBytes(6).toString('hex'),
  })
  const keys = Array.from({ length: 40 }, (_, number) => `key ${number}`)
  await store.commit(keys.map((key) => put(key, { value: `of ${key}` })))
  const statistics = plainClient(redis)
  const questions = async (): Promise<number> =>
    Number(/^cmdstat_mget:calls=(\d+)/m.exec(await statistics.info('commandstats'))?.[1] ?? 0)
  return { redis, store, keys, questions }
}

const valuesOf = async (store: Store, keys: readonly string[]): Promise<readonly (string | undefined)[]> =>
  (await store.read(keys)).map((record) => record?.value)

describe('reads that begin in one turn of the event loop', () => {
  test('are few questions, and each is answered what it asked for, in its order', async () => {
    const { store, keys, questions } = await ground()
    const before = await questions()
    const reads = keys.map((key) => ['missing', key])
    const answers = await Promise.all(reads.map((read) => valuesOf(store, read)))
    expect(answers).toEqual(keys.map((key) => [undefined, `of ${key}`]))
    // Eight of two keys each go together.
    expect((await questions()) - before).toBe(5)
  })

  test('are one question where one of them has many keys, or several the same, and none for none', async () => {
    const { store, keys, questions } = await ground()
    const before = await questions()
    expect(await valuesOf(store, keys)).toEqual(keys.map((key) => `of ${key}`))
    expect((await questions()) - before).toBe(1)
    const twice = await Promise.all([store.read(['key 1']), store.read(['key 1']), store.read([])])
    expect(twice).toMatchObject([[{ key: 'key 1' }], [{ key: 'key 1' }], []])
    expect((await questions()) - before).toBe(2)
  })

  test('see what was committed before them, whatever is read at the same time', async () => {
    const { store } = await ground()
    for (let round = 0; round < 30; round += 1) {
      const others = [valuesOf(store, ['key 2']), valuesOf(store, ['key 1'])]
      await store.commit([put('key 1', { value: `round ${round}` })])
      expect(await valuesOf(store, ['key 1'])).toEqual([`round ${round}`])
      await Promise.all(others)
    }
  })

  test('all fail in the words of the port when Redis is away', async () => {
    const { redis, store, keys } = await ground()
    await redis.kill()
    const settled = await Promise.allSettled(keys.map((key) => valuesOf(store, [key])))
    expect(settled.map(({ status }) => status)).toEqual(keys.map(() => 'rejected'))
    for (const one of settled)
      expect(one.status === 'rejected' && one.reason instanceof StoreFailure).toBe(true)
  })
})
