import type { Call } from '../call.ts'
import { type Json, type JsonObject, objectOf, textOf } from '../json.ts'
import type { V7Refusal } from '../refusals.ts'
import { type TimeRange, timeRangeOf } from '../time-range.ts'

const unitMs: Readonly<Record<string, number>> = { Minutes: 60_000, Hours: 3_600_000, Days: 86_400_000 }

const toSecond = (at: number): number => Math.floor(at / 1000) * 1000

const before = (now: number, length: number): TimeRange => ({
  startAt: Math.max(0, toSecond(now - length)),
  endAt: toSecond(now),
})

/** The span of a value and its unit, as `fixedTimespan` and `activeWithin` have it. */
function spanOf(duration: Json | undefined, now: number): TimeRange | undefined {
  const { value, unit } = objectOf(duration)
  const length = Number(value ?? 0) * (unitMs[textOf(unit) ?? ''] ?? 0)
  return length > 0 ? before(now, length) : undefined
}

/** The last second that ISO 8601 has in four digits of a year: a span that is configured to go on ends there. */
const last = Date.UTC(9999, 11, 31, 23, 59, 59)

const within = (at: number): number => Math.min(last, Math.max(0, toSecond(at)))

/** The default timespan of a dashboard: from its start on, or up to now. */
function defaultSpan(timespan: JsonObject, now: number): TimeRange | undefined {
  const start = Date.parse(textOf(timespan['start']) ?? '')
  const end = Date.parse(textOf(timespan['end']) ?? '')
  const length = Number(timespan['duration'] ?? 0) * 1000
  if (!Number.isNaN(start)) {
    const endAt = Number.isNaN(end) ? start + (length || now - start) : end
    return endAt >= start ? { startAt: within(start), endAt: within(endAt) } : undefined
  }
  return length > 0 ? before(now, length) : undefined
}

/** What no span is asked for and none is configured. Ours: the document names no such span. */
const usualLength = 86_400_000

/**
 * The span that a widget shows by itself: its own, unless the dashboard overrides it (official document, `isGlobalOverride`).
 * @param parts the widget and, before it, the card that it is asked of
 */
export function configuredRange(dashboard: JsonObject, parts: readonly JsonObject[], now: number): TimeRange {
  const own = parts
    .flatMap((part) => [part['fixedTimespan'], part['activeWithin']])
    .map((duration) => spanOf(duration, now))
    .find((span) => span !== undefined)
  const common = defaultSpan(objectOf(dashboard['defaultTimespan']), now)
  const [first, second] = dashboard['isGlobalOverride'] === true ? [common, own] : [own, common]
  return first ?? second ?? before(now, usualLength)
}

/** The span that the call asks for, else the configured one. */
export function rangeOf(
  dashboard: JsonObject,
  parts: readonly JsonObject[],
  call: Call,
): TimeRange | V7Refusal {
  return timeRangeOf(call, call.now) ?? configuredRange(dashboard, parts, call.now)
}
