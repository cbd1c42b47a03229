import type { Call } from '../call.ts'
import { textsOf } from '../json.ts'
import { drawOf } from '../measurements/draw.ts'
import { type Incident, type IncidentKind, incidentIn } from '../measurements/incidents.ts'
import type { MeasuredTest } from '../measurements/measurements.ts'
import { roundsIn } from '../measurements/schedule.ts'
import { idInSlot } from '../measurements/slot-id.ts'
import type { Entry } from '../state.ts'
import { measured, sourcesAt } from './test-measured.ts'
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

/** A shared test has rules of each account group: those of the call's own. */
const rulesOf = ({ fields }: Entry, { state, aid }: Call): readonly Entry[] =>
  fields['alertsEnabled'] === false
    ? []
    : textsOf(fields['alertRules'])
        .flatMap((id) => state.find('alert-rules', id) ?? [])
        .filter((rule) => rule.aid === aid)

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

function alertOf(rule: Entry, { test, facts, incident, sources }: Violation, asOf: number): Alert[] {
  const hits = new Set(incident.hits(sources.map(({ id }) => id)))
  const required = Number(rule.fields['roundsViolatingRequired'] ?? 1)
  const bad = roundsIn(facts.schedule, { from: incident.start, to: incident.end - 1 })
  if (bad.count < required) return []
  const start = bad.at(bad.count - required)
  const isViolated = violated[incident.kind].includes(String(rule.fields['alertType']))
  const happens = isViolated && triggers(rule, hits.size, sources.length)
  if (!happens || start * 1000 > asOf) return []
  const id = idInSlot(drawOf(`${facts.key} alert ${rule.id}`), incident.slot)
  const clearedAt = incident.over * 1000 <= asOf ? incident.over * 1000 : undefined
  const hit = sources.filter(({ id }) => hits.has(id))
  return [{ id, test, rule, incident, sources: hit, startAt: start * 1000, clearedAt }]
}

/**
 * The alerts of the tests that the account group has or is shared, in these slots, the youngest first.
 * @param asOf epoch ms; what begins or clears later has not happened
 */
export function alertsIn(slots: readonly number[], call: Call, asOf: number): readonly Alert[] {
  const tests = call.state.all('tests').filter((test) => isReachable(test, call))
  const alerts = tests.flatMap((test) => {
    const rules = rulesOf(test, call)
    const facts = measured(test, call)
    if (rules.length === 0) return []
    return slots.flatMap((slot) => {
      const incident = incidentIn(facts, slot)
      if (!incident) return []
      const sources = sourcesAt(test, incident, call.state)
      return rules.flatMap((rule) => alertOf(rule, { test, facts, incident, sources }, asOf))
    })
  })
  return alerts.sort((a, b) => b.startAt - a.startAt || (a.id < b.id ? -1 : 1))
}
