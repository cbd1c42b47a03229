import { textOf } from '../json.ts'
import { roundOf } from '../measurements/schedule.ts'
import type { Entry } from '../state.ts'
import type { TimeRange } from '../time-range.ts'
import { type Grid, joined } from './endpoint-grid.ts'

/** What an agent's machine does by itself, in every round and without a test. */
export interface MachineCell {
  readonly agent: Entry
}

/** One round of a cell. @param round epoch seconds */
export interface CellRound<Cell> {
  readonly cell: Cell
  readonly round: number
}

/** The first round of an agent: that behind its registration. */
function firstRound({ agent }: MachineCell, interval: number): number {
  const createdAt = Date.parse(textOf(agent.fields['createdAt']) ?? '') || 0
  return Math.ceil(createdAt / 1000 / interval) * interval
}

export const hadRound = (cell: MachineCell, interval: number, round: number): boolean =>
  round % interval === 0 && round >= firstRound(cell, interval)

/** Rounds from one to another, the newest first, each with all the cells. */
const stretch = <Cell>(
  cells: readonly Cell[],
  { from, to, interval }: { from: number; to: number; interval: number },
): Grid<CellRound<Cell>> => ({
  count: Math.max(0, (to - from) / interval + 1) * cells.length,
  at: (index) => ({
    cell: cells[index % cells.length] as Cell,
    round: to - Math.floor(index / cells.length) * interval,
  }),
})

/**
 * The rounds of a range, the newest first, in a round every cell whose agent had registered; without a range the newest one.
 * @param asOf epoch ms; no round is younger
 */
export function machineRounds<Cell extends MachineCell>(
  cells: readonly Cell[],
  interval: number,
  { range, asOf }: { readonly range: TimeRange | undefined; readonly asOf: number },
): Grid<CellRound<Cell>> {
  const newest = roundOf(Math.min(range?.endAt ?? asOf, asOf) / 1000, interval)
  const oldest = range ? roundOf(range.startAt / 1000, interval) : newest
  const firsts = [...new Set(cells.map((cell) => firstRound(cell, interval)))].toSorted((a, b) => b - a)
  return joined(
    firsts.map((first, index) => {
      const next = firsts[index - 1]
      return stretch(
        cells.filter((cell) => firstRound(cell, interval) <= first),
        {
          from: Math.max(first, oldest),
          to: Math.min(newest, next === undefined ? newest : next - interval),
          interval,
        },
      )
    }),
  )
}
