/**
 * When tests measured, and do: what follows from their fields, and once those have changed what was before. A test that is
 * switched off keeps what it measured, and one that gets another interval what it measured in the old one. Agents, too, are
 * switched on and off: they could measure at any second in which they were on.
 */
import type { Call } from '../call.ts'
import type { JsonObject } from '../json.ts'
import { continued, onceAt, ranAgain, repeatedFrom, type Schedule } from '../measurements/schedule.ts'
import type { Entry, NewEntry, Objects, Written } from '../state.ts'
import { isMeasuring } from './endpoint-agent-states.ts'
import { epochSeconds, forEver, isAhead, runsIn, secondsOf, storedRuns } from './stored-runs.ts'

/** Under which the runs of a test or an agent stand that has changed; no answer declares it, so that none shows it. */
export const runsKey = 'runs'

const usualInterval = 60

/** Seconds between rounds of BGP, which tests cannot choose: no source tells it, so that it is ours. */
export const bgpInterval = 900

type Stored = Pick<NewEntry, 'collection' | 'fields'>

/** What the fields say: that the test ran at one time, or how often it runs, if it does. */
type Now =
  | { readonly kind: 'once'; readonly at: number }
  | { readonly kind: 'repeated'; readonly interval: number | undefined }

/** Agents could measure at any second in which they were on. */
const isOfAgents = (collection: string): boolean =>
  collection === 'agents' || collection === 'endpoint-agents'

function isSwitchedOn({ collection, fields }: Stored): boolean {
  if (collection === 'endpoint-agents') return isMeasuring({ fields })
  return fields[collection === 'endpoint-tests' ? 'isEnabled' : 'enabled'] !== false
}

/** Earlier versions knew no time of the run of an instant test but that of its last change. */
const ranAt = ({ ranAt: at, modifiedDate }: JsonObject): number =>
  at === undefined ? secondsOf(modifiedDate) : epochSeconds(Number(at))

const intervalOf = ({ type, interval }: JsonObject): number =>
  type === 'bgp' ? bgpInterval : Number(interval ?? usualInterval)

function saidBy(one: Stored): Now {
  const { collection, fields } = one
  if (fields['instant'] === true) return { kind: 'once', at: ranAt(fields) }
  const interval = isOfAgents(collection) ? 1 : intervalOf(fields)
  return { kind: 'repeated', interval: isSwitchedOn(one) ? interval : undefined }
}

/** Of a test, or an agent, that never changed. An agent may be younger than its tests, and is there for all of their rounds. */
function first({ collection, fields }: Stored, now: Now): Schedule {
  if (now.kind === 'once') return [onceAt(now.at)]
  if (isOfAgents(collection)) return now.interval === undefined ? [] : [repeatedFrom(0, now.interval)]
  return now.interval === undefined ? [] : [repeatedFrom(secondsOf(fields['createdDate']), now.interval)]
}

/** Whether the schedule ends with what the fields say. */
function endsWith(schedule: Schedule, now: Now): boolean {
  const last = schedule.at(-1)
  if (now.kind === 'once') return last?.interval === 0 && last.from === now.at
  return now.interval === undefined
    ? last?.to !== forEver
    : last?.to === forEver && last.interval === now.interval
}

const then = (schedule: Schedule, at: number, now: Now): Schedule =>
  now.kind === 'once' ? ranAgain(schedule, now.at) : continued(schedule, at, now.interval)

const remembered = (test: Stored, now: Now): Schedule =>
  test.fields[runsKey] === undefined ? first(test, now) : runsIn(test.fields[runsKey])

function worked(test: Stored): Schedule {
  const now = saidBy(test)
  const schedule = remembered(test, now)
  // An earlier version, which knows nothing of runs, may have changed the test in between.
  return endsWith(schedule, now) ? schedule : then(schedule, lastKnown(schedule, test), now)
}

/** By the fields that they follow from, which are never changed in place: reports ask for those of all tests. */
const known = new WeakMap<JsonObject, Schedule>()

export function scheduleOf(test: Stored): Schedule {
  const schedule = known.get(test.fields) ?? worked(test)
  known.set(test.fields, schedule)
  return schedule
}

/** When it changed last, as far as it is known: of agents no date tells. */
function lastKnown(schedule: Schedule, { fields }: Stored): number {
  const { from = 0, to = 0 } = schedule.at(-1) ?? {}
  return Math.max(secondsOf(fields['modifiedDate']), to === forEver ? from : to)
}

/** The schedule of a test or an agent that a write has changed, which may have set the clock back before. @param at epoch seconds */
function scheduleAfter(was: Entry, test: Entry, at: number): Schedule {
  const before = scheduleOf(was)
  const now = saidBy(test)
  return endsWith(before, now) && !isAhead(before, at) ? before : then(before, at, now)
}

const isSame = (a: Schedule, b: Schedule): boolean =>
  a.length === b.length &&
  a.every((run, index) => {
    const other = b[index]
    return run.interval === other?.interval && run.from === other.from && run.to === other.to
  })

/** When an instant test ran, for one that an earlier version wrote. */
function ranAtOf(test: Entry): JsonObject {
  const now = saidBy(test)
  return now.kind === 'once' ? { ranAt: now.at * 1000 } : {}
}

const scheduled = ['tests', 'endpoint-tests', 'agents', 'endpoint-agents']

/** Keeps when tests measured and agents were on that a call has changed, whichever operation it was. @param before the objects as they were */
export function keepSchedules(
  { state, now }: Pick<Call, 'state' | 'now'>,
  { entries }: Written,
  before: Objects,
): void {
  for (const { collection, id } of entries) {
    if (!scheduled.includes(collection)) continue
    const was = before.find(collection, id)
    const written = state.find(collection, id)
    if (!was || !written) continue
    const test = { ...written, fields: { ...ranAtOf(was), ...written.fields } }
    const schedule = scheduleAfter(was, test, epochSeconds(now))
    if (!isSame(schedule, remembered(written, saidBy(written))))
      state.put({ ...test, fields: { ...test.fields, [runsKey]: storedRuns(schedule) } })
  }
}
