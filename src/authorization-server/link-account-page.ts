/** The step that links an account at ThousandEyes: who, where and for what around the forms of http/link-forms.ts. */
import { type RegionId, regionLabel } from '#domain/region.ts'
import { type GroupsForm, groupsForm, type TokenForm, tokenForm } from '#http/link-forms.ts'
import type { Views } from '#http/page.ts'

export interface LinkAccountPage {
  readonly integration: string
  readonly email: string
  readonly region: RegionId
  /** Why a link that was there does not do; undefined when there was none. */
  readonly standing: 'rejected' | 'expired' | undefined
  readonly form:
    | { readonly kind: 'token'; readonly token: TokenForm }
    | { readonly kind: 'groups'; readonly groups: GroupsForm }
}

const reasons: Readonly<Record<'rejected' | 'expired', string>> = {
  rejected: 'ThousandEyes refuses the token that you gave before. Paste a new one.',
  expired: 'The token that you gave before has ended. Paste a new one.',
}

export const linkAccountPage = (views: Views, { form, ...page }: LinkAccountPage): string =>
  views.render('link-account', {
    integration: page.integration,
    email: page.email,
    region: regionLabel(page.region),
    reason: page.standing && reasons[page.standing],
    groups: form.kind === 'groups',
    form: form.kind === 'groups' ? groupsForm(form.groups) : tokenForm(form.token),
  })
