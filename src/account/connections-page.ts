/** The tab Connections: the user's connections, each with its end (product documentation 3.14; ASVS 5.0 10.7.3). */
import type { AccountGroup } from '#domain/account-group.ts'
import type { Connection } from '#domain/grant.ts'
import { type RegionId, regionLabel } from '#domain/region.ts'
import type { ScopeWord } from '#domain/scope.ts'
import { folded } from '#http/folded.ts'
import type { LimitsInWords } from '#http/limits-in-words.ts'
import type { Views } from '#http/page.ts'
import { scopesInWords } from '#http/scopes-in-words.ts'
import { instantInWords } from '#http/time-in-words.ts'
import { type AccountFrame, framed } from './frame-page.ts'

export interface AccountConnection
  extends Pick<
    Connection,
    'tag' | 'createdAt' | 'firstUsedAt' | 'lastUsedAt' | 'lastUsedAddress' | 'expiresAt'
  > {
  readonly integration: string
  readonly region: RegionId
  readonly scopes: readonly ScopeWord[]
  readonly accountGroups: readonly Pick<AccountGroup, 'aid' | 'name'>[]
  /** What it may not call whatever its scopes say. */
  readonly limits: LimitsInWords | undefined
}

/** Each Disconnect posts the frame's `csrf` and `connection` (the grant tag) to `disconnectAction`. */
export interface ConnectionsPage {
  readonly frame: AccountFrame
  readonly disconnectAction: string
  readonly connections: readonly AccountConnection[]
  /** The integration that was disconnected just now. */
  readonly disconnected: string | undefined
}

/** Not used yet: confirmed, but the integration has not come for its tokens. */
function usesInWords({ createdAt, firstUsedAt, lastUsedAt, lastUsedAddress }: AccountConnection): object {
  const isUsed = firstUsedAt !== undefined || lastUsedAt > createdAt
  return {
    isUsed,
    firstUsed: firstUsedAt === undefined ? undefined : instantInWords(firstUsedAt),
    lastUsed: instantInWords(lastUsedAt),
    lastUsedAddress: isUsed ? lastUsedAddress : undefined,
  }
}

/** A connection as the views print it; of a scoped API token too. */
export const connectionInWords = (connection: AccountConnection): object => ({
  ...connection,
  region: regionLabel(connection.region),
  connected: instantInWords(connection.createdAt),
  ...usesInWords(connection),
  expires: instantInWords(connection.expiresAt),
  scopes: scopesInWords(connection.scopes),
  accountGroups: folded(connection.accountGroups, 3),
})

/** Buttons Disconnect, one for each connection. */
export const connectionsPage = (views: Views, page: ConnectionsPage): string =>
  views.render('account-connections', {
    ...page,
    ...framed(page.frame),
    // With few connections the scopes stand open; a long page of them would hide what there is to disconnect.
    isShort: page.connections.length <= 2,
    connections: page.connections.map(connectionInWords),
  })
