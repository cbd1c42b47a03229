import type { Context, Middleware } from 'koa'
import { type KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { User } from '#domain/user.ts'
import type { AuthorizationServerParts } from './parts.ts'
import type { UnitOfWork, UnitsOfWork } from './unit-of-work.ts'

/** A sign-in as the result of an interaction carries it (oidc-provider `result.login`). */
export interface SignIn {
  readonly accountId: string
  /** In seconds of the engine's clock. */
  readonly ts: number
  /** How the user signed in (RFC 8176). */
  readonly amr: string[]
  readonly remember: true
  /** The user's count of ended sessions when the proof was checked: what ended them since then ends this one too. */
  readonly generation: number
  /** No browser stands behind it, so there is nothing for a person to see. */
  readonly isHeadless?: true
  readonly [name: string]: unknown
}

/** @param user as read when the proof was checked, or as a new password left it */
export const signInOf = (
  user: User,
  { engineNow }: Pick<AuthorizationServerParts, 'engineNow'>,
  amr: readonly string[],
): SignIn => ({
  accountId: user.id,
  ts: Math.floor(engineNow() / 1000),
  amr: [...amr],
  remember: true,
  generation: user.sessionGeneration ?? 0,
})

/** Where a request came from, and what the browser says it is. */
export interface Visit {
  readonly address: string
  readonly userAgent: string
}

const visitNote = 'visit'
const signInNote = 'sign-in'

/** Notes where each request comes from, for the session that it may save. */
export function noteVisits(
  units: UnitsOfWork,
  { addressOf }: Pick<AuthorizationServerParts, 'addressOf'>,
): Middleware {
  return (ctx: Context, next) => {
    const userAgent = ctx.get('user-agent').slice(0, 256)
    const visit: Visit = { address: addressOf(ctx.req), userAgent }
    units.current().notes.set(visitNote, visit)
    return next()
  }
}

export const visitIn = ({ notes }: UnitOfWork): Visit =>
  (notes.get(visitNote) as Visit | undefined) ?? { address: '', userAgent: '' }

/** Notes a sign-in outside of an interaction. */
export const noteSignIn = (units: UnitsOfWork, signIn: SignIn): void =>
  void units.current().notes.set(signInNote, signIn)

/** The sign-in that the running request completes. The result of a confirm repeats the one before it, which is no other. */
export function signInIn({ notes }: UnitOfWork): { signIn: SignIn; isRepeated: boolean } | undefined {
  const result = (Provider.ctx as KoaContextWithOIDC | undefined)?.oidc?.result as
    | { readonly login?: SignIn; readonly consent?: unknown }
    | undefined
  const signIn = (notes.get(signInNote) as SignIn | undefined) ?? result?.login
  return signIn && { signIn, isRepeated: result?.consent !== undefined }
}
