import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { StoreFailure } from '#store/store.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { openOnRedis, redisOfFile } from './redis-ground.ts'
import { putFor } from './store-handles.ts'

const server = redisOfFile()

const clock = fakeClock()
const put = putFor(clock)

/** As a long task of the process does, or a machine that gives it no time. */
function standStill(milliseconds: number): void {
  for (const until = performance.now() + milliseconds; performance.now() < until; );
}

test('a process that stood still longer than it waits for answers takes those that arrived meanwhile', async () => {
  const { store } = await openOnRedis({ address: server().address, clock, tag: 'still' })
  await store.commit([put('a')])
  for (let round = 0; round < 3; round += 1) {
    const reading = store.read(['a'])
    const writing = store.commit([put('b', { value: `round ${round}` })])
    // Both have been sent, and are answered while nobody listens.
    await new Promise((resolve) => setImmediate(resolve))
    standStill(1_300)
    expect((await reading)[0]?.value).toBe('value of a')
    expect(await writing).toBe('committed')
    await pause(50)
  }
})

test('a Redis that does not answer is a failure all the same', async () => {
  const { store } = await openOnRedis({ address: server().address, clock, tag: 'frozen' })
  server().freeze()
  try {
    const begun = performance.now()
    await expect(store.read(['a'])).rejects.toThrow(StoreFailure)
    expect(performance.now() - begun).toBeLessThan(1_900)
  } finally {
    server().thaw()
  }
})
