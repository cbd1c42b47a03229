import Router from '@koa/router'
import type { Middleware } from 'koa'
import type { BrowserSessions } from '#http/browser-session.ts'
import { readForm } from '#http/form.ts'
import type { AuthorizationServerParts } from '../parts.ts'
import { type SignInPlace, signInStep } from './sign-in.ts'
import { answerSignInPage } from './step-routes.ts'

const action = '/account/sign-in'

/** Signing in to the account page: the same two pages as in an authorization request, without one. */
export function accountSignIn(parts: AuthorizationServerParts, sessions: BrowserSessions): Middleware {
  const router = new Router()
  const signIn = signInStep(parts)
  const place: SignInPlace = {
    action,
    csrf: parts.secrets.mac('form', action),
    integration: undefined,
    region: 'default',
    email: '',
  }

  router.get(action, (ctx) => {
    ctx.type = 'html'
    ctx.body = signIn.show(place)
  })

  router.post(action, async (ctx) => {
    const from = { address: parts.addressOf(ctx.req), requestId: ctx.response.get('X-Request-Id') }
    const outcome = await signIn.submit(place, await readForm(ctx.req), from)
    if (outcome.kind === 'signed-in') {
      await sessions.signIn(ctx, outcome.user.id)
      ctx.status = 303
      ctx.redirect('/account')
      return
    }
    answerSignInPage(ctx, outcome)
  })

  return router.routes() as unknown as Middleware
}
