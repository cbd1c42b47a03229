import { coveredBy, type MeasuredTest, newestOf } from '../measurements/measurements.ts'
import { always, type RoundSpan, roundsIn, runAt, type Schedule } from '../measurements/schedule.ts'
import type { TimeRange } from '../time-range.ts'
import { type Grid, joined } from './endpoint-grid.ts'

/** A cell in a round. */
export interface CellRound<Cell> {
  readonly cell: Cell
  readonly round: number
}

/** The times between switches, in each of which everything stays what it is; the newest first. */
function spansBetween(schedules: readonly Schedule[]): readonly RoundSpan[] {
  const switches = schedules.flatMap((schedule) => schedule.flatMap(({ from, to }) => [from, to + 1]))
  const begins = [...new Set(switches)].filter(Number.isFinite).sort((a, b) => a - b)
  return [always.from, ...begins]
    .map((from, index) => ({ from, to: (begins[index] ?? always.to) - 1 }))
    .toReversed()
}

/**
 * The rounds of a test that a range covers, the newest first, in a round every cell that was on; without a range the most recent
 * one in which some was.
 * @param onOf when a cell was on; always where it is undefined
 */
export function roundGrid<Cell>(
  { facts, cells }: { readonly facts: MeasuredTest; readonly cells: readonly Cell[] },
  { range, asOf }: { readonly range: TimeRange | undefined; readonly asOf: number },
  onOf: (cell: Cell) => Schedule | undefined,
): Grid<CellRound<Cell>> {
  const covered = coveredBy(facts, range, asOf)
  const switched = cells.map((cell) => ({ cell, on: onOf(cell) }))
  const parts = spansBetween(switched.flatMap(({ on }) => (on ? [on] : [])))
    .map((span) => ({
      rounds: roundsIn(covered, span),
      on: switched.filter(({ on }) => !on || runAt(on, span.to)).map(({ cell }) => cell),
    }))
    .filter(({ rounds, on }) => rounds.count * on.length > 0)
  const shown = range ? parts : parts.slice(0, 1).map(({ rounds, on }) => ({ rounds: newestOf(rounds), on }))
  return joined(
    shown.map(({ rounds, on }) => ({
      count: rounds.count * on.length,
      at: (index) => ({
        cell: on[index % on.length] as Cell,
        round: rounds.at(Math.floor(index / on.length)),
      }),
    })),
  )
}
