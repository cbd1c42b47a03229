/** Samples of the tab API Tokens and of its form. */
import type { ApiTokenFields } from '#account/api-token-form.ts'
import {
  type ApiTokensPage,
  apiTokensPage,
  type NewApiTokenPage,
  newApiTokenPage,
} from '#account/api-tokens-page.ts'
import type { AccountGroupId } from '#domain/account-group.ts'
import type { Views } from '#http/page.ts'
import { accountFrame, connection } from './sample-connections.ts'
import { accountGroups, limits, type SampleText, scopes } from './sample-models.ts'

const href = '/account/api-tokens'
const frameOf = (text: SampleText) => accountFrame(text, href)

const fields: ApiTokenFields = {
  name: '',
  scopes: [],
  accountGroups: [],
  isReadOnly: false,
  endDay: '2027-01-05',
}

export function apiTokenPages(views: Views, text: SampleText): Readonly<Record<string, string>> {
  const list = (more: Partial<ApiTokensPage> = {}): string =>
    apiTokensPage(views, {
      frame: frameOf(text),
      generateHref: `${href}/new`,
      revokeAction: `${href}/revoke`,
      profileHref: '/account/profile',
      tokens: [connection(text, 'AAAAAAAAAAAAAAAA'), connection(text, 'BBBBBBBBBBBBBBBB')],
      most: 20,
      made: undefined,
      revoked: undefined,
      ...more,
    })
  const form = (more: Partial<NewApiTokenPage> = {}, groups = 2): string =>
    newApiTokenPage(views, {
      frame: frameOf(text),
      action: `${href}/new`,
      cancelHref: href,
      choices: {
        scopes: scopes.filter(({ name }) => name.includes(':')),
        accountGroups: accountGroups(text, groups),
        isReadOnlyAnyway: false,
        days: { first: '2026-10-07', last: '2027-10-07' },
      },
      fields,
      problems: [],
      limits: undefined,
      code: 'none',
      codeSeconds: 600,
      ...more,
    })
  const chosen: ApiTokenFields = {
    ...fields,
    name: text.integration,
    scopes: ['tests:manage'],
    accountGroups: ['1102' as AccountGroupId],
    isReadOnly: true,
  }
  return {
    'account-api-tokens': list(),
    'account-api-tokens-empty': list({ tokens: [] }),
    'account-api-tokens-full': list({ most: 2, revoked: text.integration }),
    'account-api-tokens-made': list({
      made: { name: text.integration, value: `panoptes_${'aB3-'.repeat(18)}xyz` },
    }),
    'account-new-api-token': form(),
    'account-new-api-token-many': form({ limits }, 40),
    'account-new-api-token-code': form({ fields: chosen, code: 'asked-for' }),
    'account-new-api-token-mailed': form({ code: 'sent-first' }),
    'account-new-api-token-problems': form({
      fields: { ...fields, name: text.integration, endDay: text.code },
      problems: [
        { field: 'name', text: 'There is an API token of this name already.' },
        { field: 'scopes', text: 'Choose at least one scope.' },
        { field: 'account-groups', text: 'Choose at least one account group.' },
        { field: 'end-day', text: 'Enter a day from 2026-10-07 to 2027-10-07.' },
      ],
    }),
  }
}
