import type { AccountLinks, LinkedAccounts } from '#broker/account-links.ts'
import { linkForms } from './link-forms.ts'
import { type Section, seeOther } from './section.ts'
import { disconnectPage, thousandEyesPage } from './thousand-eyes-page.ts'

const tab = { href: '/account/thousandeyes', name: 'ThousandEyes account' }
const linkPath = '/account/thousandeyes/link'
const renewalPath = '/account/thousandeyes/renewal'
const disconnectPath = '/account/thousandeyes/disconnect'

export interface ThousandEyesParts {
  readonly links: AccountLinks
  readonly accounts: LinkedAccounts
}

/** ThousandEyes account: the token that stands behind the user's connections, never its value; to replace, renew and disconnect. */
export const thousandEyesSection = ({ links, accounts }: ThousandEyesParts): Section => ({
  tab,
  open(router, frame, parts) {
    const { views, clock, addressOf } = parts
    const forms = linkForms(parts, frame, { links, place: { tab: tab.href, action: linkPath } })

    router.get(
      tab.href,
      frame.page(async (_, who) =>
        thousandEyesPage(views, {
          frame: frame.around(who, tab.href),
          linkHref: linkPath,
          disconnectHref: disconnectPath,
          renewalAction: renewalPath,
          account: await links.of(who.user.id),
          now: clock.now(),
        }),
      ),
    )

    router.get(
      linkPath,
      frame.page(async (ctx, who) => {
        const shown = await forms.show(ctx, who)
        return typeof shown === 'string' ? '' : shown.html
      }),
    )

    router.post(
      linkPath,
      frame.form(async (ctx, sent) => {
        const outcome = await forms.submit(ctx, sent)
        if (typeof outcome === 'string') seeOther(ctx, tab.href)
        else forms.answer(ctx, outcome)
      }),
    )

    router.post(
      renewalPath,
      frame.form(async (ctx, { user, form }) => {
        const asking = { user, address: addressOf(ctx.req) }
        const wanted = form.get('renewal')
        if (wanted === 'on' || wanted === 'off') await accounts.setRenewal(asking, wanted === 'on')
        seeOther(ctx, tab.href)
      }),
    )

    router.get(
      disconnectPath,
      frame.page(async (_, who) =>
        disconnectPage(views, {
          frame: frame.around(who, tab.href),
          disconnectAction: disconnectPath,
          cancelHref: tab.href,
          isLinked: (await links.of(who.user.id)) !== undefined,
        }),
      ),
    )

    router.post(
      disconnectPath,
      frame.form(async (ctx, { user }) => {
        await accounts.disconnect({ user, address: addressOf(ctx.req) })
        seeOther(ctx, tab.href)
      }),
    )
  },
})
