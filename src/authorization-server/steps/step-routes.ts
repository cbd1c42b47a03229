import Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import { readForm } from '#http/form.ts'
import { answerRefusal } from '../edge.ts'
import { continuePage } from '../pages.ts'
import { confirmStep } from './confirm.ts'
import { deciding, presses } from './deciding.ts'
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
  const decide = deciding({ parts, units, steps, confirm })
  const find = (ctx: Context & { params: Record<string, string> }): Promise<Interaction> =>
    steps.find(ctx, ctx.params['uid'] ?? '')

  router.get('/interaction/:uid', async (ctx) => {
    const interaction = await find(ctx)
    ctx.type = 'html'
    ctx.body =
      interaction.prompt.name === 'login'
        ? signIn.show(await steps.placeOf(interaction))
        : confirm.show(await steps.askedOf(ctx, interaction))
  })

  router.post('/interaction/:uid/sign-in', async (ctx) => {
    const interaction = await find(ctx)
    const from = { address: parts.addressOf(ctx.req), requestId: ctx.response.get('X-Request-Id') }
    const outcome = await signIn.submit(await steps.placeOf(interaction), await readForm(ctx.req), from)
    if (outcome.kind === 'page') return answerSignInPage(ctx, outcome)
    await steps.keepSignIn(ctx, interaction, { user: outcome.user, amr: ['pwd'] })
    seeOther(ctx, interaction.returnTo)
  })

  router.post('/interaction/:uid/confirm', async (ctx) => {
    const interaction = await find(ctx)
    const form = await readForm(ctx.req)
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
