import type Router from '@koa/router'
import type { Context } from 'koa'
import { readForm } from '#http/form.ts'
import { linkChoices } from '#http/link-forms.ts'
import { answerRefusal } from '../edge.ts'
import type { AuthorizationServerParts } from '../parts.ts'
import { linkAccountPrompt } from '../policy.ts'
import type { Interaction, InteractionSteps } from './interaction-steps.ts'
import { type LinkAccountStep, type LinkOutcome, type LinkPlace, linkAccountStep } from './link-account.ts'

type LinkOutcomePage = Extract<LinkOutcome, { kind: 'page' }>

interface LinkAccountRoutesParts {
  readonly parts: AuthorizationServerParts
  readonly steps: InteractionSteps
  readonly find: (ctx: Context & { params: Record<string, string> }) => Promise<Interaction>
}

/**
 * The routes of the link-account step, where accounts are linked at all.
 * @returns what shows the step of an interaction
 */
export function linkAccountRoutes(
  router: Router,
  { parts, steps, find }: LinkAccountRoutesParts,
): (ctx: Context, interaction: Interaction) => Promise<string> {
  const { links, views, secrets } = parts
  if (!links) return () => Promise.reject(new Error('nothing is linked in this composition'))
  const step: LinkAccountStep = linkAccountStep({ links, views })

  async function placeOf(ctx: Context, interaction: Interaction): Promise<LinkPlace> {
    const action = `/interaction/${interaction.uid}/link-account`
    const [user, integration] = await Promise.all([
      steps.userOf(interaction),
      steps.integrationOf(interaction),
    ])
    const csrf = secrets.mac('form', action)
    return { action, csrf, user, integration: integration.name, address: parts.addressOf(ctx.req) }
  }

  /** RFC 6749 §4.1.2.1: whoever links no account has denied the request. */
  async function goOn(ctx: Context, interaction: Interaction, isLinked: boolean): Promise<void> {
    const denied = { error: 'access_denied', error_description: 'End-User linked no account' }
    await steps.keep(interaction, isLinked ? { ...interaction.lastSubmission } : denied)
    ctx.status = 303
    ctx.redirect(isLinked ? interaction.returnTo : `/interaction/${interaction.uid}/continue`)
  }

  function answerPage(ctx: Context, { status, html, retryAfterSeconds }: LinkOutcomePage): void {
    ctx.status = status
    if (retryAfterSeconds !== undefined) ctx.set('Retry-After', String(retryAfterSeconds))
    ctx.type = 'html'
    ctx.body = html
  }

  router.post('/interaction/:uid/link-account', async (ctx) => {
    const form = await readForm(ctx.req)
    const interaction = await find(ctx)
    const choice = linkChoices.find((name) => name === form.get('choice'))
    const isOwn = secrets.hasMac('form', ctx.path, form.get('csrf') ?? '')
    if (interaction.prompt.name !== linkAccountPrompt || !isOwn || !choice)
      return answerRefusal(parts, ctx, {
        status: 400,
        error: 'invalid_request',
        description: 'The form is not ours.',
      })
    const outcome = await step.submit(await placeOf(ctx, interaction), choice, form)
    if (outcome.kind === 'page') return answerPage(ctx, outcome)
    return goOn(ctx, interaction, outcome.kind === 'linked')
  })

  return async (ctx, interaction) => step.show(await placeOf(ctx, interaction))
}
