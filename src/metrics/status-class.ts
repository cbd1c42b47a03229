/** The classes of status codes (RFC 9110 §15), by their first digit. */
const classes = ['other', '1xx', '2xx', '3xx', '4xx', '5xx'] as const

/** @returns the first digit, 0 for what is no status code */
export function statusDigit(status: number): number {
  const digit = Math.trunc(status / 100)
  return digit >= 1 && digit <= 5 ? digit : 0
}

/** @returns `2xx` and the like */
export const statusClass = (digit: number): string => classes[digit] ?? 'other'
