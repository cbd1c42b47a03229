import { eventsIn } from '../families/detected-events.ts'
import { listedEvent } from '../families/event-show.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, objectOf, present } from '../json.ts'
import { slotsBetween } from '../measurements/slots.ts'
import type { Question } from './measured-series.ts'
import { groupsOf } from './subjects.ts'
import { filtersOf, passes } from './widget-filters.ts'

/** How many rows a list has at most. Ours. */
const mostRows = 100

/** The words of the legend are the document's example; the names of the columns are ours. */
const stateOf = (endAt: number | undefined): string => (endAt === undefined ? 'ONGOING' : 'CLEAR')

/** A List, whose only data source is event detection: the events that went on at some time of the span, by their start. */
export function eventListContent({ measuring: widget, dashboard, range, call }: Question): JsonObject {
  const slots = slotsBetween(range.startAt, Math.min(range.endAt, call.now), call.now)
  const filters = filtersOf(widget, dashboard, call)
  const events = eventsIn(slots, call, call.now)
    .filter(({ startAt, endAt }) => startAt <= range.endAt && (endAt ?? call.now) >= range.startAt)
    .filter(({ test, agents, target }) =>
      passes(filters, (property) =>
        agents.flatMap((agent) => groupsOf(property, { test, agent, target }, call)),
      ),
    )
  const sign = widget['sortDirection'] === 'Ascending' ? 1 : -1
  const legend: Record<string, number> = {}
  for (const { endAt } of events) legend[stateOf(endAt)] = (legend[stateOf(endAt)] ?? 0) + 1
  return {
    data: {
      rows: events
        .toSorted((a, b) => sign * (a.startAt - b.startAt))
        .slice(0, mostRows)
        .map((event) => {
          const { title, typeName, severity, _links } = listedEvent(event, call)
          return present({
            Event: title,
            Type: typeName,
            State: stateOf(event.endAt),
            Severity: severity,
            Start: isoDate(event.startAt),
            End: event.endAt === undefined ? undefined : isoDate(event.endAt),
            'Affected agents': event.agents.length,
            _links: { data: objectOf(objectOf(_links)['self']) },
          })
        }),
      legend,
    },
  }
}
