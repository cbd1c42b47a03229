import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { StoreFailure } from '#store/store.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { type RedisTopology, startRedisCluster, startRedisSentinels } from '../support/redis-topologies.ts'
import { openOnRedis, untilAtHand } from './redis-ground.ts'
import { describeStore } from './store.contract.ts'
import { type MakePut, type OpenedStore, putFor } from './store-handles.ts'
import { describeImages } from './store-images.contract.ts'
import type { OpenedImages } from './store-images-handles.ts'
import { raceProcesses } from './store-processes.ts'

let tags = 0

/** Handles on records of their own, which on a Cluster are in a slot of their own. */
async function openOn(
  { address }: RedisTopology,
  tag = `test ${++tags}`,
): Promise<OpenedStore & OpenedImages & { put: MakePut }> {
  const clock = fakeClock()
  const open = () => openOnRedis({ address, clock, tag })
  const { store, images } = await open()
  return { store, images, another: async () => (await open()).store, clock, put: putFor(clock) }
}

/** @returns how many ms it took until it did what it does not while nobody serves */
async function untilItDoes(work: () => Promise<unknown>): Promise<number> {
  for (const begun = performance.now(); ; ) {
    const failure = await work().then(
      () => undefined,
      (error: unknown) => error,
    )
    if (failure === undefined) return performance.now() - begun
    expect(failure).toBeInstanceOf(StoreFailure)
    if (performance.now() - begun > 15_000) throw failure
    await pause(20)
  }
}

describe.each([
  ['Sentinels', startRedisSentinels],
  ['a Cluster', startRedisCluster],
])('Redis by %s', (name, start) => {
  let topology: RedisTopology
  beforeAll(async () => {
    topology = await start()
  }, 60_000)
  afterAll(() => topology?.[Symbol.asyncDispose]())

  describeStore(`Redis by ${name}`, () => openOn(topology))
  describeImages(`Redis by ${name}`, () => openOn(topology))

  test('four processes that count one record up lose no count', async () => {
    const settings = { kind: 'redis', address: topology.address, replicas: 1 } as const
    const race = await raceProcesses(settings, { processes: 4, times: 40 })
    expect(race.committed.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 160 }, (_, index) => index + 1),
    )
  })

  test('commits wait for a replica where that is wanted, many at once', async () => {
    const clock = fakeClock()
    const put = putFor(clock)
    const { address } = topology
    const { store } = await openOnRedis({ address, clock, replicas: 1 })
    const commits = Array.from({ length: 300 }, (_, number) => store.commit([put(`many ${number}`)]))
    expect(new Set(await Promise.all(commits))).toEqual(new Set(['committed']))
    const { store: greedy } = await openOnRedis({ address, clock, replicas: 2 })
    await expect(greedy.commit([put('one')])).rejects.toThrow('1 of 2 replicas acknowledged within 500 ms')
  })

  // Last: the primary that serves is another one afterwards.
  test('reads, commits and announcements follow when another server is told to serve, and when the one that serves dies', async () => {
    const { store, another, put } = await openOn(topology, 'panoptes')
    const far = await another()
    for (const [round, handOver] of [topology.handOver, topology.kill].entries()) {
      await store.commit([put('a', { value: `before ${round}` })])
      await untilAtHand(far, 'a')
      await pause(200) // for the replica to have it
      const before = (await topology.primary()).port
      await handOver()
      const value = `after ${round}`
      expect(await untilItDoes(() => store.commit([put('a', { value })]))).toBeLessThan(10_000)
      await untilItDoes(async () => store.read(['a']))
      await untilItDoes(async () => far.read(['a']))
      expect((await topology.primary()).port).not.toBe(before)
      expect((await far.read(['a'], 'recent'))[0]?.value).toBe(value)
      await untilAtHand(far, 'a')
      await store.commit([{ kind: 'delete', key: 'a' }])
      await pause(100)
      expect((await far.read(['a'], 'recent'))[0]).toBeUndefined()
    }
  }, 60_000)
})
