/** Samples of the pages that link an account at ThousandEyes. */
import {
  disconnectPage,
  linkPage,
  type ThousandEyesPage,
  thousandEyesPage,
} from '#account/thousand-eyes-page.ts'
import { linkAccountPage } from '#authorization-server/link-account-page.ts'
import type { LinkedAccount } from '#broker/account-links.ts'
import type { LinkProblem } from '#domain/link-problem.ts'
import type { GroupsForm, TokenForm } from '#http/link-forms.ts'
import type { Views } from '#http/page.ts'
import { accountFrame } from './sample-connections.ts'
import { accountGroups, type SampleText } from './sample-models.ts'

const now = Date.UTC(2026, 9, 7, 9, 12)
const day = 86_400_000
const place = { action: '/interaction/k3V2/link-account', csrf: 'sample' } as const

const tokenForm = ({ email }: SampleText, problem?: LinkProblem): TokenForm => ({
  ...{ ...place, email, problem },
  ...(problem === 'too-many' ? { retryAfterSeconds: 1_740 } : {}),
})

function groupsForm(text: SampleText, count: number, problem?: LinkProblem): GroupsForm {
  const reach = accountGroups(text, count)
  const chosen = problem ? [] : reach.slice(0, 2).map(({ aid }) => aid)
  return { ...place, fingerprint: 'pYJo0x-4uQzR6w1k', reach, chosen, problem }
}

const account = (text: SampleText): LinkedAccount => ({
  fingerprint: 'pYJo0x-4uQzR6w1k',
  validUntil: now + 21 * day,
  linkedAt: now - 700 * day,
  owner: { name: text.organization, email: text.email },
  reach: accountGroups(text, 5),
  chosen: accountGroups(text, 3).map(({ aid }) => aid),
  standing: 'good',
  renewal: 'off',
})

function stepPages(views: Views, text: SampleText): Readonly<Record<string, string>> {
  const { integration, email } = text
  const around = { integration, email, region: 'us1', standing: undefined } as const
  const asked = (problem?: LinkProblem): string =>
    linkAccountPage(views, { ...around, form: { kind: 'token', token: tokenForm(text, problem) } })
  const offered = (count: number, problem?: LinkProblem): string =>
    linkAccountPage(views, { ...around, form: { kind: 'groups', groups: groupsForm(text, count, problem) } })
  return {
    'link-account': asked(),
    'link-account-again': linkAccountPage(views, {
      ...{ ...around, standing: 'rejected' },
      form: { kind: 'token', token: tokenForm(text) },
    }),
    'link-account-problem': asked('token-malformed'),
    'link-account-of-another': asked('token-of-another'),
    'link-account-away': asked('upstream-away'),
    'link-account-too-many': asked('too-many'),
    'link-account-groups': offered(3),
    'link-account-many-groups': offered(40),
    'link-account-groups-problem': offered(3, 'none-chosen'),
  }
}

export function linkingPages(views: Views, text: SampleText): Readonly<Record<string, string>> {
  const frame = accountFrame(text, '/account/thousandeyes')
  const tab = (more: Partial<ThousandEyesPage> = {}): string =>
    thousandEyesPage(views, {
      ...{ frame, linkHref: '/account/thousandeyes/link', now },
      disconnectHref: '/account/thousandeyes/disconnect',
      renewalAction: '/account/thousandeyes/renewal',
      account: account(text),
      ...more,
    })
  const disconnect = { frame, disconnectAction: '/account/thousandeyes/disconnect', cancelHref: '/account' }
  return {
    ...stepPages(views, text),
    'account-thousand-eyes': tab(),
    'account-thousand-eyes-unlinked': tab({ account: undefined }),
    'account-thousand-eyes-rejected': tab({
      account: { ...account(text), standing: 'rejected', validUntil: undefined, renewal: 'on' },
    }),
    'account-thousand-eyes-lost': tab({ account: { ...account(text), renewal: 'lost' } }),
    'account-link': linkPage(views, { frame, form: { kind: 'token', token: tokenForm(text) } }),
    'account-link-problem': linkPage(views, {
      ...{ frame, form: { kind: 'token', token: tokenForm(text, 'token-rejected') } },
    }),
    'account-link-groups': linkPage(views, { frame, form: { kind: 'groups', groups: groupsForm(text, 9) } }),
    'account-disconnect': disconnectPage(views, { ...disconnect, isLinked: true }),
    'account-disconnect-nothing': disconnectPage(views, { ...disconnect, isLinked: false }),
  }
}
