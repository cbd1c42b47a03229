import { eventsBySlot } from '../families/detected-events.ts'
import { workOut } from '../families/slot-pages.ts'
import { alertsBySlot } from '../families/test-alerts.ts'
import { type JsonObject, objectsOf } from '../json.ts'
import { slotsBetween } from '../measurements/slots.ts'
import { isCount, type Question } from './measured-series.ts'

const parts = ({ numberCards, multiMetricColumns }: JsonObject): readonly JsonObject[] => [
  ...objectsOf(numberCards),
  ...objectsOf(multiMetricColumns),
]

const showsAlerts = (widget: JsonObject): boolean =>
  widget['type'] === 'Alert List' || [widget, ...parts(widget)].some(({ metric }) => isCount(metric))

/**
 * Works out ahead what befell tests in the span of a widget that shows alerts or events, with pauses for other calls: of thousands
 * of tests and some months that is most of the work.
 */
export async function workAhead({ measuring, range, call }: Question): Promise<void> {
  const slots = slotsBetween(range.startAt, Math.min(range.endAt, call.now), call.now)
  if (showsAlerts(measuring)) await workOut(slots, alertsBySlot(call, call.now))
  if (measuring['type'] === 'List') await workOut(slots, eventsBySlot(call, call.now))
}
