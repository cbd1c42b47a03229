import { randomBytes } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startPurging } from '#store/purging.ts'
import { openSqliteStore } from '#store/sqlite.ts'
import type { Store } from '#store/store.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { putFor } from './store-handles.ts'

/** Timers that run when the test says so. */
function handTimers() {
  let armed: { milliseconds: number; work: () => void } | undefined
  return {
    after(milliseconds: number, work: () => void) {
      const timer = { milliseconds, work }
      armed = timer
      return () => {
        if (armed === timer) armed = undefined
      }
    },
    armedFor: () => armed?.milliseconds,
    /** Lets the timer run out, and waits until the next one is armed. */
    async runOut() {
      const { work } = armed ?? { work: () => {} }
      armed = undefined
      work()
      for (let turn = 0; turn < 100 && armed === undefined; turn += 1)
        await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

async function storeWithExpired(count: number): Promise<Store> {
  const clock = fakeClock()
  const { store } = openSqliteStore({ path: ':memory:', clock, random: randomBytes })
  onTestFinished(() => store.close())
  const put = putFor(clock)
  await store.commit([
    put('live'),
    ...Array.from({ length: count }, (_, number) => put(`${number}`, { seconds: 1 })),
  ])
  clock.advance(1)
  return store
}

describe('purging', () => {
  test('works through the expired records in slices, then rests until the next round', async () => {
    const store = await storeWithExpired(25)
    const { after, armedFor, runOut } = handTimers()
    const failures: unknown[] = []
    startPurging(store, {
      everySeconds: 60,
      slice: 10,
      after,
      onFailure: (failure) => failures.push(failure),
    })
    expect(armedFor()).toBe(60_000)
    await runOut()
    expect(armedFor()).toBeLessThan(1_000)
    await runOut()
    expect(armedFor()).toBeLessThan(1_000)
    await runOut()
    expect(armedFor()).toBe(60_000)
    expect(await store.purge(100)).toBe(0)
    expect(await store.read(['live'])).toMatchObject([{ key: 'live' }])
    expect(failures).toEqual([])
  })

  test('tells of a round that failed, and tries again in the next', async () => {
    const store = await storeWithExpired(0)
    const { after, armedFor, runOut } = handTimers()
    const failures: unknown[] = []
    startPurging(store, {
      everySeconds: 60,
      slice: 10,
      after,
      onFailure: (failure) => failures.push(failure),
    })
    await store.close()
    await runOut()
    expect(failures).toHaveLength(1)
    expect(armedFor()).toBe(60_000)
  })

  test('ends when it is stopped, after the slice under way', async () => {
    const store = await storeWithExpired(25)
    const { after, armedFor, runOut } = handTimers()
    const stop = startPurging(store, {
      everySeconds: 60,
      slice: 10,
      after,
      onFailure: () => expect.unreachable(),
    })
    const round = runOut()
    await stop()
    expect(armedFor()).toBeUndefined()
    await round
    expect(armedFor()).toBeUndefined()
    expect(await store.purge(100)).toBe(15)
  })
})
