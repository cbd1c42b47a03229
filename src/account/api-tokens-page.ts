/** The tab API Tokens: the user's scoped API tokens, each with its end, and the form for another one. */
import { folded } from '#http/folded.ts'
import type { LimitsInWords } from '#http/limits-in-words.ts'
import type { Views } from '#http/page.ts'
import { scopesInWords } from '#http/scopes-in-words.ts'
import { counted, durationInWords } from '#http/time-in-words.ts'
import {
  type ApiTokenChoices,
  type ApiTokenFields,
  type ApiTokenProblem,
  endOfDay,
  groupField,
  scopeField,
} from './api-token-form.ts'
import { type AccountConnection, connectionInWords } from './connections-page.ts'
import { type AccountFrame, framed } from './frame-page.ts'

/** Revoke posts the frame's `csrf` and `token` (the grant tag) to `revokeAction`; Generate leads to `generateHref`. */
export interface ApiTokensPage {
  readonly frame: AccountFrame
  readonly generateHref: string
  readonly revokeAction: string
  /** Where the User API Token is; undefined where there is none. */
  readonly profileHref: string | undefined
  /** Newest first. */
  readonly tokens: readonly AccountConnection[]
  /** A user may have so many. */
  readonly most: number
  /** The one that was made just now, whose value stands on this page alone. */
  readonly made: { readonly name: string; readonly value: string } | undefined
  /** The name of the one that was revoked just now. */
  readonly revoked: string | undefined
}

/** Buttons Generate, and Revoke for each token. */
export const apiTokensPage = (views: Views, page: ApiTokensPage): string =>
  views.render('account-api-tokens', {
    ...page,
    ...framed(page.frame),
    isShort: page.tokens.length <= 2,
    isFull: page.tokens.length >= page.most,
    most: counted(page.most, 'API token'),
    tokens: page.tokens.map(connectionInWords),
  })

/** Posts the frame's `csrf`, the fields and, where it was mailed, `code` to `action`. */
export interface NewApiTokenPage {
  readonly frame: AccountFrame
  readonly action: string
  readonly cancelHref: string
  readonly choices: ApiTokenChoices
  readonly fields: ApiTokenFields
  readonly problems: readonly ApiTokenProblem[]
  /** What the configuration limits every token to. */
  readonly limits: LimitsInWords | undefined
  /** Whether a code is mailed first, and whether one is asked for now. */
  readonly code: 'none' | 'sent-first' | 'asked-for'
  readonly codeSeconds: number
}

const shownGroups = 6

/** Button Generate. */
export function newApiTokenPage(views: Views, page: NewApiTokenPage): string {
  const { fields, choices, problems } = page
  const chosen = { scopes: new Set(fields.scopes), groups: new Set(fields.accountGroups) }
  const groups = choices.accountGroups.map(({ aid, name, isLogin }) => ({
    ...{ aid, name, isLogin, field: groupField(aid), isChosen: chosen.groups.has(aid) },
  }))
  return views.render('account-new-api-token', {
    ...page,
    ...framed(page.frame),
    // A field for dates takes nothing else, and says so on the console.
    endDay: endOfDay(fields.endDay) === undefined ? '' : fields.endDay,
    problemOf: (field: string) => problems.some((problem) => problem.field === field),
    scopes: scopesInWords(choices.scopes).map(({ title, scopes }) => ({
      title,
      scopes: scopes.map((scope) => ({
        ...scope,
        field: scopeField(scope.name),
        isChosen: chosen.scopes.has(scope.name),
      })),
    })),
    groups: { ...folded(groups, shownGroups), isOpen: problems.length > 0 },
    codeLifetime: durationInWords(page.codeSeconds),
  })
}
