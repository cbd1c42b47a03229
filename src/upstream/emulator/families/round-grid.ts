import { coveredBy, type MeasuredTest, newestOf } from '../measurements/measurements.ts'
import { type RoundSpan, type Rounds, roundsIn, runAt, type Schedule } from '../measurements/schedule.ts'
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

/** The times between switches in a span, in each of which everything stays what it is; the newest first. */
function spansBetween(
  switched: readonly Switched[],
  { from: first, to: last }: RoundSpan,
): readonly RoundSpan[] {
  const switches = switched.flatMap(({ on }) => on.flatMap(({ from, to }) => [from, to + 1]))
  const begins = [...new Set(switches)]
    .filter((at) => Number.isFinite(at) && at > first && at <= last)
    .sort((a, b) => a - b)
  return [first, ...begins].map((from, index) => ({ from, to: (begins[index] ?? last + 1) - 1 })).toReversed()
}

/** Rounds that have the same cells. */
interface Part<Cell> {
  readonly rounds: Rounds
  readonly on: readonly Cell[]
}

/** The most recent round that has cells. */
function newestPart<Cell>(
  spans: readonly RoundSpan[],
  partOf: (span: RoundSpan) => Part<Cell>,
): readonly Part<Cell>[] {
  for (const span of spans) {
    const { rounds, on } = partOf(span)
    if (on.length > 0) return [{ rounds: newestOf(rounds), on }]
  }
  return []
}

/**
 * The rounds of a test that a range covers, the newest first, in a round every cell that was on; without a range the most recent
 * one in which some was.
 */
export function roundGrid<Cell extends Switched>(
  { facts, cells }: { readonly facts: Pick<MeasuredTest, 'shown'>; readonly cells: readonly Cell[] },
  { range, asOf }: { readonly range: TimeRange | undefined; readonly asOf: number },
): Grid<CellRound<Cell>> {
  const covered = coveredBy(facts, range, asOf)
  const spans = spansBetween(cells, { from: covered[0]?.from ?? 0, to: covered.at(-1)?.to ?? 0 })
  const partOf = (span: RoundSpan): Part<Cell> => {
    const rounds = roundsIn(covered, span)
    return { rounds, on: rounds.count > 0 ? cells.filter(({ on }) => runAt(on, span.to)) : [] }
  }
  return joined(
    (range ? spans.map(partOf) : newestPart(spans, partOf)).map(({ rounds, on }) => ({
      count: rounds.count * on.length,
      at: (index) => ({
        cell: on[index % on.length] as Cell,
        round: rounds.at(Math.floor(index / on.length)),
      }),
    })),
  )
}
