import Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import type { Choice } from '#domain/authorization.ts'
import { readForm } from '#http/form.ts'
import { answerRefusal } from '../edge.ts'
import { continuePage } from '../pages.ts'
import { confirmStep } from './confirm.ts'
import { type Interaction, type InteractionStepParts, interactionSteps } from './interaction-steps.ts'
import { type SignInOutcome, signInStep } from './sign-in.ts'

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
 * Routes of the steps, under `/interaction/:uid`; the engine's cookies are bound to that path, so tabs do not disturb each other.
 */
export function stepRoutes({ provider, parts, units }: Omit<InteractionStepParts, 'confirm'>): Middleware {
  const router = new Router({ sensitive: true, strict: true })
  const signIn = signInStep(parts)
  const confirm = confirmStep(parts)
  const steps = interactionSteps({ provider, parts, units, confirm })
  const find = (ctx: Context & { params: Record<string, string> }): Promise<Interaction> =>
    steps.find(ctx, ctx.params['uid'] ?? '')

  router.get('/interaction/:uid', async (ctx) => {
    const interaction = await find(ctx)
    ctx.type = 'html'
    ctx.body =
      interaction.prompt.name === 'login'
        ? signIn.show(await steps.placeOf(interaction))
        : confirm.show(await steps.askedOf(interaction))
  })

  router.post('/interaction/:uid/sign-in', async (ctx) => {
    const interaction = await find(ctx)
    const from = { address: parts.addressOf(ctx.req), requestId: ctx.response.get('X-Request-Id') }
    const outcome = await signIn.submit(await steps.placeOf(interaction), await readForm(ctx.req), from)
    if (outcome.kind === 'page') return answerSignInPage(ctx, outcome)
    await steps.keepSignIn(ctx, interaction, { user: outcome.user, amr: ['pwd'] })
    seeOther(ctx, interaction.returnTo)
  })

  async function decide(ctx: Context, interaction: Interaction, choice: Choice): Promise<void> {
    if (choice === 'logout') {
      const actor = String(interaction.session?.accountId)
      const clientId = String(interaction.params['client_id'])
      units.current().also(parts.audit.entry({ event: 'grant-refused', actor, userId: actor, clientId }))
      await steps.leaveSession(ctx, interaction)
      await steps.keep(interaction, { error: 'access_denied', error_description: 'End-User logged out' })
      return
    }
    const grantId = await steps.createGrant(interaction, await steps.askedOf(interaction))
    await steps.keep(interaction, { ...interaction.lastSubmission, consent: { grantId } })
  }

  router.post('/interaction/:uid/confirm', async (ctx) => {
    const interaction = await find(ctx)
    const form = await readForm(ctx.req)
    const choice = form.get('choice')
    const isOwn = parts.secrets.hasMac(
      'form',
      `/interaction/${interaction.uid}/confirm`,
      form.get('csrf') ?? '',
    )
    if (interaction.prompt.name !== 'consent' || !isOwn || (choice !== 'confirm' && choice !== 'logout'))
      return answerRefusal(parts, ctx, {
        status: 400,
        error: 'invalid_request',
        description: 'The form is not ours.',
      })
    if (choice === 'confirm' && !interaction.result && (await steps.needsSignInAgain(interaction))) {
      // Nothing was said that the policy could take for a sign-in or a confirmation: it asks for both.
      await steps.keep(interaction, {})
      return seeOther(ctx, interaction.returnTo)
    }
    // A second press of the button finds the decision made.
    if (!interaction.result) await decide(ctx, interaction, choice)
    seeOther(ctx, `/interaction/${interaction.uid}/continue`)
  })

  router.get('/interaction/:uid/continue', async (ctx) => {
    const interaction = await find(ctx)
    const { name } = await steps.integrationOf(interaction)
    ctx.type = 'html'
    ctx.body = continuePage(parts.views, { destination: new URL(interaction.returnTo), integration: name })
  })

  return router.routes() as unknown as Middleware
}
