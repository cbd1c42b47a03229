/** Billing periods, and how many rounds tests have in them as they are. Periods are ours; ThousandEyes' depend on the contract. */
import { textOf } from '../json.ts'
import { meanwhile, type RoundSpan, roundsIn } from '../measurements/schedule.ts'
import type { Entry, Objects } from '../state.ts'
import type { TimeRange } from '../time-range.ts'
import { agentsNamed } from './test-measured.ts'
import { runsKey, scheduleOf } from './test-schedule.ts'
import { noRounds, type Rounds } from './unit-history.ts'

/** The calendar month in UTC, its last millisecond included. @param months how many later */
export function billingPeriod(now: number, months = 0): TimeRange {
  const at = new Date(now)
  const startOf = (later: number): number => Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + later)
  return { startAt: startOf(months), endAt: startOf(months + 1) - 1 }
}

/** In seconds, of rounds that begin in a span. */
export const roundSpan = ({ startAt, endAt }: TimeRange): RoundSpan => ({
  from: Math.ceil(startAt / 1000),
  to: Math.floor(endAt / 1000),
})

export const isEnterprise = ({ fields }: Entry): boolean => fields['agentType'] !== 'cloud'

/** Nearly every agent was never switched off. */
const isAlwaysOn = ({ fields }: Entry): boolean =>
  fields[runsKey] === undefined && fields['enabled'] !== false

/** What the test has in a span as it is, on all of its agents while they were on. A test without agents has nothing. */
export function liveRounds(test: Entry, objects: Objects): (span: TimeRange) => Rounds {
  const schedule = scheduleOf(test)
  /** Looked up once, as several spans are asked for, and not before. */
  let agents: readonly Entry[] | undefined
  return (span) => {
    const all = roundsIn(schedule, roundSpan(span)).count
    if (all === 0) return noRounds
    agents ??= agentsNamed(test, objects)
    const countOn = (agent: Entry): number =>
      isAlwaysOn(agent) ? all : roundsIn(meanwhile(schedule, scheduleOf(agent)), roundSpan(span)).count
    const counts = agents.map((agent) => ({ agent, count: countOn(agent) })).filter(({ count }) => count > 0)
    return {
      cloud: counts.reduce((sum, { agent, count }) => (isEnterprise(agent) ? sum : sum + count), 0),
      enterprise: new Map(
        counts.flatMap(({ agent, count }) => (isEnterprise(agent) ? [[agent.id, count]] : [])),
      ),
    }
  }
}

const hourMs = 3_600_000

/** Projections are made every hour, so that a test has none before the first (official document). */
export const isProjected = ({ fields }: Entry, now: number): boolean =>
  Date.parse(textOf(fields['createdDate']) ?? '') < Math.floor(now / hourMs) * hourMs
