import { beforeEach, describe, expect, test } from 'vitest'
import { type CallOptions, type Calls, type Came, openCalls, origin, viewer } from './emulator-calls.ts'
import { allRows } from './result-calls.ts'
import { violations } from './schema-check.ts'

const hour = 3_600_000
/** 1 January 2030, where the tests' clock stands. */
const now = Date.UTC(2030, 0, 1)
const day = 86_400

const asked = (hours: number, endAt = now - hour, more: object = {}) => ({
  displayName: 'What went wrong',
  startDate: new Date(endAt - hours * hour).toISOString(),
  endDate: new Date(endAt).toISOString(),
  ...more,
})

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const create = (body: object = asked(1), options: CallOptions = {}, testId = '110301'): Promise<Came> =>
  calls.call('POST', `/tests/${testId}/snapshot`, { body, ...options })

describe('POST /tests/{testId}/snapshot', () => {
  test('makes a test of its own that names its source, in the form of the document', async () => {
    const { status, headers, body } = await create(asked(2))
    expect(status).toBe(201)
    expect(headers).not.toHaveProperty('location')
    expect(violations('SnapshotResponse', body)).toEqual([])
    expect(body).toMatchObject({
      displayName: 'What went wrong',
      sourceTestId: '110301',
      startRoundId: (now - 3 * hour) / 1000,
      endRoundId: (now - hour) / 1000,
      shareDate: '2030-01-01T00:00:00Z',
      uid: '1001',
      test: { testId: body.testId, testName: 'Acme portal', type: 'http-server', savedEvent: false },
    })
    expect(body.id).toMatch(/^[a-z0-9]{5}$/)
    expect(body.testId).toMatch(/^2814749767\d{5}$/)
    expect(body._links.appLink.href).toBe(`${origin}/v7/test-results/${body.testId}/http-server`)
  })

  test.each([1, 2, 4, 6, 12, 24, 48])('takes %d hours', async (hours) => {
    expect((await create(asked(hours))).status).toBe(201)
  })

  test.each([
    ['of three hours', asked(3), 'endDate'],
    ['of no time', asked(0), 'endDate'],
    ['that ends before it starts', asked(-1), 'endDate'],
    ['of an hour and a second', { ...asked(1), endDate: '2029-12-31T23:00:01Z' }, 'endDate'],
    ['that ends in the future', asked(1, now + 1_000), 'endDate'],
    ['without a title', { ...asked(1), displayName: undefined }, 'displayName'],
    ['with a title that is no text', asked(1, now, { displayName: 5 }), 'displayName'],
    ['without a start', { ...asked(1), startDate: undefined }, 'startDate'],
    ['that starts at a day', { ...asked(1), startDate: '2029-12-31' }, 'startDate'],
    ['that ends without a zone', { ...asked(1), endDate: '2029-12-31T23:00:00' }, 'endDate'],
    ['that is public in words', asked(1, now, { isPublic: 'yes' }), 'isPublic'],
  ])('refuses one %s', async (_, body, field) => {
    const refused = await create(body)
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ field }] } })
    for (let count = 0; count < 5; count += 1) expect((await create()).status).toBe(201)
  })

  test('takes one that ends now', async () => {
    expect((await create(asked(1, now))).status).toBe(201)
  })

  test('is not found for unknown tests, those of others and instant ones', async () => {
    const body = { server: 'a.example', port: 443, agents: [{ agentId: '4' }] }
    const { testId } = (await calls.call('POST', '/tests/agent-to-server/instant', { body })).body
    for (const id of ['1', '210301', testId]) expect((await create(asked(1), {}, id)).status).toBe(404)
    expect((await create(asked(1), { aid: '1102' })).status).toBe(404)
  })

  test('is open to a Regular User, who may create shares', async () => {
    expect((await create(asked(1), { as: viewer })).status).toBe(201)
  })

  test('makes five in five minutes for an organization, whoever asks, and others for another', async () => {
    for (const as of [undefined, viewer, undefined, viewer, undefined]) {
      expect((await create(asked(1), as === undefined ? {} : { as })).status).toBe(201)
      calls.clock.advance(30)
    }
    const { status, headers, body } = await create()
    expect(status).toBe(429)
    expect(headers['content-type']).toBe('application/problem+json;charset=UTF-8')
    expect(body).toMatchObject({ status: 429, instance: '/v7/tests/110301/snapshot' })
    const other = { as: 'us2.2001' }
    const theirs = { testName: 'Ours', prefix: '203.0.113.0/24' }
    const { testId } = (await calls.call('POST', '/tests/bgp', { ...other, body: theirs })).body
    expect((await create(asked(1), other, testId)).status).toBe(201)
    calls.clock.advance(149)
    expect((await create()).status).toBe(429)
    calls.clock.advance(1)
    expect((await create()).status).toBe(201)
    expect((await create()).status).toBe(429)
  })

  test('stands in the activity log', async () => {
    await create()
    const { body } = await calls.call('GET', '/audit-user-events', { query: 'window=1h' })
    expect(body.auditEvents.map(({ event }: { event: string }) => event)).toContain('Test snapshot created.')
  })
})

describe('the results of a snapshot', () => {
  const source = '/test-results/110301'

  test.each(['http-server', 'network', 'path-vis', 'bgp'])(
    'are the %s results of its span, and nothing beside them',
    async (kind) => {
      const { body } = await create(asked(2, now - hour, { isPublic: true }))
      const path = `/test-results/${body.testId}/${kind}`
      const rows = await allRows(calls, path, 'window=30d')
      const range = `startDate=${asked(2).startDate}&endDate=${asked(2).endDate}`
      const expected = await allRows(calls, `${source}/${kind}`, range)
      const bare = (some: typeof rows) => some.map(({ _links, ...row }) => row)
      expect(bare(rows)).toEqual(bare(expected))
      expect(rows.length).toBeGreaterThan(5)
      const latest = await allRows(calls, path, '')
      expect(latest).toEqual(rows.slice(0, latest.length))
      const answer = await calls.call('GET', path)
      expect(answer.body.test).toMatchObject({ testId: body.testId, savedEvent: true })
      expect(answer.body.test._links.self.href).toBe(`${origin}/v7/tests/http-server/110301`)
    },
  )

  test('stop at the rounds of its span in their details as well', async () => {
    const { testId, startRoundId, endRoundId } = (await create(asked(1))).body
    const statusAt = async (round: number) =>
      (await calls.call('GET', `/test-results/${testId}/path-vis/agent/4/round/${round}`)).status
    expect(await Promise.all([startRoundId, endRoundId].map(statusAt))).toEqual([200, 200])
    expect(await Promise.all([startRoundId - 300, endRoundId + 300].map(statusAt))).toEqual([404, 404])
  })

  test('stay when their test is changed or deleted, and go after thirty days', async () => {
    const { testId } = (await create()).body
    const path = `/test-results/${testId}/http-server`
    const before = await allRows(calls, path, '')
    const change = { url: 'https://other.example', interval: 60, agents: [{ agentId: '5' }] }
    expect((await calls.call('PUT', '/tests/http-server/110301', { body: change })).status).toBe(200)
    expect(await allRows(calls, path, '')).toEqual(before)
    expect((await calls.call('DELETE', '/tests/http-server/110301')).status).toBe(204)
    calls.clock.advance(30 * day - 1)
    expect(await allRows(calls, path, '')).toEqual(before)
    calls.clock.advance(1)
    expect((await calls.call('GET', path)).status).toBe(404)
    expect((await create(asked(1), {}, '110302')).status).toBe(201)
    expect((await calls.call('GET', path)).status).toBe(404)
  })

  test('are its account group’s own, and stand in no list of tests', async () => {
    const { testId } = (await create()).body
    const path = `/test-results/${testId}/http-server`
    expect((await calls.call('GET', path, { aid: '1102' })).status).toBe(404)
    expect((await calls.call('GET', path, { as: 'us2.2001' })).status).toBe(404)
    expect((await calls.call('GET', '/tests')).text).not.toContain(testId)
    expect((await calls.call('GET', `/tests/http-server/${testId}`)).status).toBe(404)
    expect((await create(asked(1), {}, testId)).status).toBe(404)
  })
})
