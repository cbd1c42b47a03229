import Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import type { User } from '#domain/user.ts'
import type { BrowserSessions } from '#http/browser-session.ts'
import { readForm } from '#http/form.ts'
import type { AuthorizationServerParts } from '../parts.ts'
import { type SignInPlace, signInStep } from './sign-in.ts'
import type { SsoSteps } from './sso.ts'
import { answerSignInPage } from './step-routes.ts'

const action = '/account/sign-in'

/**
 * Ties the form to the browser that loaded it, so that nobody is signed in unawares by a form that somebody else fetched
 * (login CSRF; security-cases E09). An authorization request has its interaction for this.
 */
function formBinding({ origin, randomBytes, cookieSuffix }: AuthorizationServerParts): {
  /** What this browser's form is bound to; a new one when it has none. */
  of(ctx: Context): string
  end(ctx: Context): void
} {
  const name = `${origin.protocol === 'https:' ? '__Secure-' : ''}panoptes_sign_in${cookieSuffix}`
  const options = { httpOnly: true, sameSite: 'lax', signed: true, path: action } as const
  return {
    of(ctx) {
      const known = ctx.cookies.get(name, options)
      if (known) return known
      const fresh = randomBytes(16).toString('base64url')
      ctx.cookies.set(name, fresh, options)
      return fresh
    },
    end: (ctx) => void ctx.cookies.set(name, null, options),
  }
}

/** Signing in to the account page: the same two pages as in an authorization request, without one. */
export function accountSignIn(
  parts: AuthorizationServerParts,
  sessions: BrowserSessions,
  sso: SsoSteps,
): Middleware {
  const router = new Router({ sensitive: true, strict: true })
  const signIn = signInStep(parts)
  const binding = formBinding(parts)
  const placeOf = (ctx: Context): SignInPlace => ({
    action,
    boundTo: `${action}:${binding.of(ctx)}`,
    integration: undefined,
    region: 'default',
    email: '',
  })

  async function enter(ctx: Context, user: User, amr: readonly string[]): Promise<void> {
    binding.end(ctx)
    await sessions.signIn(ctx, user, amr)
    ctx.status = 303
    ctx.redirect('/account')
  }

  router.get(action, (ctx) => {
    ctx.type = 'html'
    ctx.body = signIn.show(placeOf(ctx))
  })

  router.post(action, async (ctx) => {
    const from = { address: parts.addressOf(ctx.req), requestId: ctx.response.get('X-Request-Id') }
    const outcome = await signIn.submit(placeOf(ctx), await readForm(ctx.req), from)
    if (outcome.kind === 'page') return answerSignInPage(ctx, outcome)
    if (outcome.kind === 'elsewhere')
      return sso.leave(ctx, outcome, { back: `${action}/sso`, isFresh: false })
    sso.forget(ctx)
    await enter(ctx, outcome.user, ['pwd'])
  })

  router.get(`${action}/sso`, async (ctx) => {
    const arrived = await sso.arrive(ctx, placeOf(ctx))
    if (arrived) await enter(ctx, arrived.user, arrived.methods)
  })

  return router.routes() as unknown as Middleware
}
