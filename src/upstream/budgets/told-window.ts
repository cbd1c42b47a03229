import type { Draw } from '#limits/limits.ts'
import type { ToldWindow } from '#limits/upstream-budgets.ts'
import type { UpstreamAnswer } from '#upstream/upstream.ts'

const prefix = 'x-organization-rate-limit-'

const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined

/** Epoch seconds for this window; a small number is read as a span (thousandeyes-facts 6.3). */
const instantOf = (reset: number, now: number): number =>
  reset > 1_000_000_000 ? reset * 1_000 : now + reset * 1_000

/** Whether a 429 is about the organization's window: it says so, or names no other one that is used up. */
function isUsedUp({ status, headers }: UpstreamAnswer): boolean {
  if (status !== 429) return false
  if (headers[`${prefix}remaining`] === '0') return true
  return !Object.keys(headers).some(
    (name) => name.endsWith('-rate-limit-remaining') && !name.startsWith(prefix) && headers[name] === '0',
  )
}

/** What an answer says of its organization's window; undefined when it says nothing that can be read. */
export function toldWindow(answer: UpstreamAnswer, now: number): ToldWindow | undefined {
  const { headers } = answer
  const limit = wholeNumber(headers[`${prefix}limit`])
  const remaining = isUsedUp(answer) ? 0 : wholeNumber(headers[`${prefix}remaining`])
  const reset = wholeNumber(headers[`${prefix}reset`])
  if (remaining === undefined || limit === undefined || limit === 0) return undefined
  const wait = wholeNumber(headers['retry-after'])
  if (reset !== undefined) return { limit, remaining, resetAt: instantOf(reset, now) }
  return wait === undefined ? undefined : { limit, remaining, resetAt: now + wait * 1_000 }
}

/** What the upstream would have answered, had it been asked. Its words are ours. */
export const organizationExhausted = ({ limit, resetAt }: Draw, now: number): UpstreamAnswer => ({
  status: 429,
  headers: {
    'content-type': 'application/problem+json',
    [`${prefix}limit`]: String(limit),
    [`${prefix}remaining`]: '0',
    [`${prefix}reset`]: String(Math.ceil(resetAt / 1_000)),
    'retry-after': String(Math.max(1, Math.ceil((resetAt - now) / 1_000))),
  },
  body: JSON.stringify({
    title: 'Too Many Requests',
    status: 429,
    detail: 'The calls of the organization are used up until the reset that the rate limit headers tell.',
    code: 'organization_rate_limit_exhausted',
  }),
})
