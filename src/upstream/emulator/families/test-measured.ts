import type { Call } from '../call.ts'
import { objectsOf, textOf } from '../json.ts'
import type { Incident } from '../measurements/incidents.ts'
import type { MeasuredTest } from '../measurements/measurements.ts'
import {
  covering,
  during,
  meanwhile,
  type RoundSpan,
  roundOf,
  type Schedule,
} from '../measurements/schedule.ts'
import type { Target } from '../measurements/target.ts'
import type { Entry, Objects } from '../state.ts'
import { snapshotFacts } from './snapshot-facts.ts'
import { ever } from './stored-runs.ts'
import { linksOf } from './test-links.ts'
import { bgpInterval, scheduleOf } from './test-schedule.ts'
import { targetKeys, targetOfKey } from './test-targets.ts'

/** A snapshot shows only what it was made of. */
function shownOf(test: Entry, schedule: Schedule): Schedule {
  const snapshot = snapshotFacts(test)
  return snapshot ? covering(schedule, snapshot.span) : schedule
}

/** A stored test as measurements see it; a snapshot is its source. */
export function measured(test: Entry, { region }: Pick<Call, 'region'>): MeasuredTest {
  const schedule = scheduleOf(test)
  return {
    key: `${region} ${snapshotFacts(test)?.sourceTestId ?? test.id}`,
    type: textOf(test.fields['type']) ?? '',
    schedule,
    shown: shownOf(test, schedule),
  }
}

/** The BGP measurements of a test, which have rounds of their own, from the one on that its own first round falls into. */
export function measuredRoutes(test: Entry, call: Pick<Call, 'region'>): MeasuredTest {
  const facts = measured(test, call)
  const schedule = facts.schedule.map((run, index) => {
    if (run.interval === 0) return run
    return { ...run, interval: bgpInterval, from: index === 0 ? roundOf(run.from, bgpInterval) : run.from }
  })
  return { ...facts, schedule, shown: shownOf(test, schedule) }
}

/** An agent or a monitor that measures for a test or did, and when it could. */
export interface Source {
  readonly entry: Entry
  readonly on: Schedule
}

/** The agents that the test has, in its own order, and those that were taken from it; when each was on. */
export const agentsEver = (test: Entry, state: Objects): readonly Source[] =>
  [...linksOf(test, 'agents', state)].flatMap(([id, linked]) => {
    const entry = state.find('agents', id)
    const isOn = entry ? scheduleOf(entry) : []
    return entry ? [{ entry, on: linked === ever ? isOn : meanwhile(isOn, linked) }] : []
  })

/** The monitors that watch the test's prefix or did: those that it names, and with `usePublicBgp` all public ones. */
export function monitorsEver(test: Entry, state: Objects): readonly Source[] {
  const links = linksOf(test, 'monitors', state)
  return state.all('monitors').flatMap((entry) => {
    const on = links.get(entry.id)
    return on ? [{ entry, on }] : []
  })
}

/** Those that could measure at some time of a span. */
export const onDuring = (sources: readonly Source[], span: RoundSpan): readonly Entry[] =>
  sources.filter(({ on }) => during(on, span).length > 0).map(({ entry }) => entry)

/** What measured for the test when an incident began. */
export const onAt = (sources: readonly Source[], { start }: Incident): readonly Entry[] =>
  onDuring(sources, { from: start, to: start })

export const sourcesEver = (test: Entry, state: Objects): readonly Source[] =>
  test.fields['type'] === 'bgp' ? monitorsEver(test, state) : agentsEver(test, state)

/** The agents that the test names, in its own order. */
export const agentsNamed = (test: Entry, state: Objects): readonly Entry[] =>
  objectsOf(test.fields['agents']).flatMap((one) => state.find('agents', textOf(one['agentId']) ?? '') ?? [])

/** The agents that the test runs on; an agent that is switched off measures nothing. */
export const agentsOf = (test: Entry, state: Objects): readonly Entry[] =>
  agentsNamed(test, state).filter(({ fields }) => fields['enabled'] !== false)

/** What a test measures against or did, and when. */
export interface AimedAt {
  readonly target: Target
  readonly on: Schedule
}

/** What the test measures against: its prefix, its target agent, its DNS servers, or its server or URL. */
export const targetsOf = (test: Entry, state: Objects): readonly Target[] =>
  targetKeys(test.fields, state).map(targetOfKey)

/** The same with those that it had before it was changed, behind those that it has. */
export const targetsEver = (test: Entry, state: Objects): readonly AimedAt[] =>
  [...linksOf(test, 'targets', state)].map(([key, on]) => ({ target: targetOfKey(key), on }))
