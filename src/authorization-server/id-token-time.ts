import { createPrivateKey, type JsonWebKeyInput } from 'node:crypto'
import { CompactSign, decodeJwt, decodeProtectedHeader } from 'jose'
import type { Middleware } from 'koa'
import type { Clock } from '#domain/clock.ts'
import type { Secrets } from '#secrets/secrets.ts'
import { routes } from './configuration.ts'

/** NumericDates of an id_token (OpenID Connect Core 1.0 §2). */
const instants = ['exp', 'iat', 'auth_time'] as const

export interface IdTokenTimeParts {
  readonly clock: Clock
  readonly engineNow: () => number
  readonly secrets: Pick<Secrets, 'signingKeys'>
}

/**
 * The engine dates id_tokens by the system clock, whatever ours is. Where they differ, the id_token is dated by ours and signed
 * again, before the answer of a refresh is kept for its replay (DECISIONS 12).
 */
export function dateIdTokens({ clock, engineNow, secrets }: IdTokenTimeParts): Middleware {
  const keys = new Map(
    secrets.signingKeys.map((key) => [
      key.kid,
      createPrivateKey({ key, format: 'jwk' } as unknown as JsonWebKeyInput),
    ]),
  )

  async function dated(token: string, seconds: number): Promise<string> {
    const header = decodeProtectedHeader(token)
    const key = keys.get(header.kid ?? '')
    if (!key) throw new Error('an id_token was signed with a key that is not ours')
    const claims: Record<string, unknown> = { ...decodeJwt(token) }
    for (const name of instants) {
      const value = claims[name]
      if (typeof value === 'number') claims[name] = value + seconds
    }
    return new CompactSign(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader({ ...header, alg: 'ES256' })
      .sign(key)
  }

  return async (ctx, next) => {
    await next()
    if (ctx.path !== routes.token || ctx.status !== 200) return
    const body = ctx.body as { id_token?: unknown }
    const seconds = Math.round((clock.now() - engineNow()) / 1000)
    if (seconds !== 0 && typeof body.id_token === 'string')
      ctx.body = { ...body, id_token: await dated(body.id_token, seconds) }
  }
}
