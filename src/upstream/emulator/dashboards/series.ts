import type { Rounds } from '../measurements/schedule.ts'
import type { Group } from './subjects.ts'

/** Values over time of one thing that is measured, as one agent that measures one target. */
export interface Series {
  readonly testId: string
  /** The values that the thing has of a property: see subjects.ts. */
  groupsOf(property: string): readonly Group[]
  /** When there are values, epoch seconds, the newest first. */
  readonly rounds: Rounds
  /** Seconds between them. */
  readonly interval: number
  /** @returns undefined where nothing was measured, as the throughput of a target that does not answer */
  valueAt(round: number): number | undefined
}
