import type { Answer, Call } from '../call.ts'
import type { JsonObject } from '../json.ts'
import { type MeasuredTest, roundsOf } from '../measurements/measurements.ts'
import { askedPage, pageLinks, pageOf } from '../paging.ts'
import { isV7Refusal, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { rangeEcho, timeRangeOf } from '../time-range.ts'
import { simpleTest } from './agent-show.ts'

/** What is measured in every round of a test. */
export interface MeasuredCells<Cell> {
  readonly test: Entry
  readonly facts: MeasuredTest
  readonly cells: readonly Cell[]
}

/** A page of a test's results: the newest round first, in a round all its cells. */
export function roundsAnswer<Cell>(
  call: Call,
  { test, facts, cells }: MeasuredCells<Cell>,
  show: (cell: Cell, round: number) => JsonObject,
): Answer | V7Refusal {
  const asked = askedPage(call)
  if (isV7Refusal(asked)) return asked
  const range = timeRangeOf(call, asked.asOf)
  if (range && isV7Refusal(range)) return range
  const rounds = roundsOf(facts, range, asked.asOf)
  const { rows, left } = pageOf(asked, rounds.count * cells.length, (index) =>
    show(cells[index % cells.length] as Cell, rounds.at(Math.floor(index / cells.length))),
  )
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
