import Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import { readForm } from '#http/form.ts'
import { answerRefusal } from '../edge.ts'
import { continuePage } from '../pages.ts'
import type { AuthorizationServerParts } from '../parts.ts'
import { linkAccountPrompt } from '../policy.ts'
import { confirmStep } from './confirm.ts'
import { deciding, presses } from './deciding.ts'
import {
  type Interaction,
  type InteractionStepParts,
  type InteractionSteps,
  interactionSteps,
} from './interaction-steps.ts'
import { linkAccountRoutes } from './link-account-routes.ts'
import { type SignInOutcome, type SignInStep, signInStep } from './sign-in.ts'
import type { SsoSteps } from './sso.ts'

/** Answers with the page of a sign-in that is not finished. */
export function answerSignInPage(ctx: Context, outcome: Extract<SignInOutcome, { kind: 'page' }>): void {
  ctx.status = outcome.status
  if (outcome.retryAfterSeconds !== undefined) ctx.set('Retry-After', String(outcome.retryAfterSeconds))
  ctx.type = 'html'
  ctx.body = outcome.html
}

function seeOther(ctx: Context, location: string): void {
  // RFC 9700 §4.12: 303 after a form with credentials, never 307.
  ctx.status = 303
  ctx.redirect(location)
}

/**
 * Whether the person is to be asked, whoever a provider remembers: there is a session and it does not do (OpenID Connect Core
 * §3.1.2.1: prompt, max_age), or a device is to be confirmed, which somebody must be there for (DECISIONS 56).
 */
const asksForFreshSignIn = ({ prompt, deviceCode }: Interaction): boolean =>
  prompt.name === 'login' &&
  (deviceCode !== undefined || prompt.reasons.some((reason) => reason !== 'no_session'))

type Find = (ctx: Context & { params: Record<string, string> }) => Promise<Interaction>

interface SignInRoutesParts {
  readonly parts: AuthorizationServerParts
  readonly steps: InteractionSteps
  readonly signIn: SignInStep
  readonly find: Find
  readonly sso: SsoSteps
}

/** The ways in: by our own pages, or back from a provider. */
function signInRoutes(router: Router, { parts, steps, signIn, find, sso }: SignInRoutesParts): void {
  router.post('/interaction/:uid/sign-in', async (ctx) => {
    const interaction = await find(ctx)
    const from = { address: parts.addressOf(ctx.req), requestId: ctx.response.get('X-Request-Id') }
    const outcome = await signIn.submit(await steps.placeOf(interaction), await readForm(ctx.req), from)
    if (outcome.kind === 'page') return answerSignInPage(ctx, outcome)
    if (outcome.kind === 'elsewhere') {
      const back = `/interaction/${interaction.uid}/sso`
      return sso.leave(ctx, outcome, { back, isFresh: asksForFreshSignIn(interaction) })
    }
    sso.forget(ctx)
    await steps.keepSignIn(ctx, interaction, { user: outcome.user, amr: ['pwd'] })
    seeOther(ctx, interaction.returnTo)
  })

  router.get('/interaction/:uid/sso', async (ctx) => {
    const interaction = await find(ctx)
    const arrived = await sso.arrive(ctx, await steps.placeOf(interaction))
    if (!arrived) return
    await steps.keepSignIn(ctx, interaction, { user: arrived.user, amr: arrived.methods })
    seeOther(ctx, interaction.returnTo)
  })
}

/**
 * Routes of the steps, under `/interaction/:uid`; the engine's cookies are bound to that path, so tabs do not disturb each other.
 */
export function stepRoutes({
  provider,
  parts,
  units,
  sso,
}: Omit<InteractionStepParts, 'confirm'> & { readonly sso: SsoSteps }): Middleware {
  const router = new Router({ sensitive: true, strict: true })
  const signIn = signInStep(parts)
  const confirm = confirmStep(parts)
  const steps = interactionSteps({ provider, parts, units, confirm })
  const decide = deciding({ parts, units, steps, confirm })
  const find: Find = (ctx) => steps.find(ctx, ctx.params['uid'] ?? '')

  const showLinkAccount = linkAccountRoutes(router, { parts, steps, find })

  async function show(ctx: Context, interaction: Interaction): Promise<string> {
    switch (interaction.prompt.name) {
      case 'login':
        return signIn.show(await steps.placeOf(interaction))
      case linkAccountPrompt:
        return showLinkAccount(ctx, interaction)
      default:
        return confirm.show(await steps.askedOf(ctx, interaction))
    }
  }

  router.get('/interaction/:uid', async (ctx) => {
    const interaction = await find(ctx)
    const html = await show(ctx, interaction)
    ctx.type = 'html'
    ctx.body = html
  })

  signInRoutes(router, { parts, steps, signIn, find, sso })

  router.post('/interaction/:uid/confirm', async (ctx) => {
    // The body first, which may be minutes on its way: the session has to be alive when something is decided in it.
    const form = await readForm(ctx.req)
    const interaction = await find(ctx)
    const press = presses.find((name) => name === form.get('choice'))
    const isOwn = parts.secrets.hasMac(
      'form',
      `/interaction/${interaction.uid}/confirm`,
      form.get('csrf') ?? '',
    )
    if (interaction.prompt.name !== 'consent' || !isOwn || !press)
      return answerRefusal(parts, ctx, {
        status: 400,
        error: 'invalid_request',
        description: 'The form is not ours.',
      })
    if (press === 'confirm' && !interaction.result && (await steps.needsSignInAgain(interaction))) {
      // Nothing was said that the policy could take for a sign-in or a confirmation: it asks for both.
      await steps.keep(interaction, {})
      return seeOther(ctx, interaction.returnTo)
    }
    // A second press of the button finds the decision made.
    const again = interaction.result ? undefined : await decide(ctx, interaction, { press, fields: form })
    if (!again) return seeOther(ctx, `/interaction/${interaction.uid}/continue`)
    ctx.status = again.status
    ctx.type = 'html'
    ctx.body = again.html
  })

  router.get('/interaction/:uid/continue', async (ctx) => {
    const interaction = await find(ctx)
    const { name } = await steps.integrationOf(interaction)
    ctx.type = 'html'
    ctx.body = continuePage(parts.views, { destination: new URL(interaction.returnTo), integration: name })
  })

  return router.routes() as unknown as Middleware
}
