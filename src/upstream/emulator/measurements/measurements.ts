/**
 * Measurements: what the tests of the embedded upstream would have measured, worked out from the test, the agent and the
 * round. Owns rounds, incidents and plausible numbers; all of them are made up, none is ThousandEyes'. Knows no call and no
 * answer: the families give these numbers the form of the document.
 */
import type { TimeRange } from '../time-range.ts'
import { always, covering, during, type Rounds, roundsIn, runAt, type Schedule } from './schedule.ts'

export interface MeasuredTest {
  /** Tells this test's numbers from all others', of other regions too. */
  readonly key: string
  readonly type: string
  /** When it measured: incidents follow from that. */
  readonly schedule: Schedule
  /** What is shown of it: all, unless this is a snapshot. */
  readonly shown: Schedule
}

const seconds = (at: number): number => Math.floor(at / 1000)

/** The most recent one alone. */
export const newestOf = (rounds: Rounds): Rounds => ({ ...rounds, count: Math.min(1, rounds.count) })

/**
 * What of the test a range covers, the round that it begins in too; without a range everything so far.
 * @param asOf epoch ms; nothing is younger
 */
export const coveredBy = (
  { shown }: Pick<MeasuredTest, 'shown'>,
  range: TimeRange | undefined,
  asOf: number,
): Schedule =>
  range
    ? covering(shown, { from: seconds(range.startAt), to: seconds(Math.min(range.endAt, asOf)) })
    : during(shown, { from: 0, to: seconds(asOf) })

/**
 * Rounds that a range covers, that in which it begins included; without a range the most recent one (official document).
 * @param asOf epoch ms; no round is younger
 */
export function roundsOf(
  test: Pick<MeasuredTest, 'shown'>,
  range: TimeRange | undefined,
  asOf: number,
): Rounds {
  const rounds = roundsIn(coveredBy(test, range, asOf), always)
  return range ? rounds : newestOf(rounds)
}

/** Whether the test had this round by then. @param round epoch seconds, @param asOf epoch ms */
export const hasRound = ({ shown }: MeasuredTest, round: number, asOf: number): boolean =>
  round * 1000 <= asOf && roundsIn(shown, { from: round, to: round }).count === 1

/** Seconds until the round that followed this one; 0 for a test that ran once. */
export const intervalAt = ({ schedule }: Pick<MeasuredTest, 'schedule'>, round: number): number =>
  runAt(schedule, round)?.interval ?? 0
