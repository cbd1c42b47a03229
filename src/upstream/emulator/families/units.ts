/** Billing periods, and how many rounds tests have in them as they are. Periods are ours; ThousandEyes' depend on the contract. */
import type { Call } from '../call.ts'
import { textOf } from '../json.ts'
import type { Schedule } from '../measurements/measurements.ts'
import type { Entry, Objects } from '../state.ts'
import type { TimeRange } from '../time-range.ts'
import { agentsOf, measured } from './test-measured.ts'
import { noRounds, type Rounds } from './unit-history.ts'

/** The calendar month in UTC, its last millisecond included. @param months how many later */
export function billingPeriod(now: number, months = 0): TimeRange {
  const at = new Date(now)
  const startOf = (later: number): number => Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + later)
  return { startAt: startOf(months), endAt: startOf(months + 1) - 1 }
}

/** How many rounds begin in the span. */
function roundsIn(schedule: Schedule, { startAt, endAt }: TimeRange): number {
  switch (schedule.kind) {
    case 'never':
      return 0
    case 'once':
      return schedule.at * 1000 >= startAt && schedule.at * 1000 <= endAt ? 1 : 0
    case 'repeated': {
      const { interval, first } = schedule
      const oldest = Math.max(Math.ceil(startAt / 1000 / interval), first / interval)
      return Math.max(0, Math.floor(endAt / 1000 / interval) - oldest + 1)
    }
    default:
      return schedule satisfies never
  }
}

export const isEnterprise = ({ fields }: Entry): boolean => fields['agentType'] !== 'cloud'

/** What the test has in a span as it is, on all of its agents. A test without agents has nothing. */
export function liveRounds(
  test: Entry,
  here: Pick<Call, 'region'> & { readonly state: Objects },
): (span: TimeRange) => Rounds {
  const { schedule } = measured(test, here)
  /** Looked up once, as several spans are asked for, and not before. */
  let agents: readonly Entry[] | undefined
  return (span) => {
    const count = roundsIn(schedule, span)
    if (count === 0) return noRounds
    agents ??= agentsOf(test, here.state)
    const enterprise = agents.filter(isEnterprise)
    return {
      cloud: (agents.length - enterprise.length) * count,
      enterprise: new Map(enterprise.map(({ id }) => [id, count])),
    }
  }
}

const hourMs = 3_600_000

/** Projections are made every hour, so that a test has none before the first (official document). */
export const isProjected = ({ fields }: Entry, now: number): boolean =>
  Date.parse(textOf(fields['createdDate']) ?? '') < Math.floor(now / hourMs) * hourMs
