import type { Context, Middleware } from 'koa'
import { answerTooManyAttempts } from '#http/error-page.ts'
import type { LimitRule } from '#limits/limits.ts'
import { countAttempt } from './attempts.ts'
import { routes } from './configuration.ts'
import { isMissedGuess } from './device-views.ts'
import { answerRefusal } from './edge.ts'
import type { AuthorizationServerParts } from './parts.ts'

/** RFC 8628 §5.1: 200 guesses at 1,000 live codes of 20^8 are odds below 1 in 100,000 (security-cases D06, D07). */
const codesPerAddress: LimitRule = { limit: 10, windowSeconds: 600 }
const codesOverall: LimitRule = { limit: 200, windowSeconds: 600 }
/** One bucket of an address. */
interface AddressLimit {
  readonly bucket: string
  readonly rule: LimitRule
  /** What there were too many of, for the answer. */
  readonly of: string
}

/** Rate windows, off with `--limits off`. A registered client has no end, so few are enough. */
const anonymousRows: ReadonlyMap<string, AddressLimit> = new Map([
  [
    routes.device_authorization,
    {
      bucket: 'device-authorization',
      rule: { limit: 240, windowSeconds: 60 },
      of: 'device authorizations',
    },
  ],
  [
    routes.registration,
    { bucket: 'registration', rule: { limit: 60, windowSeconds: 60 }, of: 'registrations' },
  ],
])
/** Nobody guesses 256 bits: a bound on the noise, also off with `--limits off` (security-cases D17). */
const unknownDeviceCodes: LimitRule = { limit: 60, windowSeconds: 60 }

/** Guards on guessing user codes; they hold with `--limits off` too. A code that was right gives its attempt back. */
export function guardUserCodes(parts: AuthorizationServerParts): Middleware {
  const { guards } = parts
  return async (ctx, next) => {
    if (ctx.path !== routes.code_verification || ctx.method !== 'POST') return next()
    const keys = [
      [`user-code-from:${parts.addressOf(ctx.req)}`, codesPerAddress],
      ['user-code', codesOverall],
    ] as const
    const wait = await countAttempt(guards, keys)
    if (wait > 0) {
      answerTooManyAttempts(ctx, parts.views, wait)
      return
    }
    await next()
    if (!isMissedGuess(ctx.state['deviceError'])) await Promise.all(keys.map(([key]) => guards.release(key)))
  }
}

/** Draws one call of this address from a window. @returns whether there was none left, and then the answer is given */
function isDrawnOut(
  parts: AuthorizationServerParts,
  ctx: Context,
  { bucket, rule, of }: AddressLimit,
): boolean {
  const { allowed, resetAt } = parts.windows.draw(`${bucket}:${parts.addressOf(ctx.req)}`, rule)
  if (allowed) return false
  ctx.set('Retry-After', String(Math.max(1, Math.ceil((resetAt - parts.clock.now()) / 1000))))
  answerRefusal(parts, ctx, {
    status: 429,
    error: 'temporarily_unavailable',
    description: `Too many ${of} from here.`,
  })
  return true
}

/** A bound per address on what anybody may ask for and what leaves a row (security-cases D08, L04). */
export function limitAnonymousRows(parts: AuthorizationServerParts): Middleware {
  return (ctx, next) => {
    const limit = ctx.method === 'POST' ? anonymousRows.get(ctx.path) : undefined
    return limit && isDrawnOut(parts, ctx, limit) ? undefined : next()
  }
}

/** A bound on device codes that do not exist; whoever polls with one that does is never in its way. */
export function limitUnknownDeviceCodes(parts: AuthorizationServerParts): Middleware {
  const limit = { bucket: 'unknown-device-code', rule: unknownDeviceCodes, of: 'unknown device codes' }
  return async (ctx, next) => {
    await next()
    if (ctx.state['isUnknownDeviceCode'] === true) isDrawnOut(parts, ctx, limit)
  }
}
