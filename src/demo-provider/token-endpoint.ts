import { createHash, timingSafeEqual } from 'node:crypto'
import type { Context, Middleware } from 'koa'
import { readForm } from '#http/form.ts'
import { type Coded, type demoCodes, fits } from './codes.ts'
import type { Signing } from './signing.ts'

export interface TokenEndpointParts {
  readonly issuer: string
  readonly client: { readonly id: string; readonly secret: string }
  readonly now: () => number
  readonly codes: ReturnType<typeof demoCodes>
  readonly signing: () => Promise<Signing>
}

const lifetimeSeconds = 300

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
const isSame = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other))

/** The same for the same address, and nothing of it: an address is no name for ever (OpenID Connect Core §5.7). */
const subjectOf = (email: string): string =>
  createHash('sha256').update(`demo-provider ${email.toLowerCase()}`).digest('base64url').slice(0, 22)

function nameOf(email: string): string {
  const words = email.slice(0, email.indexOf('@')).split(/[._+-]+/)
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(' ')
}

/** OpenID Connect Core §2. */
const claimsOf = ({ clientId, nonce, email, signedInAt }: Coded, issuer: string, now: number) => ({
  iss: issuer,
  sub: subjectOf(email),
  aud: clientId,
  iat: Math.floor(now / 1000),
  exp: Math.floor(now / 1000) + lifetimeSeconds,
  auth_time: Math.floor(signedInAt / 1000),
  nonce,
  email,
  email_verified: true,
  name: nameOf(email),
  groups: [`everybody-at-${email.slice(email.lastIndexOf('@') + 1).toLowerCase()}`],
  // No password is asked for: somebody pressed the button (RFC 8176 §2).
  amr: ['user'],
})

/** OpenID Connect Core §3.1.3. */
export function tokenEndpoint({ issuer, client, now, codes, signing }: TokenEndpointParts): Middleware {
  function refuse(ctx: Context, status: 400 | 401, error: string): void {
    ctx.status = status
    ctx.body = { error }
  }

  return async (ctx) => {
    ctx.set('Cache-Control', 'no-store')
    const form = await readForm(ctx.req)
    const of = (name: string): string => form.get(name) ?? ''
    if (of('client_id') !== client.id || !isSame(of('client_secret'), client.secret))
      return refuse(ctx, 401, 'invalid_client')
    if (of('grant_type') !== 'authorization_code') return refuse(ctx, 400, 'unsupported_grant_type')
    const coded = codes.take(of('code'))
    const isRight = coded?.redirectUri === of('redirect_uri') && fits(of('code_verifier'), coded.challenge)
    if (!coded || !isRight) return refuse(ctx, 400, 'invalid_grant')
    const { sign } = await signing()
    ctx.body = {
      access_token: 'opens-nothing',
      token_type: 'Bearer',
      expires_in: lifetimeSeconds,
      id_token: await sign(claimsOf(coded, issuer, now())),
    }
  }
}
