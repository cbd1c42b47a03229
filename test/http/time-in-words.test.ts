import { describe, expect, test } from 'vitest'
import { agoInWords, durationInWords, instantInWords } from '#http/time-in-words.ts'

describe('time in words', () => {
  test.each([
    [0, '0 seconds'],
    [1, '1 second'],
    [59.9, '59 seconds'],
    [600, '10 minutes'],
    [5_400, '1 hour 30 minutes'],
    [86_400, '1 day'],
    [90_061, '1 day 1 hour'],
    [86_461, '1 day'],
    [7 * 86_400, '7 days'],
    [180 * 86_400, '180 days'],
    [365 * 86_400, '1 year'],
    [400 * 86_400, '400 days'],
    [730 * 86_400, '2 years'],
  ])('%d seconds are %s', (seconds, words) => {
    expect(durationInWords(seconds)).toBe(words)
  })

  test.each([
    [-5, 'less than a minute ago'],
    [59, 'less than a minute ago'],
    [60, '1 minute ago'],
    [3_599, '59 minutes ago'],
    [7_300, '2 hours ago'],
    [400 * 86_400, '400 days ago'],
  ])('what was %d seconds ago was %s', (seconds, words) => {
    expect(agoInWords(seconds)).toBe(words)
  })

  test('an instant is said in UTC, whatever the machine thinks', () => {
    expect(instantInWords(Date.UTC(2026, 9, 7, 9, 12, 59))).toEqual({
      text: '7 Oct 2026, 09:12 UTC',
      iso: '2026-10-07T09:12:59.000Z',
    })
  })
})
