import { describe, expect, test } from 'vitest'
import { steadyClock } from '#domain/clock.ts'

/** A machine whose clock and stopwatch the test moves. */
function machine() {
  const steps: number[] = []
  let [wall, watch] = [1_000_000, 5]
  const clock = steadyClock({
    machine: { now: () => wall },
    stopwatch: () => watch,
    steppedBack: (behindMs) => void steps.push(behindMs),
  })
  return {
    clock,
    steps,
    /** Time passes. */
    pass(milliseconds: number) {
      wall += milliseconds
      watch += milliseconds
    },
    /** Somebody moves the clock. */
    step(milliseconds: number) {
      wall += milliseconds
    },
  }
}

describe('a steady clock', () => {
  test('follows the machine, also when its clock is put forward', () => {
    const { clock, pass, step, steps } = machine()
    expect(clock.now()).toBe(1_000_000)
    pass(250)
    expect(clock.now()).toBe(1_000_250)
    step(3_600_000)
    expect(clock.now()).toBe(4_600_250)
    expect(steps).toEqual([])
  })

  test('goes on by the stopwatch when the clock is put back, and tells it once', () => {
    const { clock, pass, step, steps } = machine()
    step(-3_600_000)
    expect(clock.now()).toBe(1_000_000)
    for (let count = 0; count < 1_000; count += 1) {
      pass(0.25)
      clock.now()
    }
    expect(clock.now()).toBe(1_000_250)
    expect(steps).toEqual([3_600_000])
  })

  test('follows the machine again once that has caught up, and tells the next step', () => {
    const { clock, pass, step, steps } = machine()
    step(-10_000)
    expect(clock.now()).toBe(1_000_000)
    step(12_000)
    expect(clock.now()).toBe(1_002_000)
    pass(5)
    expect(clock.now()).toBe(1_002_005)
    step(-5_000)
    expect(clock.now()).toBe(1_002_005)
    expect(steps).toEqual([10_000, 5_000])
  })

  test('stands still while the clock is kept right by less than a second, and tells nobody', () => {
    const { clock, pass, step, steps } = machine()
    step(-400)
    expect(clock.now()).toBe(1_000_000)
    pass(300)
    expect(clock.now()).toBe(1_000_000)
    pass(300)
    expect(clock.now()).toBe(1_000_200)
    expect(steps).toEqual([])
  })
})
