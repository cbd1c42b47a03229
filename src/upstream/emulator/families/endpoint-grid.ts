import { type AskedPage, type Page, pageOf, sliceOf } from '../paging.ts'
import { invalidField, type V7Refusal } from '../refusals.ts'
import type { Search } from './endpoint-search.ts'

/** A list whose rows are worked out when they are asked for. */
export interface Grid<Row> {
  readonly count: number
  at(index: number): Row
}

/** One list behind the other. */
export function joined<Row>(grids: readonly Grid<Row>[]): Grid<Row> {
  const filled = grids.filter(({ count }) => count > 0)
  return {
    count: filled.reduce((sum, { count }) => sum + count, 0),
    at(index) {
      let rest = index
      for (const grid of filled) {
        if (rest < grid.count) return grid.at(rest)
        rest -= grid.count
      }
      throw new RangeError(`there is no row ${index}`)
    },
  }
}

export const mapped = <From, To>({ count, at }: Grid<From>, to: (row: From) => To): Grid<To> => ({
  count,
  at: (index) => to(at(index)),
})

/** What must look at every row looks at so many (ours): each is worked out anew. */
const mostLookedAt = 20_000

const tooMany = (count: number): V7Refusal =>
  invalidField('window', `spans ${count} rows, of which a search looks at ${mostLookedAt}.`)

const everyRow = <Row>({ count, at }: Grid<Row>): readonly Row[] =>
  Array.from({ length: count }, (_, index) => at(index))

/** Several rows for each one, as many as it takes. */
export function spread<From, To>(grid: Grid<From>, to: (row: From) => readonly To[]): Grid<To> | V7Refusal {
  if (grid.count > mostLookedAt) return tooMany(grid.count)
  const rows = everyRow(grid).flatMap(to)
  return { count: rows.length, at: (index) => rows[index] as To }
}

/** @returns the page of what the search leaves in, and how many rows that is in all */
export function searchedPage<Row>(
  asked: AskedPage,
  grid: Grid<Row>,
  { keeps, order }: Search<Row>,
): (Page<Row> & { readonly total: number }) | V7Refusal {
  if (!keeps && !order) return { ...pageOf(asked, grid.count, grid.at), total: grid.count }
  if (grid.count > mostLookedAt) return tooMany(grid.count)
  const all = everyRow(grid)
  const left = keeps ? all.filter(keeps) : all
  const rows = order ? order(left) : left
  return { ...sliceOf(asked, rows), total: rows.length }
}
