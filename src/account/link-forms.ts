import type { Context } from 'koa'
import type { AccountLinks, CheckedToken, LinkAsking, LinkRefusal } from '#broker/account-links.ts'
import type { AccountGroupId } from '#domain/account-group.ts'
import type { LinkProblem } from '#domain/link-problem.ts'
import { isRefusal } from '#domain/refusal.ts'
import { checkedGroups, firstChosen, linkChoices, linkStatus } from '#http/link-forms.ts'
import type { AccountParts, Frame, SentForm, SignedIn } from './section.ts'
import { linkPage } from './thousand-eyes-page.ts'

export interface LinkFormsPlace {
  readonly tab: string
  readonly action: string
}

/** A page to answer with, or that the account is linked, or that the person would rather not. */
export type LinkAnswer =
  | { readonly html: string; readonly problem?: LinkProblem; readonly retryAfterSeconds?: number | undefined }
  | 'linked'
  | 'cancelled'

/** The two forms that link an account, within the frame of the account page. */
export function linkForms(
  { views, addressOf }: Pick<AccountParts, 'views' | 'addressOf'>,
  frame: Frame,
  { links, place }: { readonly links: AccountLinks; readonly place: LinkFormsPlace },
) {
  const askingOf = (ctx: Context, { user, session }: SignedIn): LinkAsking => ({
    user,
    boundTo: `account ${session.uid}`,
    address: addressOf(ctx.req),
  })

  function tokenPage(who: SignedIn, refused?: Pick<LinkRefusal, 'code' | 'retryAfterSeconds'>): LinkAnswer {
    const around = frame.around(who, place.tab)
    const { code: problem, retryAfterSeconds } = refused ?? {}
    const token = {
      ...{ action: place.action, csrf: around.csrf, email: who.user.email },
      ...{ problem, retryAfterSeconds },
    }
    const html = linkPage(views, { frame: around, form: { kind: 'token', token } })
    return problem === undefined ? { html } : { html, problem, retryAfterSeconds }
  }

  async function groupsPage(
    who: SignedIn,
    { fingerprint, reach }: CheckedToken,
    { chosen, problem }: { readonly chosen?: readonly AccountGroupId[]; readonly problem?: LinkProblem } = {},
  ): Promise<LinkAnswer> {
    const around = frame.around(who, place.tab)
    const before = chosen ?? firstChosen(reach, (await links.of(who.user.id))?.chosen)
    const groups = { action: place.action, csrf: around.csrf, fingerprint, reach, chosen: before, problem }
    const html = linkPage(views, { frame: around, form: { kind: 'groups', groups } })
    return problem === undefined ? { html } : { html, problem }
  }

  async function choose(
    asking: LinkAsking,
    sent: SentForm,
    choice: 'link' | 'check-all' | 'check-none' | 'look-again',
  ): Promise<LinkAnswer> {
    const checked = await links.checked(asking)
    if (!checked) return tokenPage(sent, { code: 'choice-expired' })
    const boxes = checkedGroups(checked.reach, sent.form)
    const all = checked.reach.map(({ aid }) => aid)
    const chosen = { 'check-all': all, 'check-none': [], 'look-again': boxes, link: boxes }[choice]
    if (choice !== 'link') return groupsPage(sent, checked, { chosen })
    if (chosen.length === 0) return groupsPage(sent, checked, { chosen, problem: 'none-chosen' })
    const linked = await links.link(asking, chosen)
    return isRefusal(linked) ? tokenPage(sent, linked) : 'linked'
  }

  return {
    async show(ctx: Context, who: SignedIn): Promise<LinkAnswer> {
      const checked = await links.checked(askingOf(ctx, who))
      return checked ? groupsPage(who, checked) : tokenPage(who)
    },

    async submit(ctx: Context, sent: SentForm): Promise<LinkAnswer> {
      const asking = askingOf(ctx, sent)
      const choice = linkChoices.find((name) => name === sent.form.get('choice')) ?? 'look-again'
      if (choice === 'cancel') return 'cancelled'
      if (choice === 'another') return tokenPage(sent)
      if (choice !== 'check') return choose(asking, sent, choice)
      const checked = await links.check(asking, sent.form.get('user-api-token') ?? '')
      return isRefusal(checked) ? tokenPage(sent, checked) : groupsPage(sent, checked)
    },

    answer(ctx: Context, { html, problem, retryAfterSeconds }: Exclude<LinkAnswer, string>): void {
      ctx.status = linkStatus(problem)
      if (retryAfterSeconds !== undefined) ctx.set('Retry-After', String(retryAfterSeconds))
      ctx.type = 'html'
      ctx.body = html
    },
  }
}
