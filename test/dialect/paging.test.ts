import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Came, create, type Ground, openGround } from './ground.ts'
import { groundOfFile } from './ground-of-file.ts'
import { named, type Row, rows } from './sample-bodies.ts'
import { done, type Ids, idOf, idsFor, made, pathOf } from './valid-ids.ts'

const hour = 3_600
const month = 720

/** How so many rows come to be that they need pages. */
interface Plenty {
  /** How long the range is that is asked for, which ends now. */
  readonly hours?: number
  /** Rows on a page, where that can be asked for. */
  readonly max?: number
  /** @returns what was made, by its id */
  readonly more?: (ground: Ground) => Promise<readonly string[]>
  readonly ids?: (ground: Ground) => Promise<Ids>
  /** Where the rows are, when not in the list that the answer's schema names. */
  readonly rowsIn?: (came: Came) => readonly Shown[]
  /** The key of a row's id, where the rest of it depends on the time. */
  readonly idKey?: string
}

type Shown = Readonly<Record<string, unknown>>

async function repeat(times: number, write: () => Promise<Came>): Promise<readonly string[]> {
  const ids: string[] = []
  while (ids.length < times) ids.push(idOf(done(await write(), 'a write')))
  return ids
}

async function testTable({ call }: Ground): Promise<Ids> {
  const body = { title: 'Tests', widgets: [{ type: 'Test Table' }] }
  const { body: dashboard } = done(await call('POST', '/dashboards', { body }), 'a dashboard')
  return { dashboardId: dashboard.dashboardId, widgetId: dashboard.widgets[0].id }
}

const events = (at: Ground): Promise<readonly string[]> =>
  repeat(105, () => {
    // One in a second, so that a range may be halved until it fits on a page.
    at.service.advance(1)
    return create(at, rows, '/tags')
  })

async function snapshots(at: Ground): Promise<readonly string[]> {
  const dashboardId = await made(at, '/dashboards')
  return repeat(105, () => {
    // A hundred within an hour are all that there may be.
    at.service.advance(60)
    return create(at, rows, '/dashboard-snapshots', { dashboardId })
  })
}

const plenties: readonly (readonly [RegExp, Plenty])[] = [
  [/^\/test-results\//, { hours: 4 }],
  [/^\/endpoint\/test-results\/(?:dynamic|local)/, { hours: 2 }],
  [/^\/endpoint\/test-results\//, { hours: 10, max: 60 }],
  [/^\/(?:events|alerts)$/, { hours: month, max: 70 }],
  [
    /^\/endpoint\/labels/,
    { max: 3, more: (at) => repeat(7, () => create(at, rows, '/endpoint/labels')), idKey: 'id' },
  ],
  [/^\/endpoint\/agents\/\{agentId\}\/logs/, { hours: month, max: 40 }],
  [/^\/endpoint\/agents/, { max: 2, idKey: 'id' }],
  [/^\/dashboards\//, { max: 3, ids: testTable, rowsIn: ({ body }) => body.data.tests, idKey: 'testId' }],
  [/^\/dashboard-snapshots/, { more: snapshots, idKey: 'snapshotId' }],
  [/^\/audit-user-events/, { hours: 1, more: events }],
]

const plentyOf = ({ path }: Row): Plenty => {
  const found = plenties.find(([pattern]) => pattern.test(path))?.[1]
  if (!found) throw new Error(`nothing makes rows of ${path}`)
  return found
}

type Range = readonly [startAt: number, endAt: number]

/** Calls of one operation, which differ in their query alone. */
interface Asker {
  ask(query: string): Promise<Came>
  follow(link: string): Promise<Came>
  /** What is told apart on a page. */
  rowsOf(came: Came): readonly string[]
  readonly range: Range | undefined
  readonly madeIds: readonly string[]
}

const at = groundOfFile()

/** At another hour another alert is active, and what an active one shows grows with the time between two calls. */
beforeAll(async () => {
  for (const [word, body] of [
    ['freeze', {}],
    ['set', { now: '2030-01-01T00:00:00Z' }],
  ] as const) {
    const answer = await fetch(`${at.ground.service.url}/emulator/clock/${word}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(answer.ok).toBe(true)
  }
})

/** The service's own time, in whole seconds. */
async function now(): Promise<number> {
  const clock = await fetch(`${at.ground.service.url}/emulator/clock`)
  return Math.floor(Date.parse(((await clock.json()) as { readonly now: string }).now) / 1_000) * 1_000
}

async function askerOf(row: Row): Promise<Asker> {
  const { hours, more, ids, rowsIn, idKey } = plentyOf(row)
  const madeIds = (await more?.(at.ground)) ?? []
  const path = pathOf(row, await (ids ?? ((at) => idsFor(at, row)))(at.ground))
  const measuring = row.path.startsWith('/test-results/') ? (hours ?? 0) : 0
  at.ground.service.advance((measuring + 1) * hour)
  const body = row.method === 'POST' ? { body: {} } : {}
  const [key = ''] = row.answer.arrays ?? []
  const shown = rowsIn ?? ((came: Came): readonly Shown[] => came.body[key])
  // What was measured within the last minutes is still coming in.
  const endAt = (await now()) - (hour / 2) * 1_000
  return {
    ask: async (query) =>
      done(await at.ground.call(row.method, path, { query, ...body }), `${path}?${query}`),
    follow: async (link) => done(await at.ground.call(row.method, link, body), link),
    rowsOf: (came) => shown(came).map((one) => (idKey ? String(one[idKey]) : JSON.stringify(one))),
    range: hours === undefined ? undefined : [endAt - hours * hour * 1_000, endAt],
    madeIds,
  }
}

const rangeQuery = ([startAt, endAt]: Range): string =>
  [`startDate=${new Date(startAt).toISOString()}`, `endDate=${new Date(endAt).toISOString()}`].join('&')

const queryOf = ({ range }: Asker, max: number | undefined): string =>
  [...(range ? [rangeQuery(range)] : []), ...(max === undefined ? [] : [`max=${max}`])].join('&')

/** All pages as a client reads them: by the links alone, while time goes on. */
async function pagesOf(asker: Asker, query: string): Promise<readonly (readonly string[])[]> {
  let came = await asker.ask(query)
  const pages = [asker.rowsOf(came)]
  while ('next' in came.body._links) {
    at.ground.service.advance(60)
    came = await asker.follow(came.body._links.next.href)
    pages.push(asker.rowsOf(came))
    expect(pages.length).toBeLessThan(100)
  }
  return pages
}

/** All rows without a cursor: a range that does not fit on one page is asked for in halves. */
async function inPieces(asker: Asker, range: Range): Promise<readonly string[]> {
  const came = await asker.ask(rangeQuery(range))
  if (!('next' in came.body._links)) return asker.rowsOf(came)
  const [startAt, endAt] = range
  const middle = Math.floor((startAt + endAt) / 2_000) * 1_000
  return [...(await inPieces(asker, [startAt, middle])), ...(await inPieces(asker, [middle, endAt]))]
}

/** All rows, found in another way than by following links. */
async function wholeOf(row: Row, asker: Asker): Promise<ReadonlySet<string>> {
  if ('max' in row.query) return new Set(asker.rowsOf(await asker.ask(queryOf(asker, 1_000))))
  return new Set(asker.range ? await inPieces(asker, asker.range) : asker.madeIds)
}

/** Page sizes are not published; this one is ours. */
const usualPage = 100

/** The units of a whole organization, which need a larger one. */
const isOfUnits = ({ path }: Row): boolean => path.startsWith('/usage/units/')

const all = rows.filter(({ query }) => 'cursor' in query)
const paged = all.filter((row) => !isOfUnits(row))

describe.each(named(paged))('pages of %s', (_, row) => {
  test('are full, add up to the whole with each row once, and end', async () => {
    const asker = await askerOf(row)
    const max = 'max' in row.query ? plentyOf(row).max : undefined
    const pages = await pagesOf(asker, queryOf(asker, max))
    const shown = pages.flat()
    expect(pages.length).toBeGreaterThan(1)
    const full = pages.slice(0, -1)
    expect(full.map(({ length }) => length)).toEqual(full.map(() => max ?? usualPage))
    expect(pages.at(-1)).not.toEqual([])
    expect(shown.length).toBe(new Set(shown).size)
    expect(new Set(shown)).toEqual(await wholeOf(row, asker))
  })
})

describe.each(named(paged.filter(({ query }) => 'max' in query)))('max of %s', (_, row) => {
  test('is one row at least', async () => {
    const asker = await askerOf(row)
    expect(asker.rowsOf(await asker.ask(queryOf(asker, 1)))).toHaveLength(1)
    for (const max of [0, -1, 1.5]) await expect(asker.ask(queryOf(asker, max))).rejects.toThrow(': 400')
  })
})

describe('pages of units', () => {
  let large: Ground
  beforeAll(async () => {
    large = await openGround({ PANOPTES_SEED: 'large' })
  }, 60_000)
  afterAll(() => large.close())

  /** What has units, in the list that its account group shows. */
  const listed: Readonly<Record<string, readonly [list: string, idKey: string]>> = {
    tests: ['tests', 'testId'],
    'enterprise-agents': ['agents', 'agentId'],
  }

  test.each(all.filter(isOfUnits).map(({ path }) => [path]))('of %s add up to the whole', async (path) => {
    const [list, idKey] = listed[path.split('/').at(-1) ?? ''] ?? ['', '']
    const { body: whole } = done(
      await large.call('GET', `/${list}`, { query: 'agentTypes=enterprise' }),
      list,
    )
    const shown: string[] = []
    for (let next = path; next !== ''; ) {
      const { body } = done(await large.call('GET', next), next)
      expect(body.breakdowns.length).toBe('next' in body._links ? usualPage : body.breakdowns.length)
      shown.push(...body.breakdowns.map((one: Shown) => one[idKey]))
      next = body._links.next?.href ?? ''
    }
    expect(shown.length).toBeGreaterThan(usualPage)
    expect(shown.toSorted()).toEqual(whole[list].map((one: Shown) => one[idKey]).toSorted())
  })
})
