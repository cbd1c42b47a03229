import type { Answer, Answerers, Call } from '../call.ts'
import { slotOfId } from '../measurements/slot-id.ts'
import { slotsBetween } from '../measurements/slots.ts'
import { askedBehind, linksBehind } from '../paging.ts'
import { invalidField, isV7Refusal, notFound, type V7Refusal } from '../refusals.ts'
import { isWithin, rangeEcho, type TimeRange, timeRangeOf } from '../time-range.ts'
import { type DetectedEvent, eventsBySlot, eventsIn } from './detected-events.ts'
import { detailedEvent, listedEvent } from './event-show.ts'
import { pageOfSlots } from './slot-pages.ts'

/** `ongoing` narrows the events that go on at some time of the range (official document, `ongoing`). */
function isAsked({ startAt, endAt }: DetectedEvent, range: TimeRange, ongoing: string | null): boolean {
  if (ongoing === 'true') return endAt === undefined && isWithin(range, startAt)
  const isDuring = startAt <= range.endAt && (endAt ?? range.endAt) >= range.startAt
  return isDuring && !(ongoing === 'false' && endAt === undefined)
}

async function list(call: Call): Promise<Answer | V7Refusal> {
  const asked = askedBehind(call)
  if (isV7Refusal(asked)) return asked
  const { asOf } = asked
  const range = timeRangeOf(call, asOf)
  if (range === undefined) return invalidField('window', 'is required, or startDate and endDate.')
  if (isV7Refusal(range)) return range
  const ongoing = call.query.get('ongoing')
  // What goes on began in this slot: no incident reaches into the next.
  const from = ongoing === 'true' ? Math.max(range.startAt, asOf) : range.startAt
  const slots = slotsBetween(from, Math.min(range.endAt, asOf), asOf)
  const inSlot = eventsBySlot(call, asOf)
  const { rows, last } = await pageOfSlots(asked, slots, (slot) =>
    inSlot(slot).filter((event) => isAsked(event, range, ongoing)),
  )
  return {
    status: 200,
    varies: true,
    body: {
      aid: call.aid,
      ...rangeEcho(range),
      events: rows.map((event) => listedEvent(event, call)),
      _links: linksBehind(call, asked, last),
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
