import type { Provider } from 'oidc-provider'
import type { AccountGroup } from '#domain/account-group.ts'
import type { Integration } from '#domain/integration.ts'
import type { User } from '#domain/user.ts'
import { recordedLimits } from '#grants/grant-record.ts'
import { noteConfirmation } from './grant-adapter.ts'
import type { UnitsOfWork } from './unit-of-work.ts'

/** What a user said yes to. */
export interface ConfirmedRequest {
  readonly user: User
  readonly integration: Integration
  readonly scopes: readonly string[]
  /** OpenID Connect claims that were asked for one by one. */
  readonly claims: readonly string[]
  readonly accountGroups: readonly Pick<AccountGroup, 'aid'>[]
  /** The browser session in which it was said. */
  readonly sessionUid: string
}

/** Saves the grant of what was confirmed in the running unit of work. @returns its id, which clients never learn */
export function saveConfirmedGrant(
  { provider, units }: { readonly provider: Provider; readonly units: UnitsOfWork },
  { user, integration, scopes, claims, accountGroups, sessionUid }: ConfirmedRequest,
): Promise<string> {
  noteConfirmation(units, {
    region: user.region,
    accountGroups: accountGroups.map(({ aid }) => aid),
    ...recordedLimits(integration.limits),
    sessionUid,
  })
  const grant = new provider.Grant({
    accountId: user.id,
    clientId: integration.clientId,
    expiresIn: integration.lifetimes.absoluteSeconds,
  } as ConstructorParameters<Provider['Grant']>[0])
  grant.addOIDCScope(scopes.join(' '))
  if (claims.length > 0) grant.addOIDCClaims([...claims])
  return grant.save()
}
