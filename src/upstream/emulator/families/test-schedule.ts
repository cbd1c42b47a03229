/**
 * When tests measured, and do: what follows from their fields, and once those have changed what was before. A test that is
 * switched off keeps what it measured, and one that gets another interval what it measured in the old one.
 */
import type { Call } from '../call.ts'
import { type Json, type JsonObject, objectsOf, textOf } from '../json.ts'
import {
  continued,
  onceAt,
  type Run,
  ranAgain,
  repeatedFrom,
  type Schedule,
} from '../measurements/schedule.ts'
import type { Entry, NewEntry, Objects, Written } from '../state.ts'

/** Under which the runs of a test stand that has changed; no answer declares it, so that none shows it. */
export const runsKey = 'runs'

const usualInterval = 60

/** Seconds between rounds of BGP, which tests cannot choose: no source tells it, so that it is ours. */
export const bgpInterval = 900

type Stored = Pick<NewEntry, 'collection' | 'fields'>

const seconds = (at: number): number => Math.floor(at / 1000)
const dateOf = (value: Json | undefined): number => seconds(Date.parse(textOf(value) ?? '') || 0)

/** What the fields say: that the test ran at one time, or how often it runs, if it does. */
type Now =
  | { readonly kind: 'once'; readonly at: number }
  | { readonly kind: 'repeated'; readonly interval: number | undefined }

function saidBy({ collection, fields }: Stored): Now {
  const isInstant = fields['instant'] === true
  if (collection === 'endpoint-tests') {
    if (isInstant) return { kind: 'once', at: seconds(Number(fields['ranAt'])) }
    const interval = fields['isEnabled'] === false ? undefined : Number(fields['interval'] ?? usualInterval)
    return { kind: 'repeated', interval }
  }
  // Earlier versions knew no time of the run but that of the last change.
  if (isInstant)
    return {
      kind: 'once',
      at: 'ranAt' in fields ? seconds(Number(fields['ranAt'])) : dateOf(fields['modifiedDate']),
    }
  if (fields['enabled'] === false) return { kind: 'repeated', interval: undefined }
  const interval = fields['type'] === 'bgp' ? bgpInterval : Number(fields['interval'] ?? usualInterval)
  return { kind: 'repeated', interval }
}

/** Of a test that never changed. */
function first({ fields }: Stored, now: Now): Schedule {
  if (now.kind === 'once') return [onceAt(now.at)]
  return now.interval === undefined ? [] : [repeatedFrom(dateOf(fields['createdDate']), now.interval)]
}

const forEver = Number.POSITIVE_INFINITY

const runOf = ({ interval, from, to }: JsonObject): Run => ({
  interval: Number(interval),
  from: Number(from),
  to: Number(to ?? forEver),
})

const storedRun = ({ interval, from, to }: Run): JsonObject => ({
  interval,
  from,
  ...(to !== forEver && { to }),
})

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
  test.fields[runsKey] === undefined ? first(test, now) : objectsOf(test.fields[runsKey]).map(runOf)

export function scheduleOf(test: Stored): Schedule {
  const now = saidBy(test)
  const schedule = remembered(test, now)
  // An earlier version, which knows nothing of runs, may have changed the test in between.
  return endsWith(schedule, now) ? schedule : then(schedule, dateOf(test.fields['modifiedDate']), now)
}

/** The schedule of a test that a write has changed, which may have set the clock back before. @param at epoch seconds */
function scheduleAfter(was: Entry, test: Entry, at: number): Schedule {
  const before = scheduleOf(was)
  const isAhead = before.some(({ from, to }) => from > at + 1 || (to !== forEver && to > at))
  const now = saidBy(test)
  return endsWith(before, now) && !isAhead ? before : then(before, at, now)
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

/** Keeps what tests measured that a call has changed, whichever operation it was. @param before the objects as they were */
export function keepSchedules(
  { state, now }: Pick<Call, 'state' | 'now'>,
  { entries }: Written,
  before: Objects,
): void {
  for (const { collection, id } of entries) {
    if (collection !== 'tests' && collection !== 'endpoint-tests') continue
    const was = before.find(collection, id)
    const written = state.find(collection, id)
    if (!was || !written) continue
    const test = { ...written, fields: { ...ranAtOf(was), ...written.fields } }
    const schedule = scheduleAfter(was, test, seconds(now))
    if (!isSame(schedule, remembered(written, saidBy(written))))
      state.put({ ...test, fields: { ...test.fields, [runsKey]: schedule.map(storedRun) } })
  }
}
