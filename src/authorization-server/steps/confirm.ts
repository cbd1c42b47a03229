import type { AccountGroup } from '#domain/account-group.ts'
import type { Integration } from '#domain/integration.ts'
import { isRefusal } from '#domain/refusal.ts'
import type { ScopeWord } from '#domain/scope.ts'
import type { User } from '#domain/user.ts'
import { limitsInWords } from '#http/limits-in-words.ts'
import type { AccountGroupChoice } from '../chosen-account-groups.ts'
import { confirmPage } from '../confirm-page.ts'
import type { EarlierConnection } from '../consent-changes.ts'
import type { DeviceRequest } from '../device-request.ts'
import type { AuthorizationServerParts } from '../parts.ts'

/** What the user is asked to confirm. */
export interface Confirmable {
  readonly action: string
  readonly csrf: string
  readonly user: User
  readonly integration: Integration
  readonly scopes: readonly string[]
  /** All that the user reaches. */
  readonly accountGroups: readonly AccountGroup[]
  /** The newest live connection of the user with the integration: what is asked may have changed since. */
  readonly earlier: EarlierConnection | undefined
  readonly device: DeviceRequest | undefined
}

export interface ConfirmStep {
  /** @param choice what the user has chosen of the account groups already; undefined at first, when all stand checked */
  show(asked: Confirmable, choice?: AccountGroupChoice): string
  /** @throws when the upstream cannot say which account groups the user reaches */
  accountGroupsOf(user: User): Promise<readonly AccountGroup[]>
}

export function confirmStep(parts: AuthorizationServerParts): ConfirmStep {
  const configured = new Set(parts.integrations.configured.map(({ clientId }) => clientId))
  const words = new Map<string, ScopeWord>(parts.scopes.map((word) => [word.name, word]))
  const wordOf = (name: string): ScopeWord => words.get(name) ?? { name, meaning: name }
  const limitsOf = limitsInWords(parts.operations)
  return {
    show: ({ user, integration, scopes, ...asked }, choice) =>
      confirmPage(parts.views, {
        ...asked,
        chosen: (choice?.chosen ?? asked.accountGroups).map(({ aid }) => aid),
        isChosen: choice !== undefined,
        problem: choice?.problem,
        integration: integration.name,
        isSelfRegistered: !configured.has(integration.clientId),
        email: user.email,
        region: user.region,
        organization: user.organizationName,
        scopes: scopes.map(wordOf),
        wordOf,
        lifetimes: integration.lifetimes,
        limits: limitsOf(integration.limits),
        accountHref: '/account',
      }),
    async accountGroupsOf(user) {
      const credential = await parts.broker.lend({ userId: user.id })
      if (isRefusal(credential)) throw new Error(`no upstream credential for the user: ${credential.code}`)
      return parts.upstream.accountGroups(user.region, credential)
    },
  }
}
