import { textOf } from '../json.ts'
import { during, runAt, type Schedule } from '../measurements/schedule.ts'
import type { Entry } from '../state.ts'
import type { TimeRange } from '../time-range.ts'
import type { Grid } from './endpoint-grid.ts'
import { type CellRound, roundGrid } from './round-grid.ts'
import { forEver } from './stored-runs.ts'
import { scheduleOf } from './test-schedule.ts'

/** What an agent's machine does by itself, in every round and without a test. */
export interface MachineCell {
  readonly agent: Entry
  readonly on: Schedule
}

/** When the machine did that: while its agent was switched on, from its registration on. */
export function machineOn(agent: Entry): Schedule {
  const createdAt = Date.parse(textOf(agent.fields['createdAt']) ?? '') || 0
  return during(scheduleOf(agent), { from: Math.ceil(createdAt / 1000), to: forEver })
}

export const hadRound = ({ on }: MachineCell, interval: number, round: number): boolean =>
  round % interval === 0 && runAt(on, round) !== undefined

/**
 * The rounds of a range, the newest first, in a round every cell whose agent was on; without a range the newest one in which some was.
 * @param asOf epoch ms; no round is younger
 */
export const machineRounds = <Cell extends MachineCell>(
  cells: readonly Cell[],
  interval: number,
  span: { readonly range: TimeRange | undefined; readonly asOf: number },
): Grid<CellRound<Cell>> => roundGrid({ facts: { shown: [{ interval, from: 0, to: forEver }] }, cells }, span)
