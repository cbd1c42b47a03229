import type { Call } from './call.ts'
import { isoDate } from './iso-date.ts'
import type { JsonObject } from './json.ts'
import { invalidField, type V7Refusal } from './refusals.ts'

/** A span of time, epoch ms at whole seconds, both ends included. */
export interface TimeRange {
  readonly startAt: number
  readonly endAt: number
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }

const toSecond = (at: number): number => Math.floor(at / 1000) * 1000

/** A date with its whole time and a zone, T and Z in either case (RFC 3339 §5.6); a date-time without one would mean another instant on every machine. */
const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})$/i

/** Whether a text is a day of the calendar, as `2022-07-17`: JavaScript takes 30 February for one in March. */
export const isDay = (text: string): boolean => {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text)
}

/** @returns epoch ms at a whole second; undefined for what is no date with a time and a zone */
export const parseInstant = (text: string): number | undefined => {
  const at = instant.test(text) && isDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : toSecond(at)
}

/** The engine has checked the pattern of `window` by then. Longer than since 1970 is since 1970. */
function windowBefore(now: number, text: string): TimeRange {
  const [, amount = '0', unit = 's'] = /^(\d+)(\w?)$/.exec(text) ?? []
  const length = Number(amount) * (unitSeconds[unit || 's'] ?? 1) * 1000
  return { startAt: Math.max(0, toSecond(now) - length), endAt: toSecond(now) }
}

/**
 * The span of time that `window`, or `startDate` with `endDate`, asks for (v7-notes section 5). An end without a start is
 * refused: v6 did so, and no source says otherwise of v7.
 * @param now epoch ms: where a window ends, and a range that names no end
 * @returns undefined when none of the three is given
 */
export function timeRangeOf({ query }: Pick<Call, 'query'>, now: number): TimeRange | V7Refusal | undefined {
  const window = query.get('window')
  const start = query.get('startDate')
  const end = query.get('endDate')
  if (window !== null)
    return start === null && end === null
      ? windowBefore(now, window)
      : invalidField('window', 'cannot be used with startDate and endDate.')
  if (start === null) return end === null ? undefined : invalidField('startDate', 'is required with endDate.')
  const startAt = parseInstant(start)
  if (startAt === undefined) return invalidField('startDate', notAnInstant)
  const endAt = end === null ? toSecond(now) : parseInstant(end)
  if (endAt === undefined) return invalidField('endDate', notAnInstant)
  return startAt > endAt ? invalidField('startDate', 'must not be after endDate.') : { startAt, endAt }
}

const notAnInstant = 'must be an ISO 8601 date with time and zone, as in 2022-07-17T22:00:54Z.'

/** The range as the answer repeats it; nothing when none was asked for (official document, `StartDate`). */
export const rangeEcho = (range: TimeRange | undefined): JsonObject =>
  range ? { startDate: isoDate(range.startAt), endDate: isoDate(range.endAt) } : {}

export const isWithin = (range: TimeRange, at: number): boolean => at >= range.startAt && at <= range.endAt
