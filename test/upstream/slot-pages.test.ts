import { expect, test } from 'vitest'
import { type Calls, type Came, done, openCalls } from './emulator-calls.ts'
import { pagesOf } from './paged-calls.ts'

const lists = [
  ['alerts', '/alerts'],
  ['events', '/events'],
] as const

/** How many other calls are answered, one after the other, before this one is. */
async function answeredBefore(calls: Calls, call: Promise<Came>): Promise<number> {
  const state = { isDone: false }
  const awaited = call.finally(() => {
    state.isDone = true
  })
  let answered = 0
  while (!state.isDone) {
    expect((await calls.call('GET', '/account-groups')).status).toBe(200)
    answered += 1
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect((await awaited).status).toBe(200)
  return answered
}

test.each(lists)(
  'other calls are answered while a page of %s is worked out of many days',
  async (_, path) => {
    const calls = await openCalls()
    const listing = calls.call('GET', path, { query: 'window=90d&max=1000' })
    expect(await answeredBefore(calls, listing)).toBeGreaterThan(20)
  },
)

test.each([
  ['an Alert List', { type: 'Alert List' }, ''],
  ['a List of events', { type: 'List' }, ''],
  ['a line of alerts', { type: 'Time Series: Line', metric: 'ALERT_COUNT' }, ''],
  ['a card of alerts', { type: 'Number', numberCards: [{ metric: 'ALERT_COUNT' }] }, 'cards'],
  [
    'a column of alerts',
    { type: 'Multi Metric Table', multiMetricColumns: [{ metric: 'ALERT_COUNT' }] },
    'columns',
  ],
])('other calls are answered while %s shows many days', async (_, widget, word) => {
  const calls = await openCalls()
  const body = { title: 'Many days', widgets: [widget] }
  const { dashboardId, widgets } = await done(calls, 'POST', '/dashboards', { body })
  const [{ id, numberCards, multiMetricColumns }] = widgets
  const part = numberCards?.[0]?.id ?? multiMetricColumns?.[0]?.id
  const path = `/dashboards/${dashboardId}/widgets/${id}`
  const query = 'window=90d'
  expect(await answeredBefore(calls, calls.call('GET', path, { query }))).toBeGreaterThan(20)
  if (word === '') return
  expect(
    await answeredBefore(calls, calls.call('GET', `${path}/${word}/${part}`, { query })),
  ).toBeGreaterThan(20)
})

test.each(lists)(
  'pages of %s add up, though a test of the first page is deleted in between',
  async (key, path) => {
    const calls = await openCalls()
    const query = 'window=10d&max=20'
    const first = await calls.call('GET', path, { query })
    const all = (await pagesOf(calls, first, key)).flat() as readonly {
      readonly id: string
      readonly startDate: string
    }[]
    expect(all.length).toBeGreaterThan(60)
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    expect(all.map(({ startDate }) => startDate)).toEqual(
      all
        .map(({ startDate }) => startDate)
        .toSorted()
        .toReversed(),
    )
    for (const { testId, type } of (await calls.call('GET', '/tests')).body.tests.slice(0, 3))
      expect((await calls.call('DELETE', `/tests/${type}/${testId}`)).status).toBe(204)
    const left = (await pagesOf(calls, first, key)).flat() as readonly { readonly id: string }[]
    const ids = all.map(({ id }) => id)
    const places = left.map(({ id }) => ids.indexOf(id))
    expect(left.length).toBeLessThan(all.length)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(places).not.toContain(-1)
  },
)

test.each(lists)(
  'a page of %s tells of one moment, though an agent is deleted meanwhile',
  async (_, path) => {
    const calls = await openCalls()
    const query = 'window=90d&max=1000'
    const before = await done(calls, 'GET', path, { query })
    const state = { isDone: false }
    const listing = done(calls, 'GET', path, { query }).finally(() => {
      state.isDone = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    await done(calls, 'DELETE', '/agents/110201')
    expect(state.isDone).toBe(false)
    expect(await listing).toEqual(before)
    expect(await done(calls, 'GET', path, { query })).not.toEqual(before)
  },
)

test.each(lists)('a cursor of %s that names no row is refused', async (_, path) => {
  const calls = await openCalls()
  for (const parts of [
    [1, 1],
    [1, 1, 'x'],
    [1, -1, '5aeab5d5-0d34-8d44-a7ac-fb440185295c'],
    [1, 1, 1],
  ]) {
    const cursor = Buffer.from(JSON.stringify(parts)).toString('base64url')
    const { status, body } = await calls.call('GET', path, { query: `window=1h&cursor=${cursor}` })
    expect([status, body.title]).toEqual([400, 'Failed to deserialize'])
  }
})
