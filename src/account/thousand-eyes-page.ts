/** The tab ThousandEyes account: what is linked, the forms that link, and the question before the end. */
import type { LinkedAccount } from '#broker/account-links.ts'
import { type GroupsForm, groupsForm, type TokenForm, tokenForm } from '#http/link-forms.ts'
import type { Views } from '#http/page.ts'
import { durationInWords, instantInWords } from '#http/time-in-words.ts'
import { type AccountFrame, framed } from './frame-page.ts'

/** Where the buttons lead. The forms post the frame's `csrf`; `renewal` is `on` or `off`. */
export interface ThousandEyesPage {
  readonly frame: AccountFrame
  readonly linkHref: string
  readonly disconnectHref: string
  readonly renewalAction: string
  readonly account: LinkedAccount | undefined
  /** Epoch ms. */
  readonly now: number
}

const standings: Readonly<Record<Exclude<LinkedAccount['standing'], 'good'>, string>> = {
  rejected:
    'ThousandEyes refuses this token, so nothing is called with it any more. Replace it; your connections then work again.',
  expired: 'This token has ended. Replace it; your connections then work again.',
}

function accountInWords(account: LinkedAccount, now: number): object {
  const { fingerprint, validUntil, linkedAt, owner, reach, chosen, standing, renewal } = account
  return {
    ...{ fingerprint, owner, renewal },
    linked: instantInWords(linkedAt),
    expires: validUntil === undefined ? undefined : instantInWords(validUntil),
    left:
      validUntil === undefined || validUntil <= now
        ? undefined
        : durationInWords(Math.ceil((validUntil - now) / 86_400_000) * 86_400),
    problem: standing === 'good' ? undefined : standings[standing],
    groups: chosen.map((aid) => ({ aid, name: reach.find((group) => group.aid === aid)?.name ?? aid })),
  }
}

export const thousandEyesPage = (views: Views, page: ThousandEyesPage): string =>
  views.render('account-thousand-eyes', {
    ...page,
    ...framed(page.frame),
    account: page.account && accountInWords(page.account, page.now),
  })

export interface LinkPage {
  readonly frame: AccountFrame
  readonly form:
    | { readonly kind: 'token'; readonly token: TokenForm }
    | { readonly kind: 'groups'; readonly groups: GroupsForm }
}

export const linkPage = (views: Views, { frame, form }: LinkPage): string =>
  views.render('account-link', {
    ...framed(frame),
    groups: form.kind === 'groups',
    form: form.kind === 'groups' ? groupsForm(form.groups) : tokenForm(form.token),
  })

export interface DisconnectPage {
  readonly frame: AccountFrame
  readonly disconnectAction: string
  readonly cancelHref: string
  readonly isLinked: boolean
}

export const disconnectPage = (views: Views, page: DisconnectPage): string =>
  views.render('account-disconnect', { ...page, ...framed(page.frame) })
