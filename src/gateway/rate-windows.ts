import type { Clock } from '#domain/clock.ts'
import type { Operation } from '#domain/operation.ts'
import type { RegionId } from '#domain/region.ts'
import type { User } from '#domain/user.ts'
import type { Draw, LimitRule, RateWindows } from '#limits/limits.ts'
import type { Answer, Call, Caller, Check } from './call.ts'
import { problemAnswer } from './refusal-answer.ts'

interface Window extends LimitRule {
  /** The headers' common beginning. */
  readonly header: string
  /** Epoch seconds of the next full window, or the seconds until then, 0 while it is open (thousandeyes-facts 6.3). */
  readonly reset: 'epoch-seconds' | 'seconds-left'
}

/**
 * thousandeyes-facts 6.3. An OAuth client has a window of its own beside the organization's, under the same header names;
 * whether it is shared between organizations is not published, ours is per client and organization.
 */
const callWindow = (limit: number): Window => ({
  header: 'X-Organization-Rate-Limit',
  limit,
  windowSeconds: 60,
  reset: 'epoch-seconds',
})

const bucketWindows: Readonly<Record<Bucket, Window>> = {
  'instant-test': {
    header: 'X-Instant-Test-Rate-Limit',
    limit: 24,
    windowSeconds: 60,
    reset: 'epoch-seconds',
  },
  'template-deploy': {
    header: 'X-Template-Deploy-Rate-Limit',
    limit: 10,
    windowSeconds: 60,
    reset: 'seconds-left',
  },
  'dashboard-snapshot': {
    header: 'X-Dashboard-Snapshot-Rate-Limit',
    limit: 100,
    windowSeconds: 3600,
    reset: 'seconds-left',
  },
}

/** Whose windows a call draws from. */
export interface WindowHolder {
  readonly region: RegionId
  readonly organizationId: string
  /** The OAuth client; undefined for User API Tokens. */
  readonly clientId: string | undefined
}

const holderText = ({ region, organizationId, clientId }: WindowHolder): string =>
  clientId === undefined ? `${region}:${organizationId}` : `${region}:${organizationId}:${clientId}`

/** @returns the name of the window that a caller draws from, which is made once for each user and client */
function windowNames(prefix: string): (caller: Caller) => string {
  const known = new WeakMap<User, Map<string | undefined, string>>()
  return (caller) => {
    if (caller.kind === 'nobody') return `${prefix}:nobody`
    const { user } = caller
    const clientId = caller.kind === 'integration' ? caller.access.clientId : undefined
    const ofUser = known.get(user) ?? new Map<string | undefined, string>()
    const name = ofUser.get(clientId)
    if (name !== undefined) return name
    const made = `${prefix}:${holderText({ ...user, clientId })}`
    known.set(user, ofUser.set(clientId, made))
    return made
  }
}

type Bucket = NonNullable<Operation['bucket']>

/** The window that such calls draw from, by the name and rule that the limits know it by. */
export const budgetWindow = (
  { bucket, ...holder }: WindowHolder & { readonly bucket: 'calls' | Bucket },
  callsPerMinute: number,
): { readonly name: string; readonly rule: LimitRule } => ({
  name: `${bucket}:${holderText(holder)}`,
  rule: bucket === 'calls' ? callWindow(callsPerMinute) : bucketWindows[bucket],
})

function resetOf({ reset }: Window, { remaining, resetAt }: Draw, clock: Clock): number {
  if (reset === 'epoch-seconds') return resetAt / 1000
  return remaining > 0 ? 0 : Math.ceil((resetAt - clock.now()) / 1000)
}

/** The body of a 429; its words are ours. */
export const exhaustedProblem = {
  status: 429,
  title: 'Too Many Requests',
  detail: 'The rate limit is exhausted. Wait for the reset that the rate limit headers tell.',
  code: 'rate_limit_exhausted',
} as const

/** 429 with the headers of the window and without Retry-After (thousandeyes-facts 6.3). */
const exhausted = (call: Call): Answer => problemAnswer(call, exhaustedProblem)

/** The headers of an organization's window that is used up. @param now epoch ms @returns name, value, name, value */
export function organizationHeaders(callsPerMinute: number, now: number): readonly string[] {
  const { header, limit, windowSeconds } = callWindow(callsPerMinute)
  const span = windowSeconds * 1000
  const resetAt = now - (now % span) + span
  return [
    ...[`${header}-Limit`, String(limit)],
    ...[`${header}-Remaining`, '0'],
    ...[`${header}-Reset`, String(resetAt / 1000)],
  ]
}

/**
 * Two checks on the same windows: `calls` draws from the organization's or the client's window, for every call of a known caller,
 * so that each such answer carries the headers; `buckets` draws from the window of the operation, where it has one.
 */
export function rateWindowChecks(
  windows: RateWindows,
  clock: Clock,
  callsPerMinute: number,
): { readonly calls: Check; readonly buckets: Check } {
  const callWindows = new Map<number, Window>()
  const callWindowOf = (limit: number): Window => {
    const known = callWindows.get(limit)
    if (known) return known
    const window = callWindow(limit)
    callWindows.set(limit, window)
    return window
  }
  const callsOf = (caller: Caller): number =>
    (caller.kind === 'integration' ? caller.integration.callsPerMinute : undefined) ?? callsPerMinute
  const callsName = windowNames('calls')
  const bucketNames: Readonly<Record<Bucket, (caller: Caller) => string>> = {
    'instant-test': windowNames('instant-test'),
    'template-deploy': windowNames('template-deploy'),
    'dashboard-snapshot': windowNames('dashboard-snapshot'),
  }

  function draw(call: Call, name: string, window: Window): Answer | undefined {
    const drawn = windows.draw(name, window)
    const { header } = window
    call.rateHeaders.push(
      `${header}-Limit`,
      String(drawn.limit),
      `${header}-Remaining`,
      String(drawn.remaining),
      `${header}-Reset`,
      String(resetOf(window, drawn, clock)),
    )
    return drawn.allowed ? undefined : exhausted(call)
  }

  return {
    calls: (call) => draw(call, callsName(call.caller), callWindowOf(callsOf(call.caller))),
    buckets(call) {
      const { bucket } = call.match.operation
      return bucket && draw(call, bucketNames[bucket](call.caller), bucketWindows[bucket])
    },
  }
}
