/**
 * Measurements: what the tests of the embedded upstream would have measured, worked out from the test, the agent and the
 * round. Owns rounds, incidents and plausible numbers; all of them are made up, none is ThousandEyes'. Knows no call and no
 * answer: the families give these numbers the form of the document.
 */
import type { TimeRange } from '../time-range.ts'

/** When a test measures. Instants in epoch seconds, as v7 writes rounds (v7-notes section 3). */
export type Schedule =
  | {
      readonly kind: 'repeated'
      readonly interval: number
      readonly first: number
      /** What is shown of it, when not everything is. */
      readonly shown?: RoundSpan
    }
  | { readonly kind: 'once'; readonly at: number }
  | { readonly kind: 'never' }

/** Both ends are shown, and the round that the span begins in. */
export interface RoundSpan {
  readonly from: number
  readonly to: number
}

export interface MeasuredTest {
  /** Tells this test's numbers from all others', of other regions too. */
  readonly key: string
  readonly type: string
  readonly schedule: Schedule
}

/** Rounds of a span of time, the newest first, worked out when asked for. */
export interface Rounds {
  readonly count: number
  /** Epoch seconds. */
  at(index: number): number
}

const none: Rounds = { count: 0, at: () => 0 }
const seconds = (at: number): number => Math.floor(at / 1000)

/** The round that an instant falls into: rounds stand on multiples of the interval (v7-notes section 3). */
export const roundOf = (at: number, interval: number): number => Math.floor(at / interval) * interval

/** A schedule that begins with the round in which the test was created, so that a new test has a result at once. */
export const repeatedFrom = (createdAt: number, interval: number): Schedule => ({
  kind: 'repeated',
  interval,
  first: roundOf(seconds(createdAt), interval),
})

const everything: RoundSpan = { from: 0, to: Number.POSITIVE_INFINITY }

/**
 * Rounds that a range covers, that in which it begins included; without a range the most recent one (official document).
 * @param asOf epoch ms; no round is younger
 */
export function roundsOf({ schedule }: MeasuredTest, range: TimeRange | undefined, asOf: number): Rounds {
  switch (schedule.kind) {
    case 'never':
      return none
    case 'once': {
      const { at } = schedule
      const isCovered =
        at <= seconds(asOf) && (!range || (at >= seconds(range.startAt) && at <= seconds(range.endAt)))
      return isCovered ? { count: 1, at: () => at } : none
    }
    case 'repeated': {
      const { interval, first, shown = everything } = schedule
      const until = Math.min(seconds(Math.min(range?.endAt ?? asOf, asOf)), shown.to)
      const newest = roundOf(until, interval)
      const since = Math.max(range ? seconds(range.startAt) : until, shown.from)
      const oldest = Math.max(roundOf(since, interval), first)
      const count = (newest - oldest) / interval + 1
      return count > 0 ? { count, at: (index) => newest - index * interval } : none
    }
    default:
      return schedule satisfies never
  }
}

/** Whether the test had this round by then. @param round epoch seconds, @param asOf epoch ms */
export function hasRound({ schedule }: MeasuredTest, round: number, asOf: number): boolean {
  if (schedule.kind === 'repeated') {
    const { interval, first, shown = everything } = schedule
    const isShown = round <= shown.to && round >= roundOf(shown.from, interval)
    return round % interval === 0 && round >= first && isShown && round * 1000 <= asOf
  }
  return schedule.kind === 'once' && round === schedule.at && round * 1000 <= asOf
}

/** When a round ends: the next one begins then. */
export const endOfRound = ({ schedule }: MeasuredTest, round: number): number =>
  round + (schedule.kind === 'repeated' ? schedule.interval : 0)
