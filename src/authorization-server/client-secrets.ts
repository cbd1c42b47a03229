import { hash, timingSafeEqual } from 'node:crypto'
import type { Middleware } from 'koa'
import { errors, type KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { LimitRule } from '#limits/limits.ts'
import { answerRefusal, clientEndpoints } from './edge.ts'
import type { AuthorizationServerParts } from './parts.ts'

/** Wrong client secrets of one client from one address (RFC 6819 §4.3). */
const wrongSecrets: LimitRule = { limit: 60, windowSeconds: 600 }

/** Decides whether a presented client secret is the client's. @throws temporarily_unavailable, 429, after too many wrong ones */
export type SecretJudge = (
  client: { readonly clientId: string; readonly clientSecret?: string | undefined },
  presented: string,
) => Promise<boolean>

const refusal = {
  status: 429,
  error: 'temporarily_unavailable',
  description: 'Too many failed client authentications from here.',
} as const

function tooMany(retryAfterSeconds: number): Error {
  const { status, error, description } = refusal
  Provider.ctx?.set('Retry-After', String(Math.max(1, retryAfterSeconds)))
  return Object.assign(new errors.CustomOIDCProviderError(error, description), { status, statusCode: status })
}

const digest = (text: string): Buffer => hash('sha256', text, 'buffer')

/**
 * Compares client secrets and counts the wrong ones per client and address. Once there are too many, nobody there learns whether
 * a secret is right, while the right one from elsewhere still works. The guard holds with `--limits off` too.
 */
export function secretJudge({ guards, addressOf }: AuthorizationServerParts): SecretJudge {
  return async ({ clientId, clientSecret }, presented) => {
    const ctx = Provider.ctx
    if (!ctx || clientSecret === undefined) throw new Error('no client secret is asked for here')
    const key = `client-secret:${clientId}:${addressOf(ctx.req)}`
    const wasBlocked = await guards.isBlocked(key, wrongSecrets)
    if (!wasBlocked && timingSafeEqual(digest(presented), digest(clientSecret))) return true
    const { blocked, retryAfterSeconds } = await guards.hit(key, wrongSecrets)
    if (blocked || wasBlocked) throw tooMany(retryAfterSeconds)
    return false
  }
}

/** Counts client ids that do not exist, so that they cost and are limited as a wrong secret is (security-cases B05). */
export function guardUnknownClients(parts: AuthorizationServerParts): Middleware {
  return async (context, next) => {
    await next()
    const ctx = context as unknown as KoaContextWithOIDC
    if (!clientEndpoints.has(ctx.path) || ctx.status !== 401 || !ctx.oidc || ctx.oidc.client) return
    const key = `unknown-client:${parts.addressOf(ctx.req)}`
    const { blocked, retryAfterSeconds } = await parts.guards.hit(key, wrongSecrets)
    if (!blocked) return
    context.set('Retry-After', String(Math.max(1, retryAfterSeconds)))
    answerRefusal(parts, context, refusal)
  }
}
