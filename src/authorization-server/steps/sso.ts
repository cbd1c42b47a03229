import Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import { tooManyAttemptsPage } from '#http/error-page.ts'
import type { LimitRule } from '#limits/limits.ts'
import type { SsoProblem, SsoRefused, SsoRule, SsoSignIn } from '#sso/sso.ts'
import { countAttempt } from '../attempts.ts'
import type { AuthorizationServerParts } from '../parts.ts'
import { ssoCookie } from '../sso-cookie.ts'
import { type SsoRetry, ssoLeavePage, ssoProblemPage } from '../sso-pages.ts'
import type { SignInPlace } from './sign-in.ts'

/** A sign-in form whose e-mail address belongs to an identity provider. */
export interface Elsewhere {
  readonly place: SignInPlace
  readonly rule: SsoRule
}

export interface SsoSteps {
  /**
   * Sends the browser to the provider.
   * @param back the path at which the round trip ends; `${back}` without its last part is where it can begin anew
   */
  leave(
    ctx: Context,
    elsewhere: Elsewhere,
    trip: { readonly back: string; readonly isFresh: boolean },
  ): Promise<void>
  /** Takes the ticket of the request's query. @returns undefined when the answer is given already */
  arrive(ctx: Context, place: Pick<SignInPlace, 'boundTo'>): Promise<SsoSignIn | undefined>
  /** From now on this browser is signed in by no provider. */
  forget(ctx: Context): void
  /** `GET /sso/callback`: where providers send the browser back. */
  readonly routes: Middleware
}

/** Ours. It holds with `--limits off` too: each leaves a record. A sign-in that succeeds gives its attempt back. */
const perAddress: LimitRule = { limit: 100, windowSeconds: 900 }
const unreachableSeconds = 5

const statusOf: Partial<Readonly<Record<SsoProblem, number>>> = { unreachable: 503, 'not-under-way': 400 }

const startOf = (back: string): string => back.slice(0, back.lastIndexOf('/'))

/** Sign-in by an identity provider, between our sign-in page and the session (DECISIONS 32). */
export function ssoSteps(parts: AuthorizationServerParts): SsoSteps {
  const { sso, views, secrets, guards, addressOf } = parts
  const cookie = ssoCookie(parts)
  const countOf = (ctx: Context): string => `sso-from:${addressOf(ctx.req)}`

  function answer(ctx: Context, { problem, provider }: SsoRefused, retry: SsoRetry | undefined): void {
    ctx.status = statusOf[problem] ?? 403
    if (ctx.status === 503) ctx.set('Retry-After', String(unreachableSeconds))
    ctx.type = 'html'
    const requestId = ctx.response.get('X-Request-Id')
    ctx.body = ssoProblemPage(views, { problem, provider, retry, requestId })
  }

  const answerAtEnd = (ctx: Context, refused: SsoRefused): void =>
    answer(
      ctx,
      refused,
      refused.back === undefined ? undefined : { kind: 'start', href: startOf(refused.back) },
    )

  const router = new Router({ sensitive: true, strict: true })
  router.get('/sso/callback', async (ctx) => {
    const parameters = new URLSearchParams(ctx.querystring)
    const browser = cookie.known(ctx) ?? ''
    const outcome = await sso.finish({ parameters, browser, address: addressOf(ctx.req) })
    if (outcome.kind === 'refused') return answerAtEnd(ctx, outcome)
    ctx.status = 303
    ctx.redirect(`${outcome.back}?${new URLSearchParams({ ticket: outcome.ticket })}`)
  })

  return {
    async leave(ctx, { place, rule }, { back, isFresh }) {
      const { action, boundTo, region, email } = place
      ctx.type = 'html'
      const retryAfterSeconds = await countAttempt(guards, [[countOf(ctx), perAddress]])
      if (retryAfterSeconds > 0) {
        ctx.status = 429
        ctx.set('Retry-After', String(retryAfterSeconds))
        ctx.body = tooManyAttemptsPage(views, {
          retryAfterSeconds,
          requestId: ctx.response.get('X-Request-Id'),
        })
        return
      }
      const begun = await sso.begin(rule, { email, browser: cookie.of(ctx), boundTo, back, isFresh })
      if (begun instanceof URL) ctx.body = ssoLeavePage(views, { destination: begun, provider: rule.name })
      else
        answer(ctx, begun, {
          ...{ kind: 'again', action, region, email, csrf: secrets.mac('form', boundTo) },
          offersPassword: rule.mode === 'optional',
        })
    },

    async arrive(ctx, { boundTo }) {
      const { ticket } = ctx.query
      const at = { browser: cookie.known(ctx) ?? '', boundTo, address: addressOf(ctx.req) }
      const outcome = await sso.collect(typeof ticket === 'string' ? ticket : '', at)
      if (outcome.kind === 'signed-in') {
        await guards.release(countOf(ctx))
        return outcome
      }
      answerAtEnd(ctx, outcome)
      return undefined
    },

    forget: cookie.end,

    routes: router.routes() as unknown as Middleware,
  }
}
