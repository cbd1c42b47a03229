import { beforeEach, describe, expect, test } from 'vitest'
import { startsWithin, windowState } from '#upstream/emulator/families/window-state.ts'
import { type Calls, openCalls, viewer } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

const window = { name: 'Maintenance', startDate: '2017-07-01T05:00:00Z', duration: 3600, testIds: ['110301'] }

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const post = (body: object, as?: string) =>
  calls.call('POST', '/alert-suppression-windows', { body, ...(as && { as }), query: 'expand=test' })

describe('an alert suppression window', () => {
  test('is created, read, listed, changed and deleted', async () => {
    const created = await post(window)
    expect(created.status).toBe(201)
    expect(violations('AlertSuppressionWindowDetail', created.body)).toEqual([])
    expect(created.body).toMatchObject({ isEnabled: true, status: 'ended', tests: [{ testId: '110301' }] })
    const path = `/alert-suppression-windows/${created.body.alertSuppressionWindowId}`
    expect((await calls.call('GET', path)).body).not.toHaveProperty('tests')
    const list = await calls.call('GET', '/alert-suppression-windows')
    expect(violations('AlertSuppressionWindows', list.body)).toEqual([])
    expect(list.body.alertSuppressionWindows).toHaveLength(1)
    const changed = await calls.call('PUT', path, { body: { duration: 60 } })
    expect(changed).toMatchObject({ status: 200, body: { name: 'Maintenance', duration: 60 } })
    expect((await calls.call('DELETE', path)).status).toBe(204)
    expect((await calls.call('GET', path)).status).toBe(404)
  })

  test('is active while the time is in it', async () => {
    const startDate = new Date(calls.clock.now() + 60_000).toISOString()
    const { body } = await post({ ...window, startDate })
    const status = async () =>
      (await calls.call('GET', `/alert-suppression-windows/${body.alertSuppressionWindowId}`)).body.status
    expect(await status()).toBe('inactive')
    calls.clock.advance(61)
    expect(await status()).toBe('active')
    calls.clock.advance(3600)
    expect(await status()).toBe('ended')
  })

  test('has a test once that a body names many times, and is worked out once for each day', async () => {
    const times = <Value>(value: Value): readonly Value[] => Array(40_000).fill(value)
    const repeat = { type: 'week', daysOfWeek: times('mon') }
    const { body } = await post({ ...window, testIds: times('110301'), repeat })
    expect(body.tests).toHaveLength(1)
    const asked = { startAt: Date.parse('2017-07-01'), endAt: Date.parse('2017-07-30') }
    expect(startsWithin({ ...window, repeat }, asked)).toHaveLength(4)
  })

  test('is refused without name, start or length, with a test of another account group, and to a Regular User', async () => {
    for (const change of [{ name: '' }, { startDate: undefined }, { duration: 0 }, { testIds: ['110601'] }])
      expect((await post({ ...window, ...change })).status).toBe(400)
    expect((await post(window, viewer)).status).toBe(403)
  })
})

describe('the end of a window that repeats', () => {
  test.each([
    [{ type: 'count' }, 'endRepeat.count'],
    [{ type: 'date' }, 'endRepeat.date'],
    [{ type: 'date', date: '2030-01-01', count: 3 }, 'endRepeat.count'],
    [{ type: 'never', date: '2030-01-01' }, 'endRepeat.date'],
  ])('is refused as %j', async (endRepeat, field) => {
    const { status, body } = await post({ ...window, repeat: { type: 'day' }, endRepeat })
    expect([status, body.errors.map((error: { field: string }) => error.field)]).toEqual([400, [field]])
  })

  test('take dates with T and Z in either case (RFC 3339 §5.6)', async () => {
    expect((await post({ ...window, startDate: '2026-12-01t10:00:00z' })).status).toBe(201)
  })

  test.each([
    '1',
    'Dec 1 2026',
    '2026-12-01',
    '2026-12-01 10:00:00',
    '2026-12-01T10:00:00',
    '2026-02-30T10:00:00Z',
  ])('refuse %s, which is no date with a time and a zone', async (startDate) => {
    const { status, body } = await post({ ...window, startDate })
    expect([status, body.errors[0].field]).toEqual([400, 'startDate'])
  })

  test.each(['1', 'Dec 1 2026', '2026-02-30', '2026-12-01T10:00:00Z'])(
    'refuse to end on %s, which is no day',
    async (date) => {
      const { status, body } = await post({
        ...window,
        repeat: { type: 'day' },
        endRepeat: { type: 'date', date },
      })
      expect([status, body.errors[0].field]).toEqual([400, 'endRepeat.date'])
    },
  )

  test.each([[{ type: 'count', count: 3 }], [{ type: 'date', date: '2030-01-01' }], [{ type: 'never' }]])(
    'is taken as %j',
    async (endRepeat) => {
      const { status, body } = await post({ ...window, repeat: { type: 'day' }, endRepeat })
      expect([status, body.endRepeat]).toEqual([201, endRepeat])
    },
  )
})

describe('the state of a window that repeats', () => {
  const first = Date.parse('2025-01-01T10:00:00Z') // a Wednesday
  const base = { startDate: '2025-01-01T10:00:00Z', duration: 3600 }
  const on = (text: string): number => Date.parse(text)

  test.each([
    ['every day', { type: 'day' }, '2025-03-05T10:30:00Z', 'active'],
    ['every day', { type: 'day' }, '2025-03-05T11:30:00Z', 'inactive'],
    ['every day, weekdays or not', { type: 'day', daysOfWeek: ['fri'] }, '2025-01-01T10:30:00Z', 'active'],
    ['every week', { type: 'week' }, '2025-01-08T10:30:00Z', 'active'],
    ['every week', { type: 'week' }, '2025-01-09T10:30:00Z', 'inactive'],
    ['every month', { type: 'month' }, '2025-06-01T10:30:00Z', 'active'],
    ['every month', { type: 'month' }, '2025-06-02T10:30:00Z', 'inactive'],
    [
      'every third day',
      { type: 'custom', intervalType: 'day', intervalLength: 3 },
      '2025-01-04T10:30:00Z',
      'active',
    ],
    [
      'on Fridays',
      { type: 'custom', intervalType: 'week', daysOfWeek: ['fri'] },
      '2025-01-10T10:30:00Z',
      'active',
    ],
    [
      'on Fridays',
      { type: 'custom', intervalType: 'week', daysOfWeek: ['fri'] },
      '2025-01-08T10:30:00Z',
      'inactive',
    ],
  ])('%s follows its step (%#)', (_, repeat, now, state) => {
    expect(windowState({ ...base, repeat }, on(now))).toBe(state)
  })

  test('ends after its count or date, is inactive before its start and when it is disabled', () => {
    const daily = { ...base, repeat: { type: 'day' } }
    const counted = { ...daily, endRepeat: { type: 'count', count: 3 } }
    expect(windowState(counted, on('2025-01-03T10:30:00Z'))).toBe('active')
    expect(windowState(counted, on('2025-01-04T10:30:00Z'))).toBe('ended')
    const dated = { ...daily, endRepeat: { type: 'date', date: '2025-01-02' } }
    expect(windowState(dated, on('2025-01-02T10:30:00Z'))).toBe('active')
    expect(windowState(dated, on('2025-01-03T10:30:00Z'))).toBe('ended')
    expect(windowState(daily, first - 1)).toBe('inactive')
    expect(windowState({ ...daily, isEnabled: false }, first)).toBe('inactive')
  })
})
