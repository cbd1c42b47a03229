import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls } from './emulator-calls.ts'
import { pagesOf } from './paged-calls.ts'
import { violations } from './schema-check.ts'

interface Event {
  readonly id: string
  readonly type: string
  readonly state: string
  readonly startDate: string
  readonly endDate: string | null
}

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const eventsOf = async (query: string): Promise<readonly Event[]> => {
  const first = await calls.call('GET', '/events', { query })
  expect(first.status).toBe(200)
  return (await pagesOf(calls, first, 'events')).flat() as readonly Event[]
}

describe('GET /events', () => {
  test('demands a time range', async () => {
    expect((await calls.call('GET', '/events')).status).toBe(400)
    expect((await calls.call('GET', '/events', { query: 'endDate=2029-12-25T00:00:00Z' })).status).toBe(400)
    for (const query of ['window=1h', 'startDate=2029-12-25T00:00:00Z&endDate=2029-12-26T00:00:00Z'])
      expect((await calls.call('GET', '/events', { query })).status).toBe(200)
  })

  test('lists what went on in the range, in the form of the document', async () => {
    const query = 'startDate=2029-12-20T00:00:00Z&endDate=2029-12-27T00:00:00Z'
    const { body } = await calls.call('GET', '/events', { query })
    expect(violations('Events', body)).toEqual([])
    expect(body).toMatchObject({
      aid: '1101',
      startDate: '2029-12-20T00:00:00Z',
      endDate: '2029-12-27T00:00:00Z',
    })
    const all = await eventsOf(query)
    expect(all.length).toBeGreaterThan(50)
    expect(new Set(all.map(({ type }) => type))).toEqual(new Set(['network', 'target', 'dns']))
    for (const { startDate, endDate } of all)
      expect(startDate <= '2029-12-27T00:00:00Z' && (endDate ?? '') >= '2029-12-20T00:00:00Z').toBe(true)
  })

  test('tells events that go on from those that are over', async () => {
    let ongoing: readonly Event[] = []
    while (ongoing.length === 0) {
      calls.clock.advance(300)
      ongoing = await eventsOf('window=12h&ongoing=true')
    }
    expect(violations('Events', (await calls.call('GET', '/events', { query: 'window=12h' })).body)).toEqual(
      [],
    )
    expect(ongoing[0]).toMatchObject({ state: 'active', endDate: null })
    const over = await eventsOf('window=12h&ongoing=false')
    expect(new Set(over.map(({ state }) => state))).toEqual(new Set(['resolved']))
    expect(await eventsOf('window=12h')).toHaveLength(over.length + ongoing.length)
  })

  test('takes max and pages on', async () => {
    const first = await calls.call('GET', '/events', { query: 'window=5d&max=9' })
    expect(first.body.events).toHaveLength(9)
    expect((await pagesOf(calls, first, 'events')).flat()).toEqual(await eventsOf('window=5d'))
  })
})

describe('GET /events/{id}', () => {
  test.each(['network', 'target', 'dns'])('tells of a %s event in the form of the document', async (type) => {
    const event = (await eventsOf('window=20d')).find((one) => one.type === type)
    const { status, body } = await calls.call('GET', `/events/${event?.id}`)
    expect(status).toBe(200)
    expect(violations('EventDetail', body)).toEqual([])
    expect(body).toMatchObject({ id: event?.id, type, aid: '1101', startDate: event?.startDate })
    expect(body.affectedAgents.agents).toHaveLength(body.affectedAgents.total)
  })

  test('of others, and what is no event, is not found', async () => {
    const foreign = await calls.call('GET', '/events', { query: 'window=7d', aid: '1102' })
    for (const id of [foreign.body.events[0].id, 'e9c3bf02-a48c-4aa8-9e5f-898800d6f569', 'x'])
      expect((await calls.call('GET', `/events/${id}`)).status).toBe(404)
  })
})
