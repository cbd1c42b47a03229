/**
 * Grants: what users allowed, one record per grant (DECISIONS 5). This port is what gateway, account page and operator read:
 * what a token opens, who is connected, and the end of a connection. Issuing is the authorization server's affair, on
 * grant-record.ts. A token lives only while its grant's record lives, so revocation is the deletion of one record.
 */
import type { AccountGroupId } from '#domain/account-group.ts'
import type { Awaitable } from '#domain/awaitable.ts'
import type { CallLimits } from '#domain/call-limits.ts'
import type { Connection, GrantTag } from '#domain/grant.ts'
import type { RegionId } from '#domain/region.ts'
import type { UserId } from '#domain/user.ts'

/** What a live access token opens. */
export interface Access {
  readonly tag: GrantTag
  readonly userId: UserId
  readonly region: RegionId
  readonly clientId: string
  readonly scopes: ReadonlySet<string>
  readonly accountGroups: readonly AccountGroupId[]
  /** Those that the grant was made with, beside the integration's own. */
  readonly limits?: CallLimits
  /** Epoch ms; from then on the token opens nothing. */
  readonly expiresAt: number
}

/** Which connections; what is given must match, what is left out does not matter. */
export interface ConnectionFilter {
  readonly userId?: UserId
  readonly clientId?: string
  readonly region?: RegionId
  /** The browser session in which the user confirmed. */
  readonly sessionUid?: string
}

/** Who ends a connection, and why: for the audit trail. */
export interface RevokedBy {
  readonly actor: string
  readonly reason: string
  readonly address?: string
}

export interface Grants {
  /** @returns what the presented access token opens now; undefined when it is unknown, expired, or its grant is gone */
  access(token: string): Awaitable<Access | undefined>
  /** Notes that an access token of the grant was accepted from an address: some time later, and without ever failing. */
  noteUse(tag: GrantTag, address: string): void
  /** The live connections, newest first. */
  list(filter: ConnectionFilter): Promise<readonly Connection[]>
  /**
   * Ends the connection with all of its tokens, together with its audit record. Once this resolves, no token of it is
   * accepted by any process on the store. @returns false when there was no such live connection
   */
  revoke(tag: GrantTag, by: RevokedBy): Promise<boolean>
  /**
   * Ends every connection that matches, in the same way, some at a time: when it fails half-way, some are ended and it may be
   * asked again. @returns how many were connected
   */
  revokeAll(filter: ConnectionFilter, by: RevokedBy): Promise<number>
}
