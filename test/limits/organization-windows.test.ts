import { describe, expect, test } from 'vitest'
import { organizationWindows } from '#limits/organization-windows.ts'
import { fakeClock } from '../support/fake-clock.ts'

const atTheMinute = Date.UTC(2030, 0, 1, 12, 0)

function drawMany(windows: ReturnType<typeof organizationWindows>, client: string, times: number): number {
  let allowed = 0
  for (let call = 0; call < times; call += 1) {
    if (!windows.draw('us1:11', client).allowed) continue
    allowed += 1
    windows.ended('us1:11', undefined)
  }
  return allowed
}

describe('the window of an organization', () => {
  test('is whole for a client that is alone', () => {
    expect(drawMany(organizationWindows(fakeClock(atTheMinute), 100), 'meraki', 150)).toBe(100)
  })

  test('keeps a share for clients of the window before, and gives the rest to those that need more', () => {
    const clock = fakeClock(atTheMinute)
    const windows = organizationWindows(clock, 100)
    expect(drawMany(windows, 'small', 10)).toBe(10)
    expect(drawMany(windows, 'middle', 30)).toBe(30)
    clock.advance(60)
    // 10 for the small one, and of 90 what is left by 30.
    expect(drawMany(windows, 'greedy', 200)).toBeLessThanOrEqual(75)
    expect(drawMany(windows, 'small', 10)).toBe(10)
    expect(drawMany(windows, 'middle', 30)).toBeGreaterThanOrEqual(15)
  })

  test('is equal for two that want all of it', () => {
    const clock = fakeClock(atTheMinute)
    const windows = organizationWindows(clock, 100)
    for (let round = 0; round < 2; round += 1) {
      const used = { one: 0, other: 0 }
      for (let call = 0; call < 200; call += 1) {
        used.one += drawMany(windows, 'one', 3)
        used.other += drawMany(windows, 'other', 1)
      }
      expect(used.one + used.other).toBe(100)
      if (round === 1) expect(used.other).toBeGreaterThanOrEqual(25)
      clock.advance(60)
    }
  })

  test('follows what the upstream says, less what is under way', () => {
    const clock = fakeClock(atTheMinute)
    const windows = organizationWindows(clock, 100)
    windows.draw('us1:11', 'meraki')
    windows.draw('us1:11', 'meraki')
    const resetAt = clock.now() + 40_000
    windows.ended('us1:11', { limit: 240, remaining: 10, resetAt })
    expect(windows.draw('us1:11', 'meraki')).toEqual({ allowed: true, limit: 240, remaining: 8, resetAt })
  })

  test('is full again at its reset, and knows nothing of windows that are over', () => {
    const clock = fakeClock(atTheMinute)
    const windows = organizationWindows(clock, 100)
    windows.draw('us1:11', 'meraki')
    windows.draw('us1:11', 'meraki')
    windows.ended('us1:11', { limit: 100, remaining: 0, resetAt: clock.now() + 5_000 })
    expect(windows.draw('us1:11', 'meraki').allowed).toBe(false)
    clock.advance(5)
    windows.ended('us1:11', { limit: 100, remaining: 0, resetAt: clock.now() })
    expect(windows.draw('us1:11', 'meraki').allowed).toBe(true)
  })

  test('does not wait for a reset that is further than any window is long', () => {
    const clock = fakeClock(atTheMinute)
    const windows = organizationWindows(clock, 100)
    windows.draw('us1:11', 'meraki')
    windows.ended('us1:11', { limit: 100, remaining: 0, resetAt: clock.now() + 86_400_000 })
    expect(windows.draw('us1:11', 'meraki').allowed).toBe(true)
  })
})
