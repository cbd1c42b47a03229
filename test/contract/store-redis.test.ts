import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { RedisAddress } from '#store/redis-address.ts'
import { type Store, StoreFailure } from '#store/store.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { ownRedis, plainClient } from '../support/own-redis.ts'
import { redisAddress } from '../support/redis-server.ts'
import { openOnRedis, redisOfFile } from './redis-ground.ts'
import { describeStore } from './store.contract.ts'
import { type OpenedStore, putFor, versionOf } from './store-handles.ts'
import { raceProcesses } from './store-processes.ts'
import { startRedisProxy } from './store-redis-proxy.ts'

const server = redisOfFile()

let opened = 0

/** Handles on records of their own: each call takes another prefix. */
async function openOn(
  address: RedisAddress,
): Promise<OpenedStore & { put: ReturnType<typeof putFor>; prefix: string }> {
  const clock = fakeClock()
  opened += 1
  const tag = `test ${opened}`
  const prefix = `{${tag}}:`
  const open = async (at: RedisAddress): Promise<Store> =>
    (await openOnRedis({ address: at, clock, tag })).store
  return {
    store: await open(address),
    another: () => open(server().address),
    clock,
    put: putFor(clock),
    prefix,
  }
}

/** @returns how many ms it took to fail */
async function waitFor(failing: Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await expect(failing).rejects.toThrow(StoreFailure)
  return performance.now() - begun
}

async function untilItAnswers(store: Store): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await store.read(['any'])
      return
    } catch (failure) {
      if (attempt === 100) throw failure
    }
    await pause(50)
  }
}

async function untilItFails(store: Store, words: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const failure = await Promise.resolve(store.read(['any'])).then(() => '', String)
    if (failure.includes(words)) return
    await pause(50)
  }
  throw new Error(`it did not fail with ${words}`)
}

describeStore('Redis', () => openOn(server().address))

describe('Redis store: what Redis keeps', () => {
  test('everything that belongs to a record has a lifetime, somewhat longer than the record', async () => {
    const { store, put, prefix } = await openOn(server().address)
    await store.commit([
      put('a', { seconds: 100, indexes: ['all'] }),
      put('b', { seconds: 50, indexes: ['all'] }),
    ])
    const redis = plainClient(server())
    for (const key of ['record:a', 'index:all']) {
      const lifetime = await redis.pttl(`${prefix}${key}`)
      expect(lifetime).toBeGreaterThan(370_000)
      expect(lifetime).toBeLessThanOrEqual(400_000)
    }
    const keys = (await redis.keys(`${prefix}*`)).toSorted()
    const commit = expect.stringContaining(`${prefix}commit:`)
    const list = expect.stringMatching(/^\{test \d+\}:due:\d+$/)
    const named = ['head', 'index:all', 'record:a', 'record:b'].map((name) => `${prefix}${name}`)
    expect(keys).toEqual([commit, `${prefix}due`, list, list, ...named])
    expect(await redis.pttl(keys[0] ?? '')).toBeGreaterThan(0)
  })

  test('nothing of a record is left when it was deleted or purged', async () => {
    const { store, put, clock, prefix } = await openOn(server().address)
    await store.commit([put('a', { indexes: ['all'] }), put('b', { indexes: ['all'], seconds: 10 })])
    await store.commit([{ kind: 'delete', key: 'a' }])
    clock.advance(10)
    expect(await store.purge(10)).toBe(1)
    // What was deleted is filed until it would have ended.
    clock.advance(60)
    expect(await store.purge(10)).toBe(0)
    const keys = (await plainClient(server()).keys(`${prefix}*`)).filter(
      (key) => !key.startsWith(`${prefix}commit:`),
    )
    expect(keys).toEqual([`${prefix}head`])
  })

  test('a record whose end moves is filed once, and goes at the end that it has at last', async () => {
    const { store, put, clock, prefix } = await openOn(server().address)
    const redis = plainClient(server())
    const filed = async (): Promise<number> => {
      let all = 0
      for (const due of await redis.zrange(`${prefix}due`, '0', '-1'))
        all += await redis.llen(`${prefix}due:${due}`)
      return all
    }
    for (let hour = 0; hour < 20; hour += 1) {
      await store.commit([put('a', { seconds: 7 * 86_400 })])
      clock.advance(3_600)
    }
    expect(await filed()).toBe(1)
    // Sooner than it was filed for.
    await store.commit([put('a', { seconds: 7_200 }), put('b', { seconds: 100_000 })])
    clock.advance(7_199)
    expect(await store.purge(10)).toBe(0)
    expect(await store.read(['a'])).toMatchObject([{ key: 'a' }])
    clock.advance(1)
    expect(await store.purge(10)).toBe(1)
    clock.advance(8 * 86_400)
    expect(await store.purge(10)).toBe(1)
    expect(await filed()).toBe(0)
  })

  test('what never ends is known without being filed, and gone when it is deleted', async () => {
    const { store, put, prefix } = await openOn(server().address)
    const redis = plainClient(server())
    for (let round = 0; round < 3; round += 1) {
      await store.commit([
        put('a', { expiresAt: Number.MAX_SAFE_INTEGER }),
        put('b', { expiresAt: Date.UTC(9999, 11, 31) }),
      ])
      expect((await redis.smembers(`${prefix}endless`)).toSorted()).toEqual(['a', 'b'])
      await store.commit([put('a'), { kind: 'delete', key: 'b' }])
      await store.commit([{ kind: 'delete', key: 'a' }])
    }
    expect(await redis.zcard(`${prefix}due`)).toBeLessThanOrEqual(3)
  })

  test('an index forgets a record that Redis dropped by itself', async () => {
    const { store, put, prefix } = await openOn(server().address)
    await store.commit([put('a', { indexes: ['all'] }), put('b', { indexes: ['all'] })])
    const redis = plainClient(server())
    await redis.del(`${prefix}record:a`)
    expect((await store.list('all')).map(({ key }) => key)).toEqual(['b'])
    expect(await redis.zrange(`${prefix}index:all`, '0', '-1')).toEqual(['b'])
    await redis.del(`${prefix}record:b`)
    await store.commit([put('b')])
    expect(await store.list('all')).toEqual([])
  })

  test('an index of an expired record is gone when the record is created anew without it', async () => {
    const { store, put, clock, prefix } = await openOn(server().address)
    await store.commit([put('a', { indexes: ['first'], seconds: 10 })])
    clock.advance(10)
    await store.commit([put('a', { indexes: ['second'] })])
    expect(await plainClient(server()).exists(`${prefix}index:first`)).toBe(0)
  })

  test('a commit works when Redis has forgotten the scripts', async () => {
    const { store, put } = await openOn(server().address)
    await store.commit([put('a')])
    await plainClient(server()).script('FLUSH')
    expect(await store.commit([put('a', { value: 'new' })])).toBe('committed')
    expect(await store.read(['a'])).toMatchObject([{ value: 'new' }])
  })
})

describe('Redis store: a reply is lost', () => {
  async function throughProxy() {
    const proxy = await startRedisProxy(server().port)
    const handles = await openOn(proxy.address)
    const { store, put } = handles
    await store.commit([put('a')])
    return { ...handles, proxy, expected: await versionOf(store, 'a') }
  }

  test('a commit that had to be sent twice counts once', async () => {
    const { store, put, proxy, expected } = await throughProxy()
    const lost = proxy.loseNextReply()
    const commit = store.commit([put('a', { value: 'new', expected })])
    await lost
    proxy.letIn()
    expect(await commit).toBe('committed')
    expect(await store.read(['a'])).toMatchObject([{ value: 'new' }])
  })

  test('it counts once also when somebody else replaced the record in between', async () => {
    const { store, another, put, proxy, expected } = await throughProxy()
    const other = await another()
    const lost = proxy.loseNextReply()
    const commit = store.commit([put('a', { value: 'new', expected })])
    await lost
    await other.commit([put('a', { value: 'newer', expected: await versionOf(other, 'a') })])
    proxy.letIn()
    expect(await commit).toBe('committed')
    expect(await store.read(['a'])).toMatchObject([{ value: 'newer' }])
  })

  test('a deletion that had to be sent twice spares the record created in between', async () => {
    const { store, another, put, proxy } = await throughProxy()
    const other = await another()
    const lost = proxy.loseNextReply()
    const commit = store.commit([{ kind: 'delete', key: 'a' }])
    await lost
    expect(await other.commit([put('a', { expected: 'absent', value: 'created again' })])).toBe('committed')
    proxy.letIn()
    expect(await commit).toBe('committed')
    expect(await store.read(['a'])).toMatchObject([{ value: 'created again' }])
  })

  test('a commit whose connection does not come back fails within its deadline', async () => {
    const { store, put, proxy } = await throughProxy()
    const begun = performance.now()
    const lost = proxy.loseNextReply()
    const commit = store.commit([put('a')]).catch((failure: unknown) => failure)
    await lost
    expect(await commit).toBeInstanceOf(StoreFailure)
    expect(performance.now() - begun).toBeLessThan(2_500)
  })
})

describe('Redis store: Redis is in trouble', () => {
  async function onOwnServer() {
    const own = await ownRedis()
    return { own, ...(await openOn(own.address)) }
  }

  test('while Redis is down commits and reads fail at once, and work again once it is back', async () => {
    const { own, store, put } = await onOwnServer()
    await store.commit([put('a')])
    await own.kill()
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const begun = performance.now()
      await expect(store.commit([put('a')])).rejects.toThrow(StoreFailure)
      await expect(store.read(['a'])).rejects.toThrow(
        `Redis at ${own.url.host} does not answer: not connected`,
      )
      expect(performance.now() - begun).toBeLessThan(2_500)
      await pause(100)
    }
    await own.restart()
    await untilItAnswers(store)
    expect(await store.commit([put('b', { expected: 'absent' })])).toBe('committed')
  })

  test('a frozen Redis fails commits and reads within their deadline, however many wait', async () => {
    const { own, store, put } = await onOwnServer()
    await store.commit([put('a')])
    own.freeze()
    const waits: Promise<number>[] = []
    for (let attempt = 0; attempt < 20; attempt += 1) {
      waits.push(waitFor(store.commit([put('a')])), waitFor(Promise.resolve(store.read(['a']))))
      await pause(20)
    }
    // Without a deadline of its own, a command waits for the pipeline before it, and then as long again.
    expect(Math.max(...(await Promise.all(waits)))).toBeLessThan(1_500)
    own.thaw()
    await untilItAnswers(store)
  })

  test('what nobody waits for any more is not done by a Redis that wakes up', async () => {
    const { own, store, put } = await onOwnServer()
    await store.commit([put('a', { value: 'before' })])
    await pause(400) // for a beat, which tells its clock
    own.freeze()
    const commits = ['a', 'b'].map((key) => store.commit([put(key, { value: 'too late' })]))
    for (const commit of commits) await expect(commit).rejects.toThrow(StoreFailure)
    await pause(1_500)
    own.thaw()
    await untilItAnswers(store)
    await pause(200)
    expect(await store.read(['a', 'b'])).toMatchObject([{ value: 'before' }, undefined])
  })

  test('of several that find it empty one writes what the store begins with, all of it', async () => {
    const { own } = await onOwnServer()
    const clock = fakeClock()
    const opened = await Promise.all(
      Array.from({ length: 5 }, (_, number) =>
        openOnRedis({
          address: own.address,
          clock,
          tag: 'begins',
          beginning: async () =>
            Array.from({ length: 700 }, (_, index) => ({
              key: `record ${number} ${index}`,
              value: `of ${number}`,
              expiresAt: Number.MAX_SAFE_INTEGER,
              indexes: ['all'],
            })),
        }),
      ),
    )
    const found = await Promise.all(opened.map(({ store }) => store.list('all', { limit: 10_000 })))
    expect(found.map((records) => records.length)).toEqual([700, 700, 700, 700, 700])
    expect(new Set(found.flat().map(({ value }) => value)).size).toBe(1)
  })

  test('opening fails with host and port, and without the password, when nothing listens there', async () => {
    const { own } = await onOwnServer()
    await own.kill()
    const address = redisAddress(`redis://user:secret@${own.url.host}`)
    const failure = await openOnRedis({ address, clock: fakeClock() }).catch(String)
    expect(failure).toContain(`Redis at ${own.url.host} does not answer: not connected (connect ECONNREFUSED`)
    expect(failure).not.toContain('secret')
  })

  test('opening refuses a Redis that drops records to make room, and names found and allowed', async () => {
    const { own } = await onOwnServer()
    const redis = plainClient(own)
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru')
    const opening = openOnRedis({ address: own.address, clock: fakeClock() })
    await expect(opening).rejects.toThrow(
      `Redis at ${own.url.host} cannot be used: its maxmemory-policy is allkeys-lru; allowed is noeviction`,
    )
  })

  test('a policy that is changed meanwhile fails everything until it is mended', async () => {
    const { own, store, put } = await onOwnServer()
    await store.commit([put('a')])
    const redis = plainClient(own)
    await redis.config('SET', 'maxmemory-policy', 'volatile-ttl')
    await untilItFails(store, 'its maxmemory-policy is volatile-ttl; allowed is noeviction')
    await expect(store.commit([put('b')])).rejects.toThrow(StoreFailure)
    await redis.config('SET', 'maxmemory-policy', 'noeviction')
    await untilItAnswers(store)
    expect(await store.read(['a', 'b'])).toMatchObject([{ key: 'a' }, undefined])
  })

  test('opening refuses a newer schema and names found and supported', async () => {
    const { another, prefix } = await openOn(server().address)
    await plainClient(server()).set(`${prefix}head`, '99 birth 0')
    await expect(another()).rejects.toThrow(
      `Redis at ${server().url.host} cannot be used: its schema version is 99; this Panoptes supports 2`,
    )
  })
})

describe('Redis store and other processes', () => {
  test('four processes that count one record up lose no count', async () => {
    const race = await raceProcesses(
      { kind: 'redis', address: server().address, replicas: 0 },
      { processes: 4, times: 100 },
    )
    expect(race.committed.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 400 }, (_, index) => index + 1),
    )
    expect(race.conflicts).toBeGreaterThan(0)
  })
})
