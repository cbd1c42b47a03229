import { expect, test } from 'vitest'
import { collectOnceQuiet } from '../../src/command-line/once-quiet.ts'

/** Spans by hand, each with the share of it that was busy. */
function quietGround(heapBytes = 40e6) {
  let work: (() => void) | undefined
  let share = 1
  let collected = 0
  collectOnceQuiet({
    every: (milliseconds, given) => {
      expect(milliseconds).toBe(5_000)
      work = given
      return () => {
        work = undefined
      }
    },
    utilization: () => share,
    heapBytes: () => heapBytes,
    collect: () => {
      collected += 1
    },
  })
  return {
    span(busy: number): number {
      share = busy
      work?.()
      return collected
    },
    isWatching: () => work !== undefined,
  }
}

test('nothing is collected while there is something to do', () => {
  const ground = quietGround()
  expect([0.9, 0.3, 0.021].map(ground.span)).toEqual([0, 0, 0])
  expect(ground.isWatching()).toBe(true)
})

test('the first quiet span is followed by one collection, and nobody looks again', () => {
  const ground = quietGround()
  expect([0.5, 0.001, 0.001].map(ground.span)).toEqual([0, 1, 1])
  expect(ground.isWatching()).toBe(false)
})

test('a large heap is left as it is: to collect it would take long', () => {
  const ground = quietGround(200e6)
  expect(ground.span(0.001)).toBe(0)
  expect(ground.isWatching()).toBe(false)
})
