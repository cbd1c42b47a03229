/** A time in which a test measures evenly. Epoch seconds. Its rounds stand on multiples of the interval (v7-notes section 3). */
export interface Run extends RoundSpan {
  /** 0 for a test that ran once, at `from`, which is `to` as well. */
  readonly interval: number
}

/** Both ends are included. What goes on has no end: it is infinite. */
export interface RoundSpan {
  readonly from: number
  readonly to: number
}

export const always: RoundSpan = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }

/**
 * When a test measured and will measure, the oldest run first: a gap between two is a pause, and where the next one follows at
 * once it was the interval that changed.
 */
export type Schedule = readonly Run[]

/** Rounds, the newest first, worked out when asked for. */
export interface Rounds {
  readonly count: number
  /** Epoch seconds. */
  at(index: number): number
}

/** The round that an instant falls into. */
export const roundOf = (at: number, interval: number): number => Math.floor(at / interval) * interval

/** What is once is at any second. */
const stepOf = ({ interval }: Run): number => interval || 1

/** A test that runs again and again, from the round on in which it was created, so that a new test has a result at once. */
export const repeatedFrom = (createdAt: number, interval: number): Run => ({
  interval,
  from: roundOf(createdAt, interval),
  to: Number.POSITIVE_INFINITY,
})

/** A test that ran once. */
export const onceAt = (at: number): Run => ({ interval: 0, from: at, to: at })

/** What of the schedule was in a span. */
export const during = (schedule: Schedule, { from, to }: RoundSpan): Schedule =>
  schedule
    .filter((run) => run.from <= to && run.to >= from)
    .map((run) => ({ ...run, from: Math.max(run.from, from), to: Math.min(run.to, to) }))

/** What of the schedule was while another one ran too. */
export const meanwhile = (schedule: Schedule, other: Schedule): Schedule =>
  other.flatMap((span) => during(schedule, span))

/** What of the schedule a span covers: the round that it begins in too. */
export const covering = (schedule: Schedule, { from, to }: RoundSpan): Schedule =>
  schedule
    .filter((run) => run.from <= to && run.to >= from)
    .map((run) => ({
      ...run,
      from: Math.max(run.from, roundOf(from, stepOf(run))),
      to: Math.min(run.to, to),
    }))

function roundsOfRun(run: Run, span: RoundSpan): { readonly newest: number; readonly count: number } {
  const step = stepOf(run)
  const newest = roundOf(Math.min(run.to, span.to), step)
  const oldest = Math.ceil(Math.max(run.from, span.from) / step) * step
  return { newest, count: Math.max(0, (newest - oldest) / step + 1) }
}

/** The rounds that begin in a span, the newest first. */
export function roundsIn(schedule: Schedule, span: RoundSpan): Rounds {
  const parts = schedule
    .map((run) => ({ ...roundsOfRun(run, span), step: stepOf(run) }))
    .filter(({ count }) => count > 0)
    .toReversed()
  return {
    count: parts.reduce((sum, { count }) => sum + count, 0),
    at(index) {
      let rest = index
      for (const { count, newest, step } of parts) {
        if (rest < count) return newest - rest * step
        rest -= count
      }
      throw new RangeError(`there is no round ${index}`)
    },
  }
}

/** The run that an instant falls into. */
export const runAt = (schedule: Schedule, at: number): Run | undefined =>
  schedule.find(({ from, to }) => from <= at && to >= at)

/** Until when the test went on without a pause, from an instant on in which it ran. */
export function pauseAfter(schedule: Schedule, at: number): number {
  let end = at
  for (const { from, to } of schedule) if (from <= end + 1 && to > end) end = to
  return end
}

/** How many runs a test remembers, so that who switches it for ever does not make it grow; ours. */
const mostRuns = 200

/**
 * The schedule of a test that measures otherwise from now on: what was until then stays, and what would have come does not.
 * A round is had by who is switched on when it begins.
 * @param now epoch seconds; may be earlier than the last change, as clocks are set back
 * @param interval undefined when it is switched off
 */
export function continued(schedule: Schedule, now: number, interval: number | undefined): Schedule {
  const before = during(schedule, { from: 0, to: now })
  const last = before.at(-1)
  if (interval === undefined) return lasting(before)
  const goesOn = last?.to === now && last.interval === interval
  const next = { interval, from: goesOn ? last.from : now + 1, to: Number.POSITIVE_INFINITY }
  return lasting([...(goesOn ? before.slice(0, -1) : before), next])
}

/** The schedule of a test that ran once more. */
export const ranAgain = (schedule: Schedule, now: number): Schedule =>
  lasting([...during(schedule, { from: 0, to: now - 1 }), onceAt(now)])

/** Without the oldest runs when there are too many, and without those between two pauses that no round fell into. */
function lasting(schedule: Schedule): Schedule {
  const had = schedule.filter((run, index) => {
    const isBetweenPauses =
      schedule[index - 1]?.to !== run.from - 1 && schedule[index + 1]?.from !== run.to + 1
    const isOver = run.to !== Number.POSITIVE_INFINITY
    return !(isOver && isBetweenPauses && roundsOfRun(run, run).count === 0)
  })
  return had.slice(-mostRuns)
}
