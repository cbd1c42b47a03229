import type { AccountLinks, CheckedToken, LinkAsking, LinkRefusal } from '#broker/account-links.ts'
import type { AccountGroupId } from '#domain/account-group.ts'
import type { LinkProblem } from '#domain/link-problem.ts'
import { isRefusal } from '#domain/refusal.ts'
import type { User } from '#domain/user.ts'
import { checkedGroups, firstChosen, type LinkChoice, linkStatus } from '#http/link-forms.ts'
import type { Views } from '#http/page.ts'
import { type LinkAccountPage, linkAccountPage } from '../link-account-page.ts'

/** Who is asked to link, and for what. */
export interface LinkPlace {
  readonly action: string
  readonly csrf: string
  readonly user: User
  readonly integration: string
  readonly address: string
}

export type LinkOutcome =
  | {
      readonly kind: 'page'
      readonly status: number
      readonly html: string
      readonly retryAfterSeconds?: number
    }
  | { readonly kind: 'linked' }
  | { readonly kind: 'cancelled' }

export interface LinkAccountStep {
  show(place: LinkPlace): Promise<string>
  submit(place: LinkPlace, choice: LinkChoice, form: ReadonlyMap<string, string>): Promise<LinkOutcome>
}

type Shown = Omit<LinkAccountPage, 'form'>
type Mended = { readonly problem?: LinkProblem; readonly retryAfterSeconds?: number | undefined }

/** The link-account step, once for each user, and again when the link does not hold any more. */
export function linkAccountStep({
  links,
  views,
}: {
  readonly links: AccountLinks
  readonly views: Views
}): LinkAccountStep {
  const askingOf = ({ user, action, address }: LinkPlace): LinkAsking => ({ user, boundTo: action, address })

  async function around({ user, integration }: LinkPlace): Promise<Shown> {
    const standing = (await links.of(user.id))?.standing
    const { email, region } = user
    return { integration, email, region, standing: standing === 'good' ? undefined : standing }
  }

  async function tokenPage(place: LinkPlace, { problem, retryAfterSeconds }: Mended = {}): Promise<string> {
    const { action, csrf, user } = place
    const shown = await around(place)
    const token = { action, csrf, email: user.email, problem, retryAfterSeconds }
    return linkAccountPage(views, { ...shown, form: { kind: 'token', token } })
  }

  async function groupsPage(
    place: LinkPlace,
    { fingerprint, reach }: CheckedToken,
    { chosen, problem }: { readonly chosen?: readonly AccountGroupId[]; readonly problem?: LinkProblem } = {},
  ): Promise<string> {
    const { action, csrf, user } = place
    const before = chosen ?? firstChosen(reach, (await links.of(user.id))?.chosen)
    const groups = { action, csrf, fingerprint, reach, chosen: before, problem }
    return linkAccountPage(views, { ...(await around(place)), form: { kind: 'groups', groups } })
  }

  const page = (html: string, problem?: LinkProblem, retryAfterSeconds?: number): LinkOutcome => ({
    ...{ kind: 'page', status: linkStatus(problem), html },
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  })

  async function refused(place: LinkPlace, { code, retryAfterSeconds }: LinkRefusal): Promise<LinkOutcome> {
    return page(await tokenPage(place, { problem: code, retryAfterSeconds }), code, retryAfterSeconds)
  }

  async function check(place: LinkPlace, form: ReadonlyMap<string, string>): Promise<LinkOutcome> {
    const checked = await links.check(askingOf(place), form.get('user-api-token') ?? '')
    return isRefusal(checked) ? refused(place, checked) : page(await groupsPage(place, checked))
  }

  async function choose(
    place: LinkPlace,
    choice: 'link' | 'check-all' | 'check-none' | 'look-again',
    form: ReadonlyMap<string, string>,
  ): Promise<LinkOutcome> {
    const checked = await links.checked(askingOf(place))
    if (!checked) return page(await tokenPage(place, { problem: 'choice-expired' }), 'choice-expired')
    const boxes = checkedGroups(checked.reach, form)
    const all = checked.reach.map(({ aid }) => aid)
    const chosen = { 'check-all': all, 'check-none': [], 'look-again': boxes, link: boxes }[choice]
    if (choice !== 'link') return page(await groupsPage(place, checked, { chosen }))
    if (chosen.length === 0)
      return page(await groupsPage(place, checked, { chosen, problem: 'none-chosen' }), 'none-chosen')
    const linked = await links.link(askingOf(place), chosen)
    return isRefusal(linked) ? refused(place, linked) : { kind: 'linked' }
  }

  return {
    async show(place) {
      const checked = await links.checked(askingOf(place))
      return checked ? groupsPage(place, checked) : tokenPage(place)
    },
    async submit(place, choice, form) {
      switch (choice) {
        case 'cancel':
          return { kind: 'cancelled' }
        case 'another':
          return page(await tokenPage(place))
        case 'check':
          return check(place, form)
        default:
          return choose(place, choice, form)
      }
    },
  }
}
