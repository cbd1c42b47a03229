import { describe, expect, test } from 'vitest'
import { openCounts } from '#metrics/counts.ts'
import { openDurations } from '#metrics/durations.ts'

const described = { name: 'panoptes_tried_total', help: 'Tried.', labels: ['one', 'other'] }

describe('the series of a metric', () => {
  test('are told apart by all of their values, in the order of the names', () => {
    const counts = openCounts(described)
    counts.of('a', 'b').value += 1
    counts.of('b', 'a').value += 2
    counts.of('a', 'b').value += 4
    expect(counts.read().values).toEqual([
      { labels: { one: 'a', other: 'b' }, value: 5 },
      { labels: { one: 'b', other: 'a' }, value: 2 },
    ])
  })

  test('are bounded: beyond five hundred all are one, and none is lost', () => {
    const counts = openCounts(described)
    for (let index = 0; index < 2_000; index += 1) counts.of(`value-${index}`, 'same').value += 1
    const { values } = counts.read()
    expect(values.length).toBe(501)
    expect(values.at(-1)).toEqual({ labels: { one: 'other', other: 'other' }, value: 1_500 })
    expect(values.reduce((sum, { value }) => sum + value, 0)).toBe(2_000)
  })

  test('are there at zero where they are named beforehand', () => {
    const { values } = openCounts({ ...described, from: [['a', 'b']] }).read()
    expect(values).toEqual([{ labels: { one: 'a', other: 'b' }, value: 0 }])
  })
})

describe('durations', () => {
  test.each([
    [0, 0.0005],
    [0.5, 0.0005],
    [0.51, 0.001],
    [9_999, 10],
    [10_001, '+Inf'],
    [Number.MAX_SAFE_INTEGER, '+Inf'],
  ])('of %d ms are in the bucket of %s s and in those above', (milliseconds, bound) => {
    const durations = openDurations({ ...described, name: 'panoptes_tried_seconds' })
    durations.of('a', 'b').note(milliseconds)
    const { values } = durations.read()
    const counted = values.filter(
      ({ metricName, value }) => metricName === 'panoptes_tried_seconds_bucket' && value === 1,
    )
    expect(counted[0]?.labels).toEqual({ one: 'a', other: 'b', le: bound })
    expect(counted.at(-1)?.labels['le']).toBe('+Inf')
    expect(values.slice(-2).map(({ value }) => value)).toEqual([milliseconds / 1_000, 1])
  })
})
