import type { Context } from 'koa'
import { chosenAccountGroups } from '../chosen-account-groups.ts'
import type { AuthorizationServerParts } from '../parts.ts'
import type { UnitsOfWork } from '../unit-of-work.ts'
import type { ConfirmStep } from './confirm.ts'
import type { Interaction, InteractionSteps } from './interaction-steps.ts'

/** The buttons of the confirm page; the key Enter in a box presses the last one, which nobody sees and which decides nothing. */
export const presses = ['confirm', 'logout', 'check-all', 'check-none', 'look-again'] as const
export type Press = (typeof presses)[number]

export interface SentConfirmForm {
  readonly press: Press
  readonly fields: ReadonlyMap<string, string>
}

/** The page to show again, when nothing was decided. */
export interface ShownAgain {
  readonly status: number
  readonly html: string
}

interface DecidingParts {
  readonly parts: AuthorizationServerParts
  readonly units: UnitsOfWork
  readonly steps: InteractionSteps
  readonly confirm: ConfirmStep
}

/** @returns what turns the form of the confirm page into a grant, a refusal, or the page again with what is to be mended */
export function deciding({
  parts,
  units,
  steps,
  confirm,
}: DecidingParts): (
  ctx: Context,
  interaction: Interaction,
  sent: SentConfirmForm,
) => Promise<ShownAgain | undefined> {
  async function logout(ctx: Context, interaction: Interaction): Promise<void> {
    const actor = String(interaction.session?.accountId)
    const clientId = String(interaction.params['client_id'])
    const address = parts.addressOf(ctx.req)
    units
      .current()
      .also(parts.audit.entry({ event: 'grant-refused', actor, userId: actor, clientId, address }))
    await steps.leaveSession(ctx, interaction)
    await steps.keep(interaction, { error: 'access_denied', error_description: 'End-User logged out' })
  }

  return async (ctx, interaction, { press, fields }) => {
    if (press === 'logout') {
      await logout(ctx, interaction)
      return undefined
    }
    const asked = await steps.askedOf(ctx, interaction)
    const choice = chosenAccountGroups(asked.accountGroups, fields)
    if (press !== 'confirm') {
      const chosen = { 'check-all': asked.accountGroups, 'check-none': [], 'look-again': choice.chosen }[
        press
      ]
      return { status: 200, html: confirm.show(asked, { chosen, problem: undefined }) }
    }
    if (choice.problem) return { status: 400, html: confirm.show(asked, choice) }
    const grantId = await steps.createGrant(interaction, { ...asked, accountGroups: choice.chosen })
    await steps.keep(interaction, { ...interaction.lastSubmission, consent: { grantId } })
    return undefined
  }
}
