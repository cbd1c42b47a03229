/** Spans and instants as pages say them. Spans are in seconds, instants are epoch milliseconds (DECISIONS 12). */

const units = [
  { name: 'year', seconds: 365 * 86_400 },
  { name: 'day', seconds: 86_400 },
  { name: 'hour', seconds: 3_600 },
  { name: 'minute', seconds: 60 },
  { name: 'second', seconds: 1 },
] as const

/** @returns `1 minute`, `2 minutes` */
export const counted = (count: number, name: string): string => `${count} ${name}${count === 1 ? '' : 's'}`

/** @returns the span in its two largest units at most, rounded down: `10 minutes`, `7 days`, `1 hour 30 minutes` */
export function durationInWords(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  // A year is said only when the span is made of whole years: 400 days are 400 days.
  const usable = whole % units[0].seconds === 0 ? units : units.slice(1)
  const first = usable.findIndex((unit) => whole >= unit.seconds)
  if (first < 0) return counted(0, 'second')
  let rest = whole
  const parts: string[] = []
  for (const unit of usable.slice(first, first + 2)) {
    const count = Math.floor(rest / unit.seconds)
    rest -= count * unit.seconds
    if (count > 0) parts.push(counted(count, unit.name))
  }
  return parts.join(' ')
}

/** @returns how long ago something was: `less than a minute ago`, `3 minutes ago` */
export function agoInWords(seconds: number): string {
  if (seconds < 60) return 'less than a minute ago'
  const unit = units.find(({ name, seconds: size }) => name !== 'year' && seconds >= size) ?? units[4]
  return `${counted(Math.floor(seconds / unit.seconds), unit.name)} ago`
}

/** Made with the first instant that is shown: locale data takes a start longer than many a module. */
function minutesFormat(): (at: number) => string {
  let format: Intl.DateTimeFormat | undefined
  return (at) => {
    format ??= new Intl.DateTimeFormat('en-GB', {
      day: 'numeric',
      month: 'short',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      timeZone: 'UTC',
    })
    return format.format(at)
  }
}
const toTheMinute = minutesFormat()

/** An instant for a `<time>` element: what people read, and what machines read. */
export interface InstantInWords {
  readonly text: string
  readonly iso: string
}

/** @returns the instant in UTC, to the minute: `7 Oct 2026, 09:12 UTC` */
export const instantInWords = (at: number): InstantInWords => ({
  text: `${toTheMinute(at)} UTC`,
  iso: new Date(at).toISOString(),
})
