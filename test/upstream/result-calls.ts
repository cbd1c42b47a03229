import { expect } from 'vitest'
import type { Calls } from './emulator-calls.ts'
import { pagesOf } from './paged-calls.ts'

/** A row of results, as loose as JSON is. */
// biome-ignore lint/suspicious/noExplicitAny: rows differ by kind, and tests name what they expect
export type ResultRow = Readonly<Record<string, any>>

/** A test of the type, run hourly from New York and Frankfurt. @returns its id */
export async function createTest(calls: Calls, type: string, body: object): Promise<string> {
  const given = { testName: `New ${type}`, interval: 3_600, agents: [{ agentId: '4' }, { agentId: '12' }] }
  const { status, body: created } = await calls.call('POST', `/tests/${type}`, {
    body: { ...given, ...body },
  })
  expect(status).toBe(201)
  return created.testId
}

/** All rows that the query asks for, over all pages. */
export async function allRows(calls: Calls, path: string, query: string): Promise<readonly ResultRow[]> {
  const first = await calls.call('GET', path, { query })
  expect(first.status).toBe(200)
  return (await pagesOf(calls, first, 'results')).flat() as readonly ResultRow[]
}

const day = 86_400

/** The rows of the first month after the test was made, some of which an incident hits. */
export async function rowsOfAMonth(calls: Calls, path: string): Promise<readonly ResultRow[]> {
  calls.clock.advance(30 * day)
  return allRows(calls, path, 'window=30d')
}

/** Which agent measured a row, and when. */
export const cellOf = ({ agent, roundId }: ResultRow): string => `${agent.agentId} ${roundId}`

/** The rows of another kind by what measured them. */
export const byCell = (rows: readonly ResultRow[]): ReadonlyMap<string, ResultRow> =>
  new Map(rows.map((row) => [cellOf(row), row]))
