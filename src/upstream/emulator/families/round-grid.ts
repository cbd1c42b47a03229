import { coveredBy, type MeasuredTest, newestOf } from '../measurements/measurements.ts'
import { always, type RoundSpan, roundsIn, runAt, type Schedule } from '../measurements/schedule.ts'
import type { TimeRange } from '../time-range.ts'
import { type Grid, joined } from './endpoint-grid.ts'

/** A cell in a round. */
export interface CellRound<Cell> {
  readonly cell: Cell
  readonly round: number
}

/** What is measured, and when. */
interface Switched {
  readonly on: Schedule
}

/** The times between switches, in each of which everything stays what it is; the newest first. */
function spansBetween(switched: readonly Switched[]): readonly RoundSpan[] {
  const switches = switched.flatMap(({ on }) => on.flatMap(({ from, to }) => [from, to + 1]))
  const begins = [...new Set(switches)].filter(Number.isFinite).sort((a, b) => a - b)
  return [always.from, ...begins]
    .map((from, index) => ({ from, to: (begins[index] ?? always.to) - 1 }))
    .toReversed()
}

/**
 * The rounds of a test that a range covers, the newest first, in a round every cell that was on; without a range the most recent
 * one in which some was.
 */
export function roundGrid<Cell extends Switched>(
  { facts, cells }: { readonly facts: MeasuredTest; readonly cells: readonly Cell[] },
  { range, asOf }: { readonly range: TimeRange | undefined; readonly asOf: number },
): Grid<CellRound<Cell>> {
  const covered = coveredBy(facts, range, asOf)
  const parts = spansBetween(cells)
    .map((span) => ({
      rounds: roundsIn(covered, span),
      on: cells.filter(({ on }) => runAt(on, span.to)),
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
