import { beforeAll, describe, expect, test } from 'vitest'
import { type Calls, openCalls, origin } from './emulator-calls.ts'
import { follow } from './paged-calls.ts'

const path = '/test-results/110301/network'

let calls: Calls
beforeAll(async () => {
  calls = await openCalls()
})

describe('time ranges (v7-notes section 5)', () => {
  test.each([
    ['window=90', '2029-12-31T23:58:30Z'],
    ['window=90s', '2029-12-31T23:58:30Z'],
    ['window=2m', '2029-12-31T23:58:00Z'],
    ['window=3h', '2029-12-31T21:00:00Z'],
    ['window=1d', '2029-12-31T00:00:00Z'],
    ['window=1w', '2029-12-25T00:00:00Z'],
    ['startDate=2029-12-31T22:00:00.900Z', '2029-12-31T22:00:00Z'],
    ['startDate=2029-12-31T23:00:00%2B01:00', '2029-12-31T22:00:00Z'],
    [`window=${'9'.repeat(400)}w`, '1970-01-01T00:00:00Z'],
  ])('%s begins at %s and ends now', async (query, startDate) => {
    const { status, body } = await calls.call('GET', path, { query })
    expect(status).toBe(200)
    expect(body).toMatchObject({ startDate, endDate: '2030-01-01T00:00:00Z' })
  })

  test('start and end are repeated as they were asked for', async () => {
    const query = 'startDate=2029-12-31T20:00:00Z&endDate=2029-12-31T20:10:00Z'
    const { body } = await calls.call('GET', path, { query })
    expect(body).toMatchObject({ startDate: '2029-12-31T20:00:00Z', endDate: '2029-12-31T20:10:00Z' })
    expect(body.results).toHaveLength(9)
  })

  test.each([
    ['a window of another form', 'window=1y', 'window'],
    ['a negative window', 'window=-5', 'window'],
    ['a window beside a start', 'window=1h&startDate=2029-12-31T20:00:00Z', 'window'],
    ['a window beside an end', 'window=1h&endDate=2029-12-31T20:00:00Z', 'window'],
    ['an end without a start', 'endDate=2029-12-31T20:00:00Z', 'startDate'],
    ['a start after its end', 'startDate=2029-12-31T20:00:00Z&endDate=2029-12-31T19:00:00Z', 'startDate'],
    ['a day without a time', 'startDate=2029-12-31', 'startDate'],
    ['a time without a zone', 'startDate=2029-12-31T20:00:00', 'startDate'],
    ['a date that does not exist', 'startDate=2029-13-41T20:00:00Z', 'startDate'],
    ['a day that no month has', 'startDate=2029-02-30T20:00:00Z', 'startDate'],
    ['no date at all', 'startDate=yesterday', 'startDate'],
    ['a bad end', 'startDate=2029-12-31T20:00:00Z&endDate=soon', 'endDate'],
  ])('%s is refused', async (_, query, field) => {
    const { status, body } = await calls.call('GET', path, { query })
    expect(status).toBe(400)
    expect(body.errors[0].field).toBe(field)
  })
})

describe('cursors (v7-notes section 6)', () => {
  test('next is absolute, carries the whole query and stays out on the last page', async () => {
    const { body } = await calls.call('GET', path, { query: 'window=12h&unknown=a%20b', aid: '1101' })
    const next = new URL(body._links.next.href)
    expect(next.origin + next.pathname).toBe(`${origin}/v7${path}`)
    expect(next.searchParams.get('cursor')).toMatch(/^[\w-]+$/)
    next.searchParams.delete('cursor')
    expect(Object.fromEntries(next.searchParams)).toEqual({ window: '12h', unknown: 'a b', aid: '1101' })
    const last = await calls.call('GET', path)
    expect(Object.keys(last.body._links)).toEqual(['self'])
  })

  test('a walk sees the list as of its first page, though time goes on', async () => {
    const own = await openCalls()
    const query = 'window=12h'
    const first = await own.call('GET', path, { query })
    const second = await follow(own, first.body._links.next)
    own.clock.advance(3_600)
    const later = await follow(own, first.body._links.next)
    expect(later.body).toEqual(second.body)
  })

  test.each([
    ['nonsense', 'abc'],
    ['no base64url', '%00$'],
    ['nothing', ''],
    ['another shape', Buffer.from('{"offset":1}').toString('base64url')],
    ['words', Buffer.from('["a","b"]').toString('base64url')],
    ['a negative rest', Buffer.from('[1893456000000,-1]').toString('base64url')],
    ['the future', Buffer.from('[9893456000000,1]').toString('base64url')],
    ['a long text', 'A'.repeat(5_000)],
  ])('a cursor of %s is refused in the live words', async (_, cursor) => {
    const { status, headers, body } = await calls.call('GET', path, { query: `window=1h&cursor=${cursor}` })
    expect(status).toBe(400)
    expect(headers['content-type']).toBe('application/problem+json;charset=UTF-8')
    expect(body).toEqual({
      type: 'about:blank',
      title: 'Failed to deserialize',
      status: 400,
      instance: `/v7${path}`,
    })
  })
})
