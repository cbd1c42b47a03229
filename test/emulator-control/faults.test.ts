import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Panoptes, startPanoptes } from '../../src/testing.ts'
import { type Ask, controlApi } from './support/control-api.ts'
import { askForCode, refresh, statusOf } from './support/oauth.ts'

let panoptes: Panoptes
let ask: Ask
beforeAll(async () => {
  panoptes = await startPanoptes({ limits: 'off' })
  ask = controlApi(panoptes.url)
})
afterAll(() => panoptes.stop())
beforeEach(() => ask('POST', '/reset'))

const add = (fault: object) => ask('POST', '/faults', fault)
const mint = async () =>
  (await ask('POST', '/tokens', { integration: 'sd-wan-manager', user: 'ops@acme.example' })).body

describe('POST /emulator/faults', () => {
  test('answers with the fault, its counts and where it stands', async () => {
    const { status, headers, body } = await add({ on: 'token', latency: '20ms', times: 2 })
    expect(status).toBe(201)
    expect(body).toEqual({ id: expect.any(String), on: 'token', latency: 0.02, times: 2, seen: 0, hits: 0 })
    expect(headers.get('location')).toBe(`/emulator/faults/${body.id}`)
    expect((await ask('GET', `/faults/${body.id}`)).body).toEqual(body)
    expect((await ask('GET', '/faults')).body).toEqual({ faults: [body] })
  })

  test('an operation fails so many times, and counts it', async () => {
    const { access_token: token } = await mint()
    const { body } = await add({ on: 'getTests', status: 503, times: 2, skip: 1 })
    const statuses = []
    for (let calls = 0; calls < 5; calls += 1) statuses.push(await statusOf(panoptes.url, token))
    expect(statuses).toEqual([200, 503, 503, 200, 200])
    expect((await ask('GET', `/faults/${body.id}`)).body).toMatchObject({ seen: 5, hits: 2 })
  })

  test('the token endpoint refuses with the error that is asked for, and the token stays good', async () => {
    const tokens = await mint()
    await add({ on: 'token', status: 400, error: 'invalid_grant', times: 1 })
    expect(await refresh(panoptes.url, tokens.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    })
    expect((await refresh(panoptes.url, tokens.refresh_token)).status).toBe(200)
  })

  test('chance with a seed strikes the same requests every time', async () => {
    const { access_token: token } = await mint()
    const sequence = async () => {
      const { body } = await add({ on: 'getTests', status: 500, probability: 0.5, seed: 7 })
      const statuses = []
      for (let calls = 0; calls < 12; calls += 1) statuses.push(await statusOf(panoptes.url, token))
      await ask('DELETE', `/faults/${body.id}`)
      return statuses
    }
    const first = await sequence()
    expect(new Set(first)).toEqual(new Set([200, 500]))
    expect(await sequence()).toEqual(first)
  })

  test('chance without a seed begins at seed 1, and says so', async () => {
    expect((await add({ on: 'v7', status: 500, probability: 0.5 })).body).toMatchObject({ seed: 1 })
  })

  test('a schedule follows the clock of the workspace', async () => {
    await ask('POST', '/clock/freeze')
    await ask('POST', '/clock/set', { now: '2030-01-01T00:00:00Z' })
    const { access_token: token } = await mint()
    await add({
      on: 'v7',
      maintenance: true,
      retryAfter: 30,
      from: '2030-01-01T00:01:00Z',
      until: '2030-01-01T00:02:00Z',
    })
    expect(await statusOf(panoptes.url, token)).toBe(200)
    await ask('POST', '/clock/advance', { by: '1m' })
    expect(await statusOf(panoptes.url, token)).toBe(503)
    await ask('POST', '/clock/advance', { by: '1m' })
    expect(await statusOf(panoptes.url, token)).toBe(200)
  })

  test('stands beside at most 99 others', async () => {
    for (let count = 0; count < 100; count += 1)
      expect((await add({ on: 'token', status: 503 })).status).toBe(201)
    expect(await add({ on: 'token', status: 503 })).toMatchObject({
      status: 409,
      body: {
        code: 'too_many_faults',
        detail:
          'found 100 standing faults; allowed are at most 100: remove one, or all with DELETE /emulator/faults',
      },
    })
    const { faults } = (await ask('GET', '/faults')).body
    expect(faults).toHaveLength(100)
    await ask('DELETE', `/faults/${faults[41].id}`)
    expect((await add({ on: 'token', status: 503 })).status).toBe(201)
    expect((await add({ on: 'token', status: 503 })).status).toBe(409)
  })

  test.each([
    { on: 'token', latency: 0.25 },
    { on: 'getTests', status: 404 },
    { on: 'token', status: 400, error: 'invalid_grant' },
    { on: 'v7', rateLimit: true },
    { on: 'oauth', maintenance: true },
    { on: 'oauth', maintenance: true, retryAfter: 30 },
    { on: '*', drop: 'before' },
    { on: '*', drop: 'after' },
    { on: 'v7', truncate: 100 },
    { on: 'v7', slow: 50 },
    { on: 'v7', slow: 50, skip: 1, times: 2, probability: 0.5, seed: 7 },
    {
      on: 'v7',
      slow: 50,
      from: '2030-01-01T00:00:00.000Z',
      until: '2030-01-02T00:00:00.000Z',
      every: 3600,
      for: 60,
    },
  ])('answers in the words in which it is given: %j', async (fault) => {
    expect((await add(fault)).body).toMatchObject(fault)
  })

  test.each([
    [{ on: 'tokn', status: 503 }, /on: found "tokn"; did you mean token\?/],
    [{ on: 'gettest', status: 503 }, /did you mean getTests/],
    [
      { on: 'supercalifragilistic', status: 503 },
      /allowed is an endpoint, as token, or the id of a v7 operation/,
    ],
    [{ status: 503 }, /on: found nothing; allowed/],
    [{ on: 'token' }, /found no disturbance; allowed is exactly one of latency, status/],
    [{ on: 'token', status: 503, latency: 1 }, /found latency and status; allowed is exactly one of/],
    [{ on: 'token', status: 200 }, /status: found 200; allowed is a whole number from 400 to 599/],
    [{ on: 'token', latency: '6m' }, /latency: found "6m"; allowed .* from 1ms to 5m/],
    [{ on: 'token', latency: 1, error: 'x' }, /error: allowed is together with status/],
    [{ on: 'token', drop: 'sometimes' }, /drop: found "sometimes"; allowed are before, after/],
    [{ on: 'token', rateLimit: false }, /rateLimit: found false; allowed is true/],
    [{ on: 'token', status: 503, retryAfter: 1 }, /retryAfter: allowed is together with maintenance/],
    [{ on: 'token', status: 503, seed: 1 }, /seed: allowed is together with probability/],
    [{ on: 'token', status: 503, probability: 0 }, /probability: found 0; allowed is a number above 0/],
    [{ on: 'token', status: 503, times: 0 }, /times: found 0; allowed is a whole number from 1/],
    [{ on: 'token', status: 503, every: '1h' }, /every, for: allowed are both or neither/],
    [{ on: 'token', status: 503, every: '1m', for: '1h' }, /for: allowed is at most the span of every/],
    [
      { on: 'token', status: 503, from: '2030-01-02T00:00:00Z', until: '2030-01-01T00:00:00Z' },
      /until: allowed is an instant after from/,
    ],
  ])('refuses %j', async (fault, words) => {
    const answer = await add(fault)
    expect(answer.status).toBe(422)
    expect(answer.body.detail).toMatch(words)
    expect((await ask('GET', '/faults')).body.faults).toEqual([])
  })
})

describe('DELETE /emulator/faults', () => {
  test('ends one, or all', async () => {
    const { body: one } = await add({ on: 'device_authorization', status: 503 })
    await add({ on: 'token', status: 503 })
    expect((await ask('DELETE', `/faults/${one.id}`)).status).toBe(204)
    expect((await askForCode(panoptes.url)).user_code).toEqual(expect.any(String))
    expect((await ask('GET', '/faults')).body.faults).toHaveLength(1)
    expect((await ask('DELETE', '/faults')).status).toBe(204)
    expect((await ask('GET', '/faults')).body.faults).toEqual([])
  })

  test('refuses one that does not stand, and names those that do', async () => {
    const { body: one } = await add({ on: 'token', status: 503 })
    for (const method of ['GET', 'DELETE'])
      expect(await ask(method, '/faults/fault-99')).toMatchObject({
        status: 404,
        body: { code: 'unknown_fault', detail: `fault: found "fault-99"; allowed are ${one.id}` },
      })
  })
})

test('no fault disturbs the control API itself', async () => {
  await add({ on: '*', drop: 'before' })
  expect((await ask('GET', '/clock')).status).toBe(200)
})
