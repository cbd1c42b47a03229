import type { Answer, Answerers, Call } from '../call.ts'
import { slotOfId } from '../measurements/slot-id.ts'
import { slotsBetween } from '../measurements/slots.ts'
import { askedPage, pageLinks, sliceOf } from '../paging.ts'
import { invalidField, isV7Refusal, notFound, type V7Refusal } from '../refusals.ts'
import { isWithin, rangeEcho, type TimeRange, timeRangeOf } from '../time-range.ts'
import { type DetectedEvent, eventsIn } from './detected-events.ts'
import { detailedEvent, listedEvent } from './event-show.ts'

/** `ongoing` narrows the events that go on at some time of the range (official document, `ongoing`). */
function isAsked({ startAt, endAt }: DetectedEvent, range: TimeRange, ongoing: string | null): boolean {
  if (ongoing === 'true') return endAt === undefined && isWithin(range, startAt)
  const isDuring = startAt <= range.endAt && (endAt ?? range.endAt) >= range.startAt
  return isDuring && !(ongoing === 'false' && endAt === undefined)
}

function list(call: Call): Answer | V7Refusal {
  const asked = askedPage(call)
  if (isV7Refusal(asked)) return asked
  const { asOf } = asked
  const range = timeRangeOf(call, asOf)
  if (range === undefined) return invalidField('window', 'is required, or startDate and endDate.')
  if (isV7Refusal(range)) return range
  const ongoing = call.query.get('ongoing')
  const slots = slotsBetween(range.startAt, Math.min(range.endAt, asOf), asOf)
  const events = eventsIn(slots, call, asOf).filter((event) => isAsked(event, range, ongoing))
  const { rows, left } = sliceOf(asked, events)
  return {
    status: 200,
    varies: true,
    body: {
      aid: call.aid,
      ...rangeEcho(range),
      events: rows.map((event) => listedEvent(event, call)),
      _links: pageLinks(call, asked, left),
    },
  }
}

function read(call: Call): Answer | V7Refusal {
  const id = call.parameters['id'] ?? ''
  const slot = slotOfId(id)
  const event = slot === undefined ? undefined : eventsIn([slot], call, call.now).find((one) => one.id === id)
  return event ? { status: 200, varies: true, body: detailedEvent(event, call) } : notFound
}

/** `/events` and `/events/{id}`. */
export const events = (): Answerers => ({ getEvents: list, getEvent: read })
