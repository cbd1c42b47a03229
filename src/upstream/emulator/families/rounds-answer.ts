import type { Answer, Call } from '../call.ts'
import type { JsonObject } from '../json.ts'
import type { MeasuredTest } from '../measurements/measurements.ts'
import type { Schedule } from '../measurements/schedule.ts'
import { askedPage, pageLinks, pageOf } from '../paging.ts'
import { isV7Refusal, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { rangeEcho, timeRangeOf } from '../time-range.ts'
import { simpleTest } from './agent-show.ts'
import { roundGrid } from './round-grid.ts'

/** What is measured in every round of a test that it is on in. */
export interface MeasuredCells<Cell> {
  readonly test: Entry
  readonly facts: MeasuredTest
  readonly cells: readonly Cell[]
}

/** A page of a test's results: the newest round first, in a round all its cells that were on. */
export function roundsAnswer<Cell extends { readonly on: Schedule }>(
  call: Call,
  { test, facts, cells }: MeasuredCells<Cell>,
  show: (cell: Cell, round: number) => JsonObject,
): Answer | V7Refusal {
  const asked = askedPage(call)
  if (isV7Refusal(asked)) return asked
  const range = timeRangeOf(call, asked.asOf)
  if (range && isV7Refusal(range)) return range
  const grid = roundGrid({ facts, cells }, { range, asOf: asked.asOf })
  const { rows, left } = pageOf(asked, grid.count, (index) => {
    const { cell, round } = grid.at(index)
    return show(cell, round)
  })
  return {
    status: 200,
    varies: true,
    body: {
      results: rows,
      test: simpleTest(test, call),
      ...rangeEcho(range),
      _links: pageLinks(call, asked, left),
    },
  }
}
