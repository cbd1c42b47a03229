import type { Call } from '../call.ts'
import { drawOf } from '../measurements/draw.ts'
import { type Incident, incidentIn } from '../measurements/incidents.ts'
import type { MeasuredTest } from '../measurements/measurements.ts'
import { runAt } from '../measurements/schedule.ts'
import { idInSlot } from '../measurements/slot-id.ts'
import type { Target } from '../measurements/target.ts'
import { byStart } from '../paging.ts'
import type { Entry } from '../state.ts'
import { type InSlot, oncePerCall } from './slot-pages.ts'
import { type AimedAt, agentsEver, measured, onAt, type Source, targetsEver } from './test-measured.ts'

/** An incident as event detection tells of it: one event for each incident of a test. */
export interface DetectedEvent {
  readonly id: string
  readonly type: EventType
  readonly test: Entry
  readonly target: Target
  /** Those that suffer. */
  readonly agents: readonly Entry[]
  /** Whether these are all agents of the test. */
  readonly hitsAll: boolean
  /** Epoch ms. */
  readonly startAt: number
  /** Epoch ms; undefined while it goes on. */
  readonly endAt: number | undefined
}

/** Those of the 17 types of the document that tests of cloud and enterprise agents can tell of here. */
export type EventType = 'network' | 'dns' | 'target'

function typeOf(test: Entry, incident: Incident): EventType {
  if (incident.kind === 'loss') return 'network'
  return String(test.fields['type']).startsWith('dns') ? 'dns' : 'target'
}

/** A test with all that its events follow from, as it was when the call came: slots are worked out while others write. */
interface Watched {
  readonly test: Entry
  readonly facts: MeasuredTest
  readonly everyone: readonly Source[]
  readonly targets: readonly AimedAt[]
}

function eventsOf(
  { test, facts, everyone, targets }: Watched,
  slot: number,
  asOf: number,
): readonly DetectedEvent[] {
  const incident = incidentIn(facts, slot)
  if (!incident) return []
  const all = onAt(everyone, incident)
  const hits = new Set(incident.hits(all.map(({ id }) => id)))
  const target = targets.find(({ on }) => runAt(on, incident.start))?.target
  if (incident.start * 1000 > asOf || !target || hits.size === 0) return []
  return [
    {
      id: idInSlot(drawOf(`${facts.key} event`), incident.slot),
      type: typeOf(test, incident),
      test,
      target,
      agents: all.filter(({ id }) => hits.has(id)),
      hitsAll: hits.size === all.length,
      startAt: incident.start * 1000,
      endAt: incident.over * 1000 <= asOf ? incident.over * 1000 : undefined,
    },
  ]
}

/**
 * The events of the account group's tests, slot by slot, each the youngest first.
 * @param asOf epoch ms; what begins or ends later has not happened
 */
export const eventsBySlot: (call: Call, asOf: number) => InSlot<DetectedEvent> = oncePerCall((call, asOf) => {
  const { state } = call
  const all = state
    .all('tests')
    .filter(({ aid }) => aid === call.aid)
    .map((test) => ({
      test,
      facts: measured(test, call),
      everyone: agentsEver(test, state),
      targets: targetsEver(test, state),
    }))
  return (slot) => all.flatMap((test) => eventsOf(test, slot, asOf)).sort(byStart)
})

/** The same of several slots, the newest first, at once. */
export const eventsIn = (slots: readonly number[], call: Call, asOf: number): readonly DetectedEvent[] =>
  slots.flatMap(eventsBySlot(call, asOf))
