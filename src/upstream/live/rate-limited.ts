import { Readable } from 'node:stream'
import { type UpstreamAnswer, UpstreamUnavailable } from '#upstream/upstream.ts'

/** How long nobody knows when the block of an address ends (thousandeyes-facts 6.3 has no figure): ours. */
const blockedSeconds = 300
/** The longest of ThousandEyes' windows is an hour. */
const longestSeconds = 3_600

/** A number behind `reset` is an instant in epoch seconds for some windows, and a span for others (thousandeyes-facts 6.3). */
function secondsUntil(reset: string, now: number): number | undefined {
  if (!/^\d{1,10}$/.test(reset)) return undefined
  const seconds = Number(reset) > 1_000_000_000 ? Number(reset) - Math.floor(now / 1_000) : Number(reset)
  return Math.min(Math.max(seconds, 1), longestSeconds)
}

/** In how many seconds the windows of an answer that are used up begin anew; undefined when it names none. */
function retryAfterOf(headers: UpstreamAnswer['headers'], now: number): number | undefined {
  const windows = Object.keys(headers)
    .filter((name) => name.endsWith('-rate-limit-reset'))
    .map((name) => ({
      isUsedUp: headers[name.replace(/reset$/, 'remaining')] === '0',
      seconds: secondsUntil(headers[name] ?? '', now) ?? 60,
    }))
  const usedUp = windows.filter(({ isUsedUp }) => isUsedUp)
  const counting = usedUp.length > 0 ? usedUp : windows
  return counting.length === 0 ? undefined : Math.max(...counting.map(({ seconds }) => seconds))
}

/**
 * A 429 with windows in its headers is about these: it is passed on with the `Retry-After` that ThousandEyes leaves out. One
 * without is about our address, and so no affair of this caller (security-cases G31).
 * @param now epoch ms @throws UpstreamUnavailable
 */
export function rateLimited(answer: UpstreamAnswer, now: number): UpstreamAnswer {
  if (answer.status !== 429) return answer
  const seconds = retryAfterOf(answer.headers, now)
  if (seconds !== undefined)
    return {
      ...answer,
      headers: { ...answer.headers, 'retry-after': answer.headers['retry-after'] ?? String(seconds) },
    }
  if (answer.body instanceof Readable) answer.body.destroy()
  throw new UpstreamUnavailable('address-blocked', { retryAfterSeconds: blockedSeconds })
}
