import type { Middleware } from 'koa'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { tooManyAttemptsPage } from '#http/error-page.ts'
import type { LimitRule } from '#limits/limits.ts'
import { routes } from './configuration.ts'
import { isMissedGuess } from './device-views.ts'
import { answerRefusal } from './edge.ts'
import type { AuthorizationServerParts } from './parts.ts'

/** RFC 8628 §5.1: 200 guesses at 1,000 live codes of 20^8 are odds below 1 in 100,000 (security-cases D06, D07). */
const codesPerAddress: LimitRule = { limit: 10, windowSeconds: 600 }
const codesOverall: LimitRule = { limit: 200, windowSeconds: 600 }
/** Wrong client secrets of one client from one address (RFC 6819 §4.3). */
const wrongSecrets: LimitRule = { limit: 60, windowSeconds: 600 }
/** Device authorizations are anonymous and leave rows: a rate window, off with `--limits off`. */
const deviceAuthorizations: LimitRule = { limit: 240, windowSeconds: 60 }

const clientEndpoints: ReadonlySet<string> = new Set([
  routes.token,
  routes.device_authorization,
  routes.revocation,
  routes.introspection,
])

/** Guards on guessing user codes; they hold with `--limits off` too. A code that was right gives its attempt back. */
export function guardUserCodes(parts: AuthorizationServerParts): Middleware {
  const { guards } = parts
  return async (ctx, next) => {
    if (ctx.path !== routes.code_verification || ctx.method !== 'POST') return next()
    const keys = [
      [`user-code-from:${parts.addressOf(ctx.req)}`, codesPerAddress],
      ['user-code', codesOverall],
    ] as const
    const hits = await Promise.all(keys.map(([key, rule]) => guards.hit(key, rule)))
    const wait = Math.max(
      ...hits.map(({ blocked, retryAfterSeconds }) => (blocked ? Math.max(1, retryAfterSeconds) : 0)),
    )
    if (wait > 0) {
      ctx.status = 429
      ctx.set('Retry-After', String(wait))
      ctx.type = 'html'
      const requestId = ctx.response.get('X-Request-Id')
      ctx.body = tooManyAttemptsPage(parts.views, { retryAfterSeconds: wait, requestId })
      return
    }
    await next()
    if (!isMissedGuess(ctx.state['deviceError'])) await Promise.all(keys.map(([key]) => guards.release(key)))
  }
}

/** Guard on guessing client secrets: misses are counted per client and address, the right secret from elsewhere still works. */
export function guardClientSecrets(parts: AuthorizationServerParts): Middleware {
  const { guards } = parts
  return async (context, next) => {
    if (!clientEndpoints.has(context.path) || context.method !== 'POST') return next()
    const address = parts.addressOf(context.req)
    await next()
    const ctx = context as unknown as KoaContextWithOIDC
    if (ctx.status !== 401) return
    // Counted after the answer is known and before it is given: a burst learns nothing once the limit is reached.
    const claimed = String(ctx.oidc?.params?.['client_id'] ?? '').slice(0, 128)
    const { blocked, retryAfterSeconds } = await guards.hit(
      `client-secret:${claimed}:${address}`,
      wrongSecrets,
    )
    if (!blocked) return
    context.set('Retry-After', String(Math.max(1, retryAfterSeconds)))
    answerRefusal(parts, context, {
      status: 429,
      error: 'temporarily_unavailable',
      description: 'Too many failed client authentications from here.',
    })
  }
}

/** A bound on anonymous device authorizations per address (security-cases D08). */
export function limitDeviceAuthorizations(parts: AuthorizationServerParts): Middleware {
  return async (ctx, next) => {
    if (ctx.path !== routes.device_authorization || ctx.method !== 'POST') return next()
    const bucket = `device-authorization:${parts.addressOf(ctx.req)}`
    const { allowed, resetAt } = parts.windows.draw(bucket, deviceAuthorizations)
    if (allowed) return next()
    ctx.set('Retry-After', String(Math.max(1, Math.ceil((resetAt - parts.clock.now()) / 1000))))
    answerRefusal(parts, ctx, {
      status: 429,
      error: 'temporarily_unavailable',
      description: 'Too many device authorizations from here.',
    })
  }
}
