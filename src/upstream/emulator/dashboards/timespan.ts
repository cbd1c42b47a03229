import { isoDate } from '../iso-date.ts'
import { type JsonObject, objectOf, present, textOf } from '../json.ts'

/** `YYYY-MM-DD HH:mm:ss`, as the older twins of dates have it (v7-notes section 4). */
export const legacyDate = (iso: string): string => isoDate(Date.parse(iso)).replace('T', ' ').replace('Z', '')

/** An instant in either form, always UTC. @returns undefined when it is none */
export function parseDate(text: string): number | undefined {
  const at = Date.parse(
    /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(text) ? `${text.replace(' ', 'T')}Z` : text,
  )
  return Number.isNaN(at) ? undefined : at
}

const isoOf = (...texts: readonly (string | undefined)[]): string | undefined => {
  const at = texts
    .map((text) => (text === undefined ? undefined : parseDate(text)))
    .find((one) => one !== undefined)
  return at === undefined ? undefined : isoDate(at)
}

/** A default timespan in both of its forms: the newer keys say what counts, the older ones repeat it. */
export function timespanOf(given: JsonObject): JsonObject {
  const duration = given['duration'] ?? given['timespanDuration']
  const start = isoOf(textOf(given['start']), textOf(given['timespanStart']))
  const end = isoOf(textOf(given['end']), textOf(given['timespanEnd']))
  return present({
    timespanDuration: duration,
    timespanStart: start && legacyDate(start),
    timespanEnd: end && legacyDate(end),
    duration,
    start,
    end,
  })
}

/** The same in the fields of a dashboard that has one. */
export const withTimespan = (fields: JsonObject): JsonObject =>
  fields['defaultTimespan'] === undefined
    ? fields
    : { ...fields, defaultTimespan: timespanOf(objectOf(fields['defaultTimespan'])) }
