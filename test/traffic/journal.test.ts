import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { openJournal, type WritableJournal } from '../../src/traffic/journal.ts'
import type { Bounds } from '../../src/traffic/ring.ts'
import type { Exchange } from '../../src/traffic/traffic.ts'
import { type HandTimers, handTimers } from './hand-timers.ts'
import { type Seen, sightingOf } from './sightings.ts'
import { hash, nameOf } from './start-observed.ts'

interface Opened {
  readonly journal: WritableJournal
  readonly timers: HandTimers
  /** One request that is answered at once. */
  readonly add: (seen?: Seen) => void
}

function open(bounds?: Bounds): Opened {
  const timers = handTimers()
  const journal = openJournal({ timers, hash, nameOf, ...(bounds === undefined ? {} : { bounds }) })
  return {
    journal,
    timers,
    add(seen = {}) {
      const sighting = sightingOf(seen, journal.nextId())
      journal.begin(sighting)
      journal.end(sighting)
    },
  }
}

const ids = (exchanges: readonly Exchange[]): readonly number[] => exchanges.map(({ id }) => id)
const patient = { timeoutMs: 1000, signal: new AbortController().signal }

describe('finding exchanges', () => {
  const { journal, add } = open()
  add({ url: '/v7/getTests?client_id=no', status: 200 })
  add({ method: 'POST', url: '/token', status: 400, body: 'client_id=meraki&grant_type=refresh_token' })
  add({ method: 'POST', url: '/v7/createTest', status: 201 })
  add({ url: '/account', status: 200 })

  test.each([
    [{}, [1, 2, 3, 4]],
    [{ surface: 'v7' } as const, [1, 3]],
    [{ name: 'token' }, [2]],
    [{ name: 'tok' }, []],
    [{ method: 'POST' }, [2, 3]],
    [{ path: '/v7/' }, [1, 3]],
    [{ path: 'v7' }, []],
    [{ status: 200 }, [1, 4]],
    [{ clientId: 'meraki' }, [2]],
    [{ clientId: 'no' }, [1]],
    [{ after: 2 }, [3, 4]],
    [{ after: 4 }, []],
    [{ limit: 2 }, [3, 4]],
    [{ limit: 0 }, []],
    [{ limit: 1, status: 200, surface: 'v7' } as const, [1]],
    [{ method: 'POST', status: 200 }, []],
  ])('by %j gives %j', (query, expected) => {
    expect(ids(journal.find(query))).toEqual(expected)
  })

  test('gives the same exchange each time', () => {
    expect(journal.find({ limit: 1 })[0]).toBe(journal.find({ limit: 1 })[0])
  })
})

test('a call is known for the client that its token was given to', () => {
  const { journal, add } = open()
  const token = `${'a'.repeat(16)}.${'b'.repeat(43)}`
  const presented = ['Authorization', `Bearer ${token}`]
  add({ url: '/v7/before', headers: presented })
  add({
    method: 'POST',
    url: '/token',
    body: 'client_id=meraki&code=abc',
    answerHeaders: ['Content-Type', 'application/json'],
    answerBody: JSON.stringify({ access_token: token }),
  })
  add({ url: '/v7/after', headers: presented })
  add({ url: '/v7/other', headers: ['Authorization', `Bearer ${'c'.repeat(16)}.${'b'.repeat(43)}`] })
  expect(ids(journal.find({ clientId: 'meraki' }))).toEqual([2, 3])
  expect(ids(journal.find({ clientId: 'meraki', after: 2 }))).toEqual([3])
})

describe('the bounds of the journal', () => {
  test('the oldest go first when there are too many', () => {
    const { journal, add } = open({ exchanges: 3, weight: 1e6 })
    for (let count = 0; count < 5; count += 1) add()
    expect(ids(journal.find({}))).toEqual([3, 4, 5])
    expect(journal.lastId()).toBe(5)
  })

  test('the oldest go first when they weigh too much, the newest never', () => {
    const { journal, add } = open({ exchanges: 100, weight: 10_000 })
    for (let count = 0; count < 5; count += 1) add({ answerBody: 'x'.repeat(4000) })
    expect(ids(journal.find({}))).toEqual([4, 5])
    add({ answerBody: 'x'.repeat(20_000) })
    expect(ids(journal.find({}))).toEqual([6])
    add()
    expect(ids(journal.find({}))).toEqual([7])
  })

  test('headers and targets weigh too', () => {
    const { journal, add } = open({ exchanges: 100, weight: 10_000 })
    add({ headers: ['X-A', 'x'.repeat(6000)] })
    add({ url: `/${'x'.repeat(6000)}` })
    add({ answerHeaders: ['X-A', 'x'.repeat(6000)] })
    expect(ids(journal.find({}))).toEqual([3])
  })

  test('what ends after it was pushed out is forgotten', () => {
    const { journal, add } = open({ exchanges: 2, weight: 1e6 })
    const early = sightingOf({}, journal.nextId())
    journal.begin(early)
    add()
    add()
    journal.end(early)
    expect(ids(journal.find({}))).toEqual([2, 3])
  })

  test('of 1,000 exchanges hold without being told', () => {
    const { journal, add } = open()
    for (let count = 0; count < 1200; count += 1) add()
    expect(ids(journal.find({})).length).toBe(1000)
    expect(ids(journal.find({ limit: 1 }))).toEqual([1200])
  })

  test('hold of those that were under way when it was cleared', () => {
    const { journal, add } = open({ exchanges: 3, weight: 1e6 })
    const underWay = sightingOf({}, journal.nextId())
    journal.begin(underWay)
    journal.clear()
    for (let count = 0; count < 3; count += 1) add()
    journal.end(underWay)
    expect(ids(journal.find({}))).toEqual([2, 3, 4])
  })
})

describe('clearing', () => {
  test('forgets all that has ended, and ids go on', () => {
    const { journal, add } = open()
    add()
    journal.clear()
    expect([journal.find({}), journal.lastId()]).toEqual([[], 1])
    add()
    expect(ids(journal.find({}))).toEqual([2])
  })

  test('keeps what is under way, which is found by its id and told once it ends', async () => {
    const { journal, add } = open()
    add()
    const underWay = [1, 2].map(() => sightingOf({ url: '/v7/getTests' }, journal.nextId()))
    for (const sighting of underWay) journal.begin(sighting)
    add()
    const heard: number[] = []
    journal.subscribe(({ id }) => heard.push(id))
    const waiting = [journal.next({ name: 'getTests' }, patient), journal.next({ after: 4 }, patient)]
    journal.clear()
    expect(journal.find({})).toEqual([])
    for (const sighting of underWay) journal.end(sighting)
    add()
    expect((await Promise.all(waiting)).map((exchange) => exchange?.id)).toEqual([2, 5])
    expect(heard).toEqual([2, 3, 5])
    expect(ids(journal.find({}))).toEqual([2, 3, 5])
    expect(ids(journal.find({ after: 2 }))).toEqual([3, 5])
    journal.clear()
    expect(journal.find({})).toEqual([])
  })

  test('keeps the notes of what is under way', () => {
    const { journal } = open()
    const sighting = sightingOf({}, journal.nextId())
    journal.begin(sighting)
    journal.note('abc.1', { event: 'refused' })
    journal.clear()
    sighting.answerHeaders = ['X-Request-Id', 'abc.1']
    journal.end(sighting)
    expect(journal.find({})[0]?.notes).toEqual([{ event: 'refused' }])
  })
})

test('a request under way is not found before it has ended', () => {
  const { journal } = open()
  const sighting = sightingOf({}, journal.nextId())
  journal.begin(sighting)
  expect([journal.find({}), journal.lastId()]).toEqual([[], 1])
  journal.end(sighting)
  expect(ids(journal.find({}))).toEqual([1])
})

test.each<[string, (journal: WritableJournal) => void]>([
  ['an exchange is made of them', (journal) => void journal.find({})],
  ['they are cleared', (journal) => journal.clear()],
])('raw texts are let go once %s', async (_, letGo) => {
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')
  const { journal } = open()
  const seen = (): WeakRef<object> => {
    const sighting = sightingOf({}, journal.nextId())
    journal.begin(sighting)
    journal.end(sighting)
    return new WeakRef(sighting)
  }
  const reference = seen()
  const isGone = async (): Promise<boolean> => {
    // A reference that was asked stays until the end of the turn.
    await new Promise((resolve) => setImmediate(resolve))
    collectGarbage()
    return reference.deref() === undefined
  }
  expect(await isGone()).toBe(false)
  letGo(journal)
  expect(await isGone()).toBe(true)
  expect(journal.lastId()).toBe(1)
})

describe('waiting for the next exchange', () => {
  test('ends with the first that matches, for everybody who waits', async () => {
    const { journal, add, timers } = open()
    add({ url: '/v7/getTests' })
    const waiting = [
      journal.next({ name: 'getTests' }, patient),
      journal.next({ surface: 'v7' }, patient),
      journal.next({ status: 500 }, patient),
    ]
    add({ url: '/token' })
    add({ url: '/v7/getTests', status: 500 })
    expect((await Promise.all(waiting)).map((exchange) => exchange?.id)).toEqual([3, 3, 3])
    expect(timers.pending()).toBe(0)
  })

  test('gives what is there already when it is asked from an id on: the oldest', async () => {
    const { journal, add } = open()
    for (let count = 0; count < 4; count += 1) add()
    expect((await journal.next({ after: 2, limit: 1 }, patient))?.id).toBe(3)
    const waiting = journal.next({ after: 4 }, patient)
    add()
    expect((await waiting)?.id).toBe(5)
  })

  test('knows the client of a token', async () => {
    const { journal, add } = open()
    const waiting = journal.next({ clientId: 'meraki', surface: 'v7' }, patient)
    add({
      method: 'POST',
      url: '/token',
      body: 'client_id=meraki',
      answerBody: '{"access_token":"abcdef7h"}',
    })
    add({ url: '/v7/a', headers: ['Authorization', 'Bearer other7one'] })
    add({ url: '/v7/a', headers: ['Authorization', 'Bearer abcdef7h'] })
    expect((await waiting)?.id).toBe(3)
  })

  test('ends without one when the time is over, or the signal fires, even before', async () => {
    const { journal, add, timers } = open()
    const late = journal.next({}, patient)
    timers.pass(1000)
    expect(await late).toBeUndefined()
    const leaving = new AbortController()
    const left = journal.next({}, { timeoutMs: 1000, signal: leaving.signal })
    leaving.abort()
    expect(await left).toBeUndefined()
    expect(await journal.next({}, { timeoutMs: 1000, signal: leaving.signal })).toBeUndefined()
    expect(timers.pending()).toBe(0)
    add()
  })
})

test('a subscriber hears of every exchange in the order in which they end, until it has enough', () => {
  const { journal, add } = open()
  const heard: number[] = []
  const leave = journal.subscribe(({ id }) => heard.push(id))
  const slow = sightingOf({}, journal.nextId())
  journal.begin(slow)
  add()
  journal.end(slow)
  leave()
  add()
  expect(heard).toEqual([2, 1])
})

describe('notes', () => {
  const refused = { event: 'v7-call-refused', code: 'scope_missing' }
  const answered = (id: string): Seen => ({ answerHeaders: ['X-Request-Id', id] })

  test('find their exchange when they come before its answer', () => {
    const { journal, add } = open()
    journal.note('abc.1', refused)
    journal.note('abc.1', { event: 'second' })
    journal.note('abc.2', { event: 'other' })
    add(answered('abc.1'))
    expect(journal.find({})[0]?.notes).toEqual([refused, { event: 'second' }])
  })

  test('find it while it is under way', () => {
    const { journal } = open()
    const sighting = sightingOf(answered('abc.1'), journal.nextId())
    journal.begin(sighting)
    journal.note('abc.1', refused)
    journal.end(sighting)
    expect(journal.find({})[0]?.notes).toEqual([refused])
  })

  test.each([true, false])('find it when they come after, read before or not (%s)', (isRead) => {
    const { journal, add } = open()
    add(answered('abc.1'))
    add(answered('abc.2'))
    if (isRead) journal.find({})
    journal.note('abc.1', refused)
    expect(journal.find({}).map(({ notes }) => notes)).toEqual([[refused], []])
  })

  test('hold no credentials', () => {
    const { journal, add } = open()
    const token = `${'a'.repeat(16)}.${'b'.repeat(43)}`
    journal.note('abc.1', { event: 'refused', detail: `token ${token} of state xyz-123456` })
    add({ ...answered('abc.1'), url: '/a?state=xyz-123456' })
    journal.find({})
    journal.note('abc.1', { event: 'later', detail: token })
    const [exchange] = journal.find({})
    expect(exchange?.notes).toHaveLength(2)
    expect(JSON.stringify(exchange)).not.toMatch(/bbbbbbbb|xyz-123456/)
  })

  test("nobody claims are the latest 100 requests' alone", () => {
    const { journal, add } = open()
    for (let count = 1; count <= 101; count += 1) journal.note(`abc.${count}`, refused)
    for (const id of ['abc.1', 'abc.2', 'abc.101']) add(answered(id))
    expect(journal.find({}).map(({ notes }) => notes.length)).toEqual([0, 1, 1])
  })
})
