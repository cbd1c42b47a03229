import { describe, expect, test } from 'vitest'
import { openFaults, type StrikingFaults, seededDraws } from '../../src/traffic/faults.ts'
import type { FaultOccasion, Target } from '../../src/traffic/traffic.ts'
import { fakeClock } from '../support/fake-clock.ts'

const token: Target = { surface: 'oauth', name: 'token' }
const getTests: Target = { surface: 'v7', name: 'getTests' }
const drop = { kind: 'drop', after: false } as const

/** Which of so many requests for the token endpoint are struck. */
const struck = (faults: StrikingFaults, count: number): string =>
  Array.from({ length: count }, () => (faults.strike(token) ? 'x' : '.')).join('')

function faultsWith(when: FaultOccasion, clock = fakeClock()): StrikingFaults {
  const faults = openFaults(clock)
  faults.add({ on: 'token', does: drop, when })
  return faults
}

describe('which requests a fault strikes', () => {
  test.each([
    ['*', token, true],
    ['*', { surface: 'pages', name: undefined } as const, true],
    ['oauth', token, true],
    ['v7', token, false],
    ['token', token, true],
    ['getTests', getTests, true],
    ['getTest', getTests, false],
    ['TOKEN', token, false],
  ])('a fault on %s, a request for %j: %s', (on, target, strikes) => {
    const faults = openFaults(fakeClock())
    faults.add({ on, does: drop, when: {} })
    expect(faults.strike(target) !== undefined).toBe(strikes)
  })

  test('every one, when nothing is said about when', () => {
    expect(struck(faultsWith({}), 5)).toBe('xxxxx')
  })

  test('those after the first few, and only so many of them', () => {
    expect(struck(faultsWith({ skip: 2 }), 5)).toBe('..xxx')
    expect(struck(faultsWith({ times: 2 }), 5)).toBe('xx...')
    expect(struck(faultsWith({ skip: 1, times: 2 }), 6)).toBe('.xx...')
    expect(struck(faultsWith({ times: 0 }), 3)).toBe('...')
  })

  test('none before its time begins, and none from its end on', () => {
    const clock = fakeClock()
    const faults = faultsWith({ from: clock.now() + 10_000, until: clock.now() + 20_000 }, clock)
    const seen = Array.from({ length: 5 }, () => {
      const now = struck(faults, 1)
      clock.advance(5)
      return now
    })
    expect(seen.join('')).toBe('..xx.')
  })

  test('those in the first seconds of every period of the clock', () => {
    const clock = fakeClock(0)
    const faults = faultsWith({ everySeconds: 60, forSeconds: 20 }, clock)
    const seen = Array.from({ length: 12 }, () => {
      const now = struck(faults, 1)
      clock.advance(10)
      return now
    })
    expect(seen.join('')).toBe('xx....xx....')
  })

  test('the same ones for the same seed, others for another', () => {
    const first = struck(faultsWith({ probability: 0.5, seed: 7 }), 64)
    expect(struck(faultsWith({ probability: 0.5, seed: 7 }), 64)).toBe(first)
    expect(struck(faultsWith({ probability: 0.5, seed: 8 }), 64)).not.toBe(first)
    expect(first).toContain('x')
    expect(first).toContain('.')
  })

  test('the same ones whatever other faults are asked in between', () => {
    const alone = struck(faultsWith({ probability: 0.5, seed: 7 }), 64)
    const faults = faultsWith({ probability: 0.5, seed: 7 })
    faults.add({ on: 'v7', does: drop, when: { probability: 0.5, seed: 7 } })
    const mixed = Array.from({ length: 64 }, () => {
      faults.strike(getTests)
      return struck(faults, 1)
    })
    expect(mixed.join('')).toBe(alone)
  })

  test('about as many as the probability says, none at 0 and all at 1', () => {
    const hits = struck(faultsWith({ probability: 0.25, seed: 42 }), 4000).replaceAll('.', '').length
    expect(hits).toBeGreaterThan(900)
    expect(hits).toBeLessThan(1100)
    expect(struck(faultsWith({ probability: 0 }), 100)).toBe('.'.repeat(100))
    expect(struck(faultsWith({ probability: 1 }), 100)).toBe('x'.repeat(100))
  })

  test('what a schedule keeps out takes no draw', () => {
    const clock = fakeClock()
    const from = clock.now() + 1000
    const late = faultsWith({ probability: 0.5, seed: 7, from }, clock)
    struck(late, 10)
    clock.advance(1)
    expect(struck(late, 32)).toBe(struck(faultsWith({ probability: 0.5, seed: 7 }), 32))
  })
})

describe('the numbers behind a probability', () => {
  test('stay from 0 to below 1 and spread evenly, whatever the seed', () => {
    for (const seed of [0, 1, -1, 2 ** 31, 2 ** 32 + 5, 0.5]) {
      const draw = seededDraws(seed)
      const tenths = new Array<number>(10).fill(0)
      for (let count = 0; count < 5000; count += 1) {
        const number = draw()
        expect(number >= 0 && number < 1).toBe(true)
        tenths[Math.floor(number * 10)] = (tenths[Math.floor(number * 10)] ?? 0) + 1
      }
      for (const tenth of tenths) expect(Math.abs(tenth - 500)).toBeLessThan(120)
    }
  })
})

describe('several faults', () => {
  test('the first that was added strikes; the others are not asked', () => {
    const faults = openFaults(fakeClock())
    faults.add({ on: 'token', does: drop, when: { times: 1 } })
    faults.add({ on: '*', does: { kind: 'maintenance' }, when: {} })
    expect([1, 2, 3].map(() => faults.strike(token)?.id)).toEqual(['fault-1', 'fault-2', 'fault-2'])
    expect(faults.list()).toMatchObject([
      { id: 'fault-1', seen: 3, hits: 1 },
      { id: 'fault-2', seen: 2, hits: 2 },
    ])
  })

  test('are listed with their rules, removed by id, and never get the id of another', () => {
    const faults = openFaults(fakeClock())
    const rule = { on: 'token', does: drop, when: { times: 3 } }
    expect(faults.add(rule)).toEqual({ ...rule, id: 'fault-1', seen: 0, hits: 0 })
    expect(faults.any()).toBe(true)
    expect(faults.remove('fault-1')).toBe(true)
    expect(faults.remove('fault-1')).toBe(false)
    expect(faults.any()).toBe(false)
    expect(faults.add(rule).id).toBe('fault-2')
    faults.clear()
    expect(faults.list()).toEqual([])
    expect(faults.strike(token)).toBeUndefined()
    expect(faults.add(rule).id).toBe('fault-3')
  })
})
