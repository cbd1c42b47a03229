/**
 * Settles what a test has used up when a call changes what it measures with, or deletes it: its interval, whether it is
 * enabled, its agents. Runs behind every write, whichever operation changed the test.
 */
import type { Call } from '../call.ts'
import { objectOf, objectsOf } from '../json.ts'
import { during } from '../measurements/schedule.ts'
import type { Entry, Objects, Written } from '../state.ts'
import type { TimeRange } from '../time-range.ts'
import { keepAgentPeaks } from './agent-peaks.ts'
import { agentsNamed } from './test-measured.ts'
import { scheduleOf } from './test-schedule.ts'
import {
  groupNameOf,
  lastSettledAt,
  namedAgent,
  type Stretch,
  storedStretch,
  stretchesOf,
  stretchUntil,
  sumOfRounds,
  unchangedSince,
  unitHistory,
} from './unit-history.ts'
import { billingPeriod, isEnterprise, liveRounds, roundSpan } from './units.ts'

/** A test that changes more often has stretches joined, so that only spans within a month are told less exactly. */
const mostStretches = 50

/** How many deleted tests of an organization stay on the bill, so that who creates and deletes for ever is not kept for ever. */
const mostGone = 5_000

/** Tells two states of a test apart that do not use the same. */
const consumption = (test: Entry, objects: Objects): string => {
  const agents = agentsNamed(test, objects)
  return JSON.stringify([
    scheduleOf(test),
    agents.map((agent) => [agent.id, scheduleOf(agent)[0]?.from ?? 0]),
  ])
}

/** Whether the agent has forgotten when it was on at first. */
const hasForgotten = (id: string, before: Objects, after: Objects): boolean => {
  const [was, is] = [before.find('agents', id), after.find('agents', id)]
  return was !== undefined && is !== undefined && scheduleOf(was)[0]?.from !== scheduleOf(is)[0]?.from
}

/**
 * Tests, as they were, that the call has written or removed. Agents remember when they were on, so that nothing is settled when
 * they are switched, but when there are too many times to remember.
 */
function touchedTests({ entries, removed }: Written, before: Objects, after: Objects): ReadonlySet<Entry> {
  const tests = [...entries, ...removed].flatMap(({ collection, id }) =>
    collection === 'tests' ? (before.find('tests', id) ?? []) : [],
  )
  const forgetful = new Set(
    entries
      .filter(({ collection, id }) => collection === 'agents' && hasForgotten(id, before, after))
      .map(({ id }) => id),
  )
  if (forgetful.size === 0) return new Set(tests)
  const runsOn = ({ fields }: Entry): boolean =>
    objectsOf(fields['agents']).some(({ agentId }) => forgetful.has(String(agentId)))
  return new Set([...tests, ...before.all('tests').filter(runsOn)])
}

/** What the test had in the parts of the spans that are not settled yet; nothing where that are no rounds. */
function stretchesIn(spans: readonly TimeRange[], test: Entry, before: Objects): readonly Stretch[] {
  const [roundsIn, schedule] = [liveRounds(test, before), scheduleOf(test)]
  return spans.flatMap((span) => {
    const rounds = roundsIn(span)
    if (rounds.cloud + rounds.enterprise.size === 0) return []
    const runs = during(schedule, roundSpan(span))
    const startAt = Math.max(span.startAt, (runs[0]?.from ?? 0) * 1000)
    return [{ startAt, endAt: Math.min(span.endAt, (runs.at(-1)?.to ?? 0) * 1000), rounds }]
  })
}

/** Joins neighbours in pairs, those of one month with each other. */
function joined(stretches: readonly Stretch[]): readonly Stretch[] {
  if (stretches.length <= mostStretches) return stretches
  const months = Map.groupBy(stretches, ({ endAt }) => billingPeriod(endAt).startAt)
  return [...months.values()].flatMap((month) =>
    month.flatMap((stretch, index) => {
      if (index % 2 === 1) return []
      const next = month[index + 1]
      return next
        ? [{ ...stretch, endAt: next.endAt, rounds: sumOfRounds([stretch.rounds, next.rounds]) }]
        : [stretch]
    }),
  )
}

/** From when on the test has what it has now. An instant test that runs again has the round of this second too. */
function changedAt(test: Entry, after: Entry, { now }: Call): number {
  const [last, was] = [scheduleOf(after).at(-1), scheduleOf(test).at(-1)]
  return last?.interval === 0 && last.from !== was?.from ? last.from * 1000 : now + 1
}

function settle(test: Entry, before: Objects, call: Call): void {
  const { state, now } = call
  const record = state.find(unitHistory, test.id)
  const after = state.find('tests', test.id)
  const periods = [billingPeriod(now, -1), billingPeriod(now)] as const
  const since = unchangedSince(record)
  const spans = periods.map(({ startAt, endAt }) => ({
    startAt: Math.max(startAt, since),
    endAt: Math.min(endAt, now),
  }))
  const fresh = stretchesIn(spans, test, before)
  const kept = stretchesOf(record)
    .filter(({ startAt, endAt }) => endAt >= periods[0].startAt && startAt <= now)
    .map((stretch) => stretchUntil(stretch, now))
  const stretches = joined([...kept, ...fresh])
  if (!after && stretches.length === 0) {
    state.remove(unitHistory, test.id)
    return
  }
  const agents = agentsNamed(test, before).filter(isEnterprise)
  const { testName = '', type = '', instant = false } = test.fields
  state.put({
    collection: unitHistory,
    id: test.id,
    ...(test.orgId !== undefined && { orgId: test.orgId }),
    fields: {
      testName,
      type,
      instant,
      aid: test.aid ?? '',
      accountGroupName: groupNameOf(test.aid, before),
      place: test.sequence,
      since: after ? changedAt(test, after, call) : now + 1,
      stretches: stretches.map(storedStretch),
      agents: {
        ...objectOf(record?.fields['agents']),
        ...Object.fromEntries(agents.map((agent) => [agent.id, { ...namedAgent(agent, before) }])),
      },
    },
  })
}

/**
 * Records of the organization's tests that are gone end with the month behind their last round's, and those of tests that were
 * deleted first when there are too many.
 */
function dropOld({ state, now, caller }: Call): void {
  const { startAt } = billingPeriod(now, -1)
  const gone = state
    .all(unitHistory)
    .filter(({ id, orgId }) => orgId === caller.orgId && !state.find('tests', id))
    .toSorted((a, b) => unchangedSince(a) - unchangedSince(b))
  for (const [index, record] of gone.entries())
    if (index < gone.length - mostGone || lastSettledAt(record) < startAt)
      state.remove(unitHistory, record.id)
}

function settleTests(call: Call, written: Written, before: Objects): void {
  const { state } = call
  const changed = [...touchedTests(written, before, state)].filter((test) => {
    const after = state.find('tests', test.id)
    return !after || consumption(test, before) !== consumption(after, state)
  })
  for (const test of changed) settle(test, before, call)
  if (changed.some(({ id }) => !state.find('tests', id))) dropOld(call)
}

/** @param written what the call did, @param before the objects as they were */
export function settleUsage(call: Call, written: Written, before: Objects): void {
  settleTests(call, written, before)
  keepAgentPeaks(call, written, before)
}
