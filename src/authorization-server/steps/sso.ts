import Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import { answerTooManyAttempts } from '#http/error-page.ts'
import { readForm } from '#http/form.ts'
import type { LimitRule } from '#limits/limits.ts'
import type { ProviderAnswer, SsoProblem, SsoRefused, SsoRule, SsoSignIn } from '#sso/sso.ts'
import { countAttempt } from '../attempts.ts'
import { acsPath } from '../edge.ts'
import type { AuthorizationServerParts } from '../parts.ts'
import { samlMetadata } from '../saml-metadata.ts'
import { type SsoCookie, ssoCookie } from '../sso-cookie.ts'
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
  /** Where providers send the browser back, and what a SAML provider has to know of us. */
  readonly routes: Middleware
}

/** Ours. It holds with `--limits off` too: each leaves a record. A sign-in that succeeds gives its attempt back. */
const perAddress: LimitRule = { limit: 100, windowSeconds: 900 }
const unreachableSeconds = 5

const statusOf: Partial<Readonly<Record<SsoProblem, number>>> = { unreachable: 503, 'not-under-way': 400 }

const requestIdOf = (ctx: Context): string => ctx.response.get('X-Request-Id')

const startOf = (back: string): string => back.slice(0, back.lastIndexOf('/'))

/** Where providers send the browser back. */
function returnRoutes(
  { sso, addressOf, origin }: AuthorizationServerParts,
  cookie: SsoCookie,
  answerAtEnd: (ctx: Context, refused: SsoRefused) => void,
): Middleware {
  async function goOn(ctx: Context, answered: Omit<ProviderAnswer, 'address' | 'requestId'>): Promise<void> {
    const outcome = await sso.finish({
      ...answered,
      address: addressOf(ctx.req),
      requestId: requestIdOf(ctx),
    })
    if (outcome.kind === 'refused') return answerAtEnd(ctx, outcome)
    ctx.status = 303
    ctx.redirect(`${outcome.back}?${new URLSearchParams({ ticket: outcome.ticket })}`)
  }

  const router = new Router({ sensitive: true, strict: true })
  router.get('/sso/callback', (ctx) => {
    const parameters = new URLSearchParams(ctx.querystring)
    const state = parameters.get('state') ?? ''
    return goOn(ctx, { kind: 'openid', state, parameters, browser: cookie.known(ctx) ?? '' })
  })
  // SAML 2.0 Bindings §3.5: a form of the provider's, with which browsers send no cookie of ours.
  router.post(acsPath, async (ctx) => {
    const parameters = new URLSearchParams([...(await readForm(ctx.req))])
    return goOn(ctx, {
      kind: 'saml',
      state: parameters.get('RelayState') ?? '',
      parameters,
      browser: undefined,
    })
  })
  router.get('/sso/metadata', (ctx) => {
    ctx.type = 'application/samlmetadata+xml'
    ctx.body = samlMetadata(new URL(ctx.path, origin).href, new URL(acsPath, origin).href)
  })
  return router.routes() as unknown as Middleware
}

/** Sign-in by an identity provider, between our sign-in page and the session. */
export function ssoSteps(parts: AuthorizationServerParts): SsoSteps {
  const { sso, views, secrets, guards, addressOf, metrics } = parts
  const cookie = ssoCookie(parts)
  const countOf = (ctx: Context): string => `sso-from:${addressOf(ctx.req)}`

  function answer(ctx: Context, { problem, provider }: SsoRefused, retry: SsoRetry | undefined): void {
    metrics.signIn('sso', 'refused')
    ctx.status = statusOf[problem] ?? 403
    if (ctx.status === 503) ctx.set('Retry-After', String(unreachableSeconds))
    ctx.type = 'html'
    const requestId = requestIdOf(ctx)
    ctx.body = ssoProblemPage(views, { problem, provider, retry, requestId })
  }

  const answerAtEnd = (ctx: Context, refused: SsoRefused): void =>
    answer(
      ctx,
      refused,
      refused.back === undefined ? undefined : { kind: 'start', href: startOf(refused.back) },
    )

  return {
    async leave(ctx, { place, rule }, { back, isFresh }) {
      const { action, boundTo, region, email } = place
      ctx.type = 'html'
      const retryAfterSeconds = await countAttempt(guards, [[countOf(ctx), perAddress]])
      if (retryAfterSeconds > 0) {
        metrics.signIn('sso', 'limited')
        answerTooManyAttempts(ctx, views, retryAfterSeconds)
        return
      }
      const begun = await sso.begin(
        rule,
        { email, browser: cookie.of(ctx), boundTo, back, isFresh },
        requestIdOf(ctx),
      )
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
        metrics.signIn('sso', 'accepted')
        await guards.release(countOf(ctx))
        return outcome
      }
      answerAtEnd(ctx, outcome)
      return undefined
    },

    forget: cookie.end,

    routes: returnRoutes(parts, cookie, answerAtEnd),
  }
}
