import { beforeEach, describe, expect, test } from 'vitest'
import { fileEmulator } from './support/file-emulator.ts'

const panoptes = fileEmulator()
const { ask } = panoptes
beforeEach(() => ask('POST', '/clock/reset'))

const year = 365 * 86_400

describe('/emulator/clock', () => {
  test('follows the machine at first', async () => {
    const before = Date.now()
    const { status, body } = await ask('GET', '/clock')
    expect(status).toBe(200)
    expect(body).toMatchObject({ aheadSeconds: 0, frozen: false })
    expect(Date.parse(body.now)).toBeGreaterThanOrEqual(before)
    expect(Date.parse(body.now)).toBeLessThanOrEqual(Date.now())
  })

  test.each([
    ['10m', 600],
    ['1.5h', 5_400],
    ['250ms', 0.25],
    ['30d', 2_592_000],
    [90, 90],
    [0.5, 0.5],
  ])('advances by %s', async (by, seconds) => {
    const { status, body } = await ask('POST', '/clock/advance', { by })
    expect(status).toBe(200)
    expect(body.aheadSeconds).toBeCloseTo(seconds, 1)
  })

  test('adds up what it is advanced by', async () => {
    await ask('POST', '/clock/advance', { by: '1h' })
    const { body } = await ask('POST', '/clock/advance', { by: '1h' })
    expect(body.aheadSeconds).toBeCloseTo(7_200, 1)
  })

  test('is set to an instant and goes on from there', async () => {
    const { body } = await ask('POST', '/clock/set', { now: '2030-01-31T12:00:00+01:00' })
    expect(body).toMatchObject({ now: '2030-01-31T11:00:00.000Z', frozen: false })
    const later = await ask('GET', '/clock')
    expect(Date.parse(later.body.now)).toBeGreaterThanOrEqual(Date.parse(body.now))
  })

  test('goes back', async () => {
    const { body } = await ask('POST', '/clock/set', { now: '2001-01-01T00:00:00Z' })
    expect(body.aheadSeconds).toBeLessThan(-20 * year)
  })

  test('stands still while it is frozen, also when it is moved', async () => {
    await ask('POST', '/clock/freeze')
    const { body: frozen } = await ask('POST', '/clock/set', { now: '2030-01-01T00:00:00Z' })
    expect(frozen).toMatchObject({ now: '2030-01-01T00:00:00.000Z', frozen: true })
    const { body: moved } = await ask('POST', '/clock/advance', { by: '1d' })
    expect(moved).toMatchObject({ now: '2030-01-02T00:00:00.000Z', frozen: true })
    expect((await ask('GET', '/clock')).body.now).toBe('2030-01-02T00:00:00.000Z')
  })

  test('goes on from where it stood once it is resumed', async () => {
    await ask('POST', '/clock/freeze')
    await ask('POST', '/clock/set', { now: '2030-01-01T00:00:00Z' })
    const { body } = await ask('POST', '/clock/resume')
    expect(body.frozen).toBe(false)
    expect(Date.parse(body.now) - Date.parse('2030-01-01T00:00:00Z')).toBeLessThan(10_000)
  })

  test('is never moved further than 100 years ahead, not even in steps', async () => {
    expect((await ask('POST', '/clock/advance', { by: '36500d' })).status).toBe(200)
    const further = await ask('POST', '/clock/advance', { by: '1h' })
    expect(further).toMatchObject({ status: 422, body: { code: 'clock_too_far' } })
    expect(further.body.detail).toMatch(/allowed is at most 100 years ahead/)
  })

  test.each([
    ['advance', { by: '36501d' }, /from 1ms to 36500d/],
    ['advance', { by: 0 }, /by: found 0; allowed/],
    ['advance', { by: -5 }, /by: found -5; allowed/],
    ['advance', { by: '10 minutes' }, /by: found "10 minutes"; allowed is a number and ms, s, m, h or d/],
    ['advance', {}, /by: found nothing/],
    ['set', { now: '2030-01-31' }, /now: found "2030-01-31"; allowed is an instant with its zone/],
    ['set', { now: '2030-02-30T00:00:00Z' }, /now: found/],
    ['set', { now: '1999-12-31T23:59:59Z' }, /from the year 2000/],
    ['set', { now: '2199-01-01T00:00:00Z' }, /at most 100 years ahead/],
    ['set', { now: 1_900_000_000 }, /now: found 1900000000/],
    ['freeze', { now: true }, /now: found something unknown; allowed are no members/],
  ])('refuses %s with %j', async (action, body, words) => {
    const answer = await ask('POST', `/clock/${action}`, body)
    expect(answer.status).toBe(422)
    expect(answer.body.detail).toMatch(words)
  })
})
