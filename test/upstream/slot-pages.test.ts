import { expect, test } from 'vitest'
import { openCalls } from './emulator-calls.ts'
import { pagesOf } from './paged-calls.ts'

const lists = [
  ['alerts', '/alerts'],
  ['events', '/events'],
] as const

test.each(lists)(
  'other calls are answered while a page of %s is worked out of many days',
  async (_, path) => {
    const calls = await openCalls()
    const state = { isDone: false }
    const listing = calls.call('GET', path, { query: 'window=90d&max=1000' }).finally(() => {
      state.isDone = true
    })
    let answered = 0
    while (!state.isDone) {
      expect((await calls.call('GET', '/account-groups')).status).toBe(200)
      answered += 1
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect((await listing).status).toBe(200)
    expect(answered).toBeGreaterThan(20)
  },
)

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
