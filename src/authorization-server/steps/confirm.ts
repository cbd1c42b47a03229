import type { AccountGroup } from '#domain/account-group.ts'
import type { Integration } from '#domain/integration.ts'
import { isRefusal } from '#domain/refusal.ts'
import type { ScopeWord } from '#domain/scope.ts'
import type { User } from '#domain/user.ts'
import { confirmPage, type DeviceRequest } from '../confirm-page.ts'
import type { AuthorizationServerParts } from '../parts.ts'

/** What the user is asked to confirm. */
export interface Confirmable {
  readonly action: string
  readonly csrf: string
  readonly user: User
  readonly integration: Integration
  readonly scopes: readonly string[]
  readonly accountGroups: readonly AccountGroup[]
  readonly device: DeviceRequest | undefined
}

export interface ConfirmStep {
  show(asked: Confirmable): string
  /** @throws when the upstream cannot say which account groups the user reaches */
  accountGroupsOf(user: User): Promise<readonly AccountGroup[]>
}

export function confirmStep(parts: AuthorizationServerParts): ConfirmStep {
  const configured = new Set(parts.integrations.configured.map(({ clientId }) => clientId))
  const words = new Map<string, ScopeWord>(parts.scopes.map((word) => [word.name, word]))
  return {
    show: ({ user, integration, scopes, ...asked }) =>
      confirmPage(parts.views, {
        ...asked,
        integration: integration.name,
        isSelfRegistered: !configured.has(integration.clientId),
        email: user.email,
        region: user.region,
        organization: user.organizationName,
        scopes: scopes.map((name) => words.get(name) ?? { name, meaning: name }),
        lifetimes: integration.lifetimes,
        accountHref: '/account',
      }),
    async accountGroupsOf(user) {
      const credential = await parts.broker.lend({ userId: user.id })
      if (isRefusal(credential)) throw new Error(`no upstream credential for the user: ${credential.code}`)
      return parts.upstream.accountGroups(user.region, credential)
    },
  }
}
