import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Store } from '#store/store.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { plainClient } from '../support/own-redis.ts'
import { redisAddress } from '../support/redis-server.ts'
import { atHand, openOnRedis, redisOfFile, untilAtHand } from './redis-ground.ts'
import { putFor } from './store-handles.ts'

const server = redisOfFile()

const clock = fakeClock()
const put = putFor(clock)
let opened = 0

interface Nodes {
  readonly tag: string
  readonly near: Store
  /** Reaches Redis by way of `link`, and has the record `a` at hand. */
  readonly far: Store
  readonly link: FaultProxy
}

const valueAtHand = (store: Store, key: string): string | undefined => atHand(store, key)?.[0]?.value

async function openNodes(): Promise<Nodes> {
  opened += 1
  const tag = `confirming ${opened}`
  const link = await startFaultProxy(server().port)
  const [{ store: near }, { store: far }] = await Promise.all([
    openOnRedis({ address: server().address, clock, tag }),
    openOnRedis({ address: redisAddress(`redis://127.0.0.1:${link.port}`), clock, tag }),
  ])
  await near.commit([put('a', { value: 'old' })])
  await untilAtHand(far, 'a')
  return { tag, near, far, link }
}

async function took(doing: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await doing()
  return performance.now() - begun
}

describe('a commit on Redis that is to be seen everywhere', () => {
  test('is over once a node that hears late has heard of it; any other is over before', async () => {
    const { near, far, link } = await openNodes()
    await link.behave({ latencyMs: 60 })
    const all: number[] = []
    for (let round = 0; round < 10; round += 1) {
      await near.commit([put('a', { value: `of round ${round}` })])
      expect(valueAtHand(far, 'a')).toBeDefined()
      const change = put('a', { value: `everywhere ${round}` })
      all.push(await took(() => near.commit([change], 'everywhere')))
      expect(valueAtHand(far, 'a')).toBeUndefined()
      expect((await far.read(['a'], 'recent'))[0]?.value).toBe(`everywhere ${round}`)
      await untilAtHand(far, 'a')
    }
    // Word and answer take 60 ms each, and patience ends after 250.
    expect(Math.min(...all)).toBeGreaterThanOrEqual(115)
    expect(Math.min(...all)).toBeLessThan(240)
  })

  test('may be one of nothing: what was committed before has been heard then', async () => {
    const { near, far, link } = await openNodes()
    await link.behave({ latencyMs: 60 })
    await near.commit([{ kind: 'delete', key: 'a' }])
    expect(valueAtHand(far, 'a')).toBe('old')
    await near.commit([], 'everywhere')
    expect(valueAtHand(far, 'a')).toBeUndefined()
  })

  test('is not held up for long by a node that says nothing, which believes nothing soon', async () => {
    const { near, far, link } = await openNodes()
    await link.behave('lose-replies')
    const held = await took(() => near.commit([{ kind: 'delete', key: 'a' }], 'everywhere'))
    expect(held).toBeGreaterThan(200)
    expect(held).toBeLessThan(2_000)
    await pause(1_000)
    expect(valueAtHand(far, 'a')).toBeUndefined()
  })

  test('waits for nobody who has left', async () => {
    const { near, far } = await openNodes()
    await far.close()
    // Redis may take a moment to notice.
    const all: number[] = []
    for (let round = 0; round < 10; round += 1)
      all.push(await took(() => near.commit([put('a')], 'everywhere')))
    expect(Math.min(...all)).toBeLessThan(200)
  })

  test('asks nobody when it conflicts, and neither does any other', async () => {
    const { tag, near } = await openNodes()
    const heard: string[] = []
    const listener = plainClient(server())
    await listener.subscribe(`{${tag}}:questions`)
    listener.on('message', (_, message) => heard.push(message))
    const conflicting = put('a', { expected: 'absent' })
    expect(await near.commit([conflicting], 'everywhere')).toBe('conflict')
    await near.commit([put('a')])
    await near.commit([], 'here')
    await near.commit([put('a')], 'everywhere')
    await near.commit([{ kind: 'delete', key: 'a' }], 'everywhere')
    await expect.poll(() => heard.length).toBe(2)
  })
})
