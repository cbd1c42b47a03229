/** The account page: the user's connections, each with its end (product documentation 3.14; ASVS 5.0 10.7.3). */
import type { AccountGroup } from '#domain/account-group.ts'
import type { Connection } from '#domain/grant.ts'
import { type RegionId, regionLabel } from '#domain/region.ts'
import type { ScopeWord } from '#domain/scope.ts'
import { folded } from '#http/folded.ts'
import type { Views } from '#http/page.ts'
import { scopesInWords } from '#http/scopes-in-words.ts'
import { instantInWords } from '#http/time-in-words.ts'

export interface AccountConnection
  extends Pick<Connection, 'tag' | 'createdAt' | 'lastUsedAt' | 'expiresAt'> {
  readonly integration: string
  readonly region: RegionId
  readonly scopes: readonly ScopeWord[]
  readonly accountGroups: readonly Pick<AccountGroup, 'aid' | 'name'>[]
}

/** Each Disconnect posts `csrf` and `connection` (the grant tag) to `disconnectAction`; Sign out posts `csrf` to `signOutAction`. */
export interface AccountPage {
  readonly csrf: string
  readonly disconnectAction: string
  readonly signOutAction: string
  readonly name: string
  readonly email: string
  readonly region: RegionId
  readonly organization: string
  readonly connections: readonly AccountConnection[]
  /** The integration that was disconnected just now. */
  readonly disconnected: string | undefined
}

/** Buttons Disconnect, one for each connection, and Sign out. */
export const accountPage = (views: Views, page: AccountPage): string =>
  views.render('account', {
    ...page,
    region: regionLabel(page.region),
    // With few connections the scopes stand open; a long page of them would hide what there is to disconnect.
    isShort: page.connections.length <= 2,
    connections: page.connections.map((connection) => ({
      ...connection,
      region: regionLabel(connection.region),
      connected: instantInWords(connection.createdAt),
      // Confirmed, but the integration has not come for its tokens.
      lastUsed:
        connection.lastUsedAt > connection.createdAt ? instantInWords(connection.lastUsedAt) : undefined,
      expires: instantInWords(connection.expiresAt),
      scopes: scopesInWords(connection.scopes),
      accountGroups: folded(connection.accountGroups, 3),
    })),
  })
