import { type JsonObject, objectOf, textOf, textsOf } from '../json.ts'

const dayMs = 86_400_000
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** Starts that repeat at one step, from the first on. */
interface Series {
  readonly first: number
  readonly step: { readonly unit: 'day' | 'month'; readonly length: number }
}

const at = ({ first, step }: Series, index: number): number => {
  if (step.unit === 'day') return first + index * step.length * dayMs
  const date = new Date(first)
  return date.setUTCMonth(date.getUTCMonth() + index * step.length)
}

/** The index of the last start that is not after now; negative before the first. */
function lastIndex(series: Series, now: number): number {
  const { first, step } = series
  const days = step.unit === 'day' ? step.length : step.length * 31
  let index = Math.floor((now - first) / (days * dayMs))
  while (at(series, index + 1) <= now) index += 1
  return index
}

const unitOf = ({ type, intervalType }: JsonObject): unknown => (type === 'custom' ? intervalType : type)

const stepOf = (repeat: JsonObject): Series['step'] => {
  const length = repeat['type'] === 'custom' ? Math.max(1, Number(repeat['intervalLength'] ?? 1)) : 1
  const unit = unitOf(repeat)
  if (unit === 'month') return { unit: 'month', length }
  return { unit: 'day', length: unit === 'week' ? length * 7 : length }
}

/** One series, or one for every weekday that is named, which counts for weeks alone (official document, `DaysOfWeek`). */
function seriesOf(first: number, repeat: JsonObject): readonly Series[] {
  const step = stepOf(repeat)
  const named = unitOf(repeat) === 'week' ? textsOf(repeat['daysOfWeek']) : []
  const days = [...new Set(named)].map((day) => weekdays.indexOf(day))
  const today = new Date(first).getUTCDay()
  return days.length === 0
    ? [{ first, step }]
    : days.map((day) => ({ first: first + ((day - today + 7) % 7) * dayMs, step }))
}

/** How many starts a series has. */
function startsOf(series: Series, { type, count, date }: JsonObject): number {
  if (type === 'count') return Number(count ?? 1)
  const end = Date.parse(textOf(date) ?? '')
  if (type !== 'date' || Number.isNaN(end)) return Number.POSITIVE_INFINITY
  return lastIndex(series, end + dayMs - 1) + 1
}

/**
 * Whether an alert suppression window holds now. Worked out in UTC; that `ended` means that it never comes again is ours.
 * @param now epoch ms
 */
export function windowState(window: JsonObject, now: number): 'active' | 'inactive' | 'ended' {
  const first = Date.parse(textOf(window['startDate']) ?? '')
  const lasts = Number(window['duration'] ?? 0) * 1000
  if (Number.isNaN(first)) return 'inactive'
  const repeat = objectOf(window['repeat'])
  const repeats = repeat['type'] !== undefined
  const states = seriesOf(first, repeat).map((series) => {
    const starts = repeats ? startsOf(series, objectOf(window['endRepeat'])) : 1
    const index = Math.min(lastIndex(series, now), starts - 1)
    if (index >= 0 && now < at(series, index) + lasts) return 'active'
    return index === starts - 1 ? 'ended' : 'inactive'
  })
  if (states.includes('active')) return window['isEnabled'] === false ? 'inactive' : 'active'
  return states.every((state) => state === 'ended') ? 'ended' : 'inactive'
}

/** How many starts are told of at most. */
const mostStarts = 100

/**
 * When the window begins within a span, the oldest first.
 * @param range epoch ms, both ends included
 */
export function startsWithin(
  window: JsonObject,
  range: { readonly startAt: number; readonly endAt: number },
): readonly number[] {
  const first = Date.parse(textOf(window['startDate']) ?? '')
  if (Number.isNaN(first) || window['isEnabled'] === false) return []
  const repeat = objectOf(window['repeat'])
  const isRepeated = repeat['type'] !== undefined
  const starts = seriesOf(first, repeat).flatMap((series) => {
    const last = Math.min(
      lastIndex(series, range.endAt),
      (isRepeated ? startsOf(series, objectOf(window['endRepeat'])) : 1) - 1,
    )
    const from = Math.max(0, lastIndex(series, range.startAt - 1) + 1, last - mostStarts + 1)
    return Array.from({ length: Math.max(0, last - from + 1) }, (_, index) => at(series, from + index))
  })
  return starts.sort((a, b) => a - b)
}
