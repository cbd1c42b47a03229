import type { Answer, Answerer, Answerers, Call } from '../call.ts'
import { type JsonObject, objectOf, textOf, textsOf } from '../json.ts'
import { slotOfHexId } from '../measurements/slot-id.ts'
import { slotsBetween } from '../measurements/slots.ts'
import { invalidField, isV7Refusal, notFound, type V7Refusal } from '../refusals.ts'
import { hasPart } from '../text-search.ts'
import { type TimeRange, timeRangeOf } from '../time-range.ts'
import { runningTests, testsHitBy } from './outage-reach.ts'
import { detailedOutage, listedOutage } from './outage-show.ts'
import { type Outage, outagesIn } from './provider-outages.ts'

/** The dates of these filters may leave out their seconds (official document, `yyyy-MM-ddTHH:mm[:ss]Z`). */
const withSeconds = (date: string): string => date.replace(/(T\d{2}:\d{2})(?=Z|[+-]|$)/, '$1:00')

const dayMs = 86_400_000

/** The span that the body asks for, in which both dates go together; without one the last day, which is ours. */
function askedRange(filter: JsonObject, now: number): TimeRange | V7Refusal {
  const asked = new URLSearchParams()
  for (const key of ['window', 'startDate', 'endDate']) {
    const value = textOf(filter[key])
    if (value !== undefined) asked.set(key, key === 'window' ? value : withSeconds(value))
  }
  if (!/^\d+[smhdw]?$/.test(asked.get('window') ?? '1d'))
    return invalidField('window', 'must be a number with s, m, h, d or w behind it.')
  if (asked.has('startDate') && !asked.has('endDate'))
    return invalidField('endDate', 'is required with startDate.')
  return timeRangeOf({ query: asked }, now) ?? { startAt: now - dayMs, endAt: now }
}

/** Names are found by a part of them, in either case: ours, after the examples of the document. */
const isOneOf = (name: string, wanted: readonly string[]): boolean =>
  wanted.some((part) => hasPart(name, part))

/** Networks and applications are two kinds of outages: who names only the one does not ask for the other. */
function isNamed({ kind, name }: Outage, filter: JsonObject): boolean {
  const networks = filter['interfaceNetwork']
  const applications = filter['applicationName']
  if (networks === undefined && applications === undefined) return true
  return isOneOf(name, textsOf(kind === 'net' ? networks : applications))
}

function isAsked(outage: Outage, filter: JsonObject): boolean {
  const { providerName } = filter
  if (!isNamed(outage, filter)) return false
  return (
    providerName === undefined ||
    isOneOf(String(outage.provider.fields['providerName']), textsOf(providerName))
  )
}

function filterOutages(call: Call): Answer | V7Refusal {
  const { now, href, row } = call
  const filter = objectOf(call.body)
  const range = askedRange(filter, now)
  if (isV7Refusal(range)) return range
  const slots = slotsBetween(range.startAt, Math.min(range.endAt, now), now)
  const tests = runningTests(call)
  const isScoped = filter['outageScope'] === 'with-affected-test'
  const outages = outagesIn(slots, call, now)
    .filter(({ startAt, endAt }) => startAt <= range.endAt && (endAt ?? now) >= range.startAt)
    .filter((outage) => isAsked(outage, filter))
    .map((outage) => ({ outage, hit: testsHitBy(outage, tests, now) }))
    .filter(({ hit }) => !isScoped || hit.length > 0)
    .map(({ outage, hit }) => listedOutage(outage, hit, call))
  return { status: 200, body: { outages, _links: { self: { href: href(row.path) } } } }
}

const read =
  (kind: Outage['kind']): Answerer =>
  (call) => {
    const id = call.parameters['outageId'] ?? ''
    const slot = slotOfHexId(id)
    const outages = slot === undefined ? [] : outagesIn([slot], call, call.now)
    const outage = outages.find((one) => one.id === id && one.kind === kind)
    if (!outage) return notFound
    const hit = testsHitBy(outage, runningTests(call), call.now)
    return { status: 200, varies: true, body: detailedOutage(outage, hit, call) }
  }

/** `/internet-insights/outages`. */
export const outages = (): Answerers => ({
  filterOutages,
  getNetworkOutage: read('net'),
  getAppOutage: read('app'),
})
