import { describe, expect, test } from 'vitest'
import { brokenPromises, type Entry } from './history.ts'

const seen = { chain: 1, token: 'a', sentAt: 0, doneAt: 1, status: 200 }
const later = { ...seen, sentAt: 10, doneAt: 11 }
const refreshed = (spent: string, successor: string, access?: string): Entry => ({
  ...seen,
  token: spent,
  kind: 'refresh',
  successor,
  access,
})

describe('the judge of a history', () => {
  test('finds nothing where a repeated refresh gets the same successor, and revoked tokens are refused', () => {
    expect(
      brokenPromises([
        refreshed('a', 'b'),
        refreshed('a', 'b'),
        { ...seen, kind: 'call', token: 'x', status: 502 },
        { ...seen, kind: 'revoke', token: 'b' },
        { ...later, kind: 'call', token: 'x', status: 401 },
        { ...later, kind: 'refresh', token: 'b', status: 400 },
      ]),
    ).toEqual([])
  })

  test('lets a call fail whose token five newer ones have replaced meanwhile, and none with fewer', () => {
    const newer = (count: number): readonly Entry[] =>
      Array.from({ length: count }, (_, at) => ({ ...refreshed(`r${at}`, `r${at + 1}`), sentAt: 2 + at }))
    const issuing = refreshed('r', 'r0', 'a')
    const call: Entry = { ...seen, kind: 'call', status: 401, sentAt: 2, doneAt: 9 }
    expect(brokenPromises([issuing, ...newer(5), call])).toEqual([])
    expect(brokenPromises([issuing, ...newer(4), call])).toHaveLength(1)
    expect(brokenPromises([issuing, ...newer(5), { ...call, doneAt: 6 }])).toHaveLength(1)
  })

  test.each<[string, readonly Entry[]]>([
    ['I1: a has two successors', [refreshed('a', 'b'), refreshed('a', 'c')]],
    ['I1: c succeeds two tokens', [refreshed('a', 'c'), refreshed('b', 'c')]],
    [
      'I2: call with a',
      [
        { ...seen, kind: 'revoke', token: 'r' },
        { ...later, kind: 'call' },
      ],
    ],
    [
      'I2: refresh with a',
      [
        { ...seen, kind: 'revoke', token: 'r' },
        { ...later, kind: 'refresh' },
      ],
    ],
    ['I3: call with a', [{ ...seen, kind: 'call', status: 401 }]],
    ['I3: refresh with a', [{ ...seen, kind: 'refresh', status: 400 }]],
    [
      'I3: call with a',
      [
        { ...seen, kind: 'call', status: 401 },
        { ...later, kind: 'revoke', token: 'r' },
      ],
    ],
  ])('finds %s', (words, history) => {
    const broken = brokenPromises(history)
    expect(broken).toHaveLength(1)
    expect(broken[0]).toContain(words)
  })
})
