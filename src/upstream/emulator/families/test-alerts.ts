import type { Call } from '../call.ts'
import { drawOf } from '../measurements/draw.ts'
import { type Incident, type IncidentKind, incidentIn } from '../measurements/incidents.ts'
import type { MeasuredTest } from '../measurements/measurements.ts'
import { during, roundsIn, type Schedule } from '../measurements/schedule.ts'
import { idInSlot } from '../measurements/slot-id.ts'
import { byStart } from '../paging.ts'
import type { Entry } from '../state.ts'
import { type InSlot, oncePerCall } from './slot-pages.ts'
import { linksOf } from './test-links.ts'
import { measured, onAt, type Source, sourcesEver } from './test-measured.ts'
import { isReachable } from './test-reach.ts'

/**
 * What happens when an incident violates a rule that is linked to the test. Which rules an incident violates follows from
 * their type; expressions are not evaluated.
 */
export interface Alert {
  readonly id: string
  readonly test: Entry
  readonly rule: Entry
  readonly incident: Incident
  /** The agents, or the monitors of a BGP test, that suffer. */
  readonly sources: readonly Entry[]
  /** Epoch ms. */
  readonly startAt: number
  /** Epoch ms; undefined while the alert is active. */
  readonly clearedAt: number | undefined
}

const networkAlerts = ['end-to-end-server', 'end-to-end-agent', 'voice']
const targetAlerts = [
  'http-server',
  'page-load',
  'web-transactions',
  'api',
  'ftp',
  'sip-server',
  'dns-server',
  'dns-trace',
  'dnssec',
]
const violated: Readonly<Record<IncidentKind, readonly string[]>> = {
  loss: networkAlerts,
  unavailable: targetAlerts,
  unreachable: ['bgp'],
}

/** A rule of a test, and when it was that. */
interface LinkedRule {
  readonly rule: Entry
  readonly on: Schedule
}

/** A shared test has rules of each account group: those of the call's own. */
const rulesOf = (test: Entry, { state, aid }: Call): readonly LinkedRule[] =>
  [...linksOf(test, 'alertRules', state)].flatMap(([id, on]) => {
    const rule = state.find('alert-rules', id)
    return rule?.aid === aid ? [{ rule, on }] : []
  })

/** Enough sources at a time, and enough rounds in a row. */
function triggers({ fields }: Entry, hit: number, all: number): boolean {
  const share = Number(fields['minimumSourcesPct'] ?? 0)
  return hit >= Number(fields['minimumSources'] ?? 1) && hit * 100 >= share * all
}

interface Violation {
  readonly test: Entry
  readonly facts: MeasuredTest
  readonly incident: Incident
  readonly sources: readonly Entry[]
}

/** What a rule raises of an incident: once for each time in which the test had it. */
function alertsOf(
  { rule, on }: LinkedRule,
  { test, facts, incident, sources }: Violation,
  asOf: number,
): readonly Alert[] {
  const hits = new Set(incident.hits(sources.map(({ id }) => id)))
  const isViolated = violated[incident.kind].includes(String(rule.fields['alertType']))
  if (!isViolated || !triggers(rule, hits.size, sources.length)) return []
  const required = Number(rule.fields['roundsViolatingRequired'] ?? 1)
  const hit = sources.filter(({ id }) => hits.has(id))
  return during(on, { from: incident.start, to: incident.end - 1 }).flatMap(({ from, to }) => {
    const bad = roundsIn(facts.schedule, { from, to })
    const start = bad.count < required ? Number.POSITIVE_INFINITY : bad.at(bad.count - required)
    if (start * 1000 > asOf) return []
    const again = from === incident.start ? '' : ` from ${from}`
    const id = idInSlot(drawOf(`${facts.key} alert ${rule.id}${again}`), incident.slot)
    const over = to === incident.end - 1 ? incident.over : to
    const clearedAt = over * 1000 <= asOf ? over * 1000 : undefined
    return [{ id, test, rule, incident, sources: hit, startAt: start * 1000, clearedAt }]
  })
}

/** A test that has or had rules, with all that its alerts follow from. */
interface Watched {
  readonly test: Entry
  readonly facts: MeasuredTest
  readonly rules: readonly LinkedRule[]
  readonly everyone: readonly Source[]
}

function watched(test: Entry, call: Call): readonly Watched[] {
  const rules = rulesOf(test, call)
  if (rules.length === 0) return []
  return [{ test, facts: measured(test, call), rules, everyone: sourcesEver(test, call.state) }]
}

/**
 * The alerts of the tests that the account group has or is shared, slot by slot, each the youngest first.
 * @param asOf epoch ms; what begins or clears later has not happened
 */
export const alertsBySlot: (call: Call, asOf: number) => InSlot<Alert> = oncePerCall((call, asOf) => {
  const tests = call.state.all('tests').filter((test) => isReachable(test, call))
  const all = tests.flatMap((test) => watched(test, call))
  return (slot) =>
    all
      .flatMap(({ test, facts, rules, everyone }) => {
        const incident = incidentIn(facts, slot)
        if (!incident) return []
        const sources = onAt(everyone, incident)
        return rules.flatMap((rule) => alertsOf(rule, { test, facts, incident, sources }, asOf))
      })
      .sort(byStart)
})

/** The same of several slots, the newest first, at once. */
export const alertsIn = (slots: readonly number[], call: Call, asOf: number): readonly Alert[] =>
  slots.flatMap(alertsBySlot(call, asOf))
