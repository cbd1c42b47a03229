import type { User } from '#domain/user.ts'
import type { WantedApiToken } from '#grants/api-tokens.ts'
import { type ApiTokenChoices, type ApiTokenFields, dayOf, endOfDay } from './api-token-form.ts'
import { offeredScopes } from './offered-scopes.ts'
import { ownAccountGroups } from './own-account-groups.ts'
import type { AccountParts } from './section.ts'

/** What the form proposes: long enough to set something up, and to be thought of again. Ours. */
const proposedMs = 90 * 86_400_000

/** What may be chosen for an API token, and what the choice means. */
export interface ApiTokenChoosing {
  /** @throws when the upstream cannot say what the user reaches and may do */
  choicesOf(user: User): Promise<ApiTokenChoices>
  /** What stands in the form at first. */
  firstFields(choices: ApiTokenChoices): ApiTokenFields
  /** @param fields with nothing wrong in them */
  wantedOf(fields: ApiTokenFields): WantedApiToken
}

export function apiTokenChoosing(parts: AccountParts): ApiTokenChoosing {
  const { integrations, clock } = parts
  const scopesOf = offeredScopes(parts)
  const groupsOf = ownAccountGroups(parts)
  const ceiling = integrations.apiTokens?.integration
  const longestMs = (ceiling?.lifetimes.absoluteSeconds ?? 0) * 1000

  return {
    async choicesOf(user) {
      const [scopes, accountGroups] = await Promise.all([scopesOf(user), groupsOf(user)])
      const now = clock.now()
      return {
        scopes,
        accountGroups,
        isReadOnlyAnyway: ceiling?.limits?.isReadOnly === true,
        days: { first: dayOf(now), last: dayOf(now + longestMs) },
      }
    },

    firstFields: ({ accountGroups }) => ({
      name: '',
      scopes: [],
      accountGroups: accountGroups.length === 1 ? accountGroups.map(({ aid }) => aid) : [],
      isReadOnly: false,
      endDay: dayOf(clock.now() + Math.min(proposedMs, longestMs)),
    }),

    wantedOf({ isReadOnly, endDay, ...chosen }) {
      const operations = ceiling?.limits?.operations
      return {
        ...chosen,
        // What the configuration says now stays with the token, as with a grant that is confirmed (DECISIONS 81).
        limits: isReadOnly ? { isReadOnly, operations } : ceiling?.limits,
        endsAt: Math.min(endOfDay(endDay) ?? 0, clock.now() + longestMs),
      }
    },
  }
}
