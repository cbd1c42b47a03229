import { describe, expect, test } from 'vitest'
import { fixedWindows, fullWindows } from '#limits/rate-windows.ts'
import { fakeClock } from '../support/fake-clock.ts'

const perMinute = { limit: 3, windowSeconds: 60 }
const atTheMinute = Date.UTC(2030, 0, 1, 12, 0, 0)

describe('rate windows, thousandeyes-facts 6.3', () => {
  test('let `limit` calls through and refuse the next', () => {
    const windows = fixedWindows(fakeClock())
    const draws = [1, 2, 3, 4].map(() => windows.draw('acme', perMinute))
    expect(draws.map(({ allowed }) => allowed)).toEqual([true, true, true, false])
    expect(draws.map(({ remaining }) => remaining)).toEqual([2, 1, 0, 0])
  })

  test('reset at the next whole minute of the wall clock, whenever the first call came', () => {
    const windows = fixedWindows(fakeClock(atTheMinute + 59_000))
    expect(windows.draw('acme', perMinute).resetAt).toBe(atTheMinute + 60_000)
  })

  test('are full again after the reset', () => {
    const clock = fakeClock(atTheMinute + 59_000)
    const windows = fixedWindows(clock)
    for (let call = 0; call < 5; call += 1) windows.draw('acme', perMinute)
    clock.advance(1)
    expect(windows.draw('acme', perMinute)).toEqual({
      allowed: true,
      limit: 3,
      remaining: 2,
      resetAt: atTheMinute + 120_000,
    })
  })

  test('do not count what they refuse', () => {
    const clock = fakeClock(atTheMinute)
    const windows = fixedWindows(clock)
    for (let call = 0; call < 100; call += 1) windows.draw('acme', perMinute)
    clock.advance(60)
    expect(windows.draw('acme', perMinute).remaining).toBe(2)
  })

  test('are apart for each bucket', () => {
    const windows = fixedWindows(fakeClock())
    for (let call = 0; call < 4; call += 1) windows.draw('acme', perMinute)
    expect(windows.draw('globex', perMinute).allowed).toBe(true)
  })

  test('start anew when the clock goes back', () => {
    const clock = fakeClock(atTheMinute)
    const windows = fixedWindows(clock)
    for (let call = 0; call < 4; call += 1) windows.draw('acme', perMinute)
    clock.advance(-3600)
    expect(windows.draw('acme', perMinute)).toMatchObject({ allowed: true, resetAt: atTheMinute - 3_540_000 })
  })

  test('forget the oldest of more than ten thousand buckets and refuse nobody for it', () => {
    const windows = fixedWindows(fakeClock())
    for (let call = 0; call < 4; call += 1) windows.draw('first', perMinute)
    for (let bucket = 0; bucket < 10_000; bucket += 1)
      expect(windows.draw(`bucket ${bucket}`, perMinute).allowed).toBe(true)
    expect(windows.draw('first', perMinute).remaining).toBe(2)
  })
})

describe('full windows, --limits off', () => {
  test('say how much there would be and never run out', () => {
    const windows = fullWindows(fakeClock(atTheMinute))
    for (let call = 0; call < 10; call += 1)
      expect(windows.draw('acme', perMinute)).toEqual({
        allowed: true,
        limit: 3,
        remaining: 3,
        resetAt: atTheMinute + 60_000,
      })
  })
})
