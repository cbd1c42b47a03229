import type { Call } from '../call.ts'
import { parseDate } from '../dashboards/timespan.ts'
import { configuredRange } from '../dashboards/widget-range.ts'
import { type JsonObject, textOf } from '../json.ts'
import { invalidField, isV7Refusal, type V7Refusal } from '../refusals.ts'
import { type TimeRange, timeRangeOf } from '../time-range.ts'

const yearsAfter = (at: number, years: number): number => {
  const date = new Date(at)
  return date.setUTCFullYear(date.getUTCFullYear() + years)
}

/** A snapshot expires a year from its creation unless it says otherwise (official document, `SnapshotExpirationDate`). */
export const usualExpiry = (createdAt: number): number => yearsAfter(createdAt, 1)

const mostYears = 5

/**
 * When a snapshot is to expire: within five years from now (official document); that it has to be ahead is inferred.
 * @param text in either form of dates
 */
export function expiryOf(text: string, field: string, { now }: Call): { readonly at: number } | V7Refusal {
  const at = parseDate(text)
  if (at === undefined) return invalidField(field, 'must be a date-time.')
  if (at <= now) return invalidField(field, 'must be in the future.')
  return at > yearsAfter(now, mostYears)
    ? invalidField(field, `must be within ${mostYears} years from now.`)
    : { at }
}

/**
 * The span that a snapshot is of: the one that is given, up to now, else that of the dashboard. That a start has to be in the
 * past is inferred.
 */
export function snapshotRange(
  given: JsonObject,
  dashboard: JsonObject,
  { now }: Call,
): TimeRange | V7Refusal {
  const query = new URLSearchParams()
  for (const key of ['startDate', 'endDate']) {
    const text = textOf(given[key])
    if (text !== undefined) query.set(key, text)
  }
  const asked = timeRangeOf({ query }, now)
  if (asked && isV7Refusal(asked)) return asked
  const range = asked ?? configuredRange(dashboard, [], now)
  return range.startAt > now
    ? invalidField('startDate', 'must not be in the future.')
    : { startAt: range.startAt, endAt: Math.min(range.endAt, Math.floor(now / 1000) * 1000) }
}
