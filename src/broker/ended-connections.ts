import type { AccountGroupId } from '#domain/account-group.ts'
import type { Connection } from '#domain/grant.ts'
import type { UserId } from '#domain/user.ts'
import type { Grants } from '#grants/grants.ts'

/** The end of connections that lost what stood behind them. */
export interface EndedConnections {
  endAll(userId: UserId): Promise<void>
  /** Ends those that may use an account group that is not among these. */
  endBeyond(userId: UserId, allowed: readonly AccountGroupId[]): Promise<void>
}

export function endedConnections(grants: Pick<Grants, 'list' | 'revoke'>): EndedConnections {
  async function end(
    userId: UserId,
    reason: string,
    isOver: (connection: Connection) => boolean,
  ): Promise<void> {
    for (const connection of await grants.list({ userId }))
      if (isOver(connection)) await grants.revoke(connection.tag, { actor: userId, reason })
  }
  return {
    endAll: (userId) => end(userId, 'the account at ThousandEyes was disconnected', () => true),
    endBeyond: (userId, allowed) =>
      end(userId, 'an account group is no longer chosen', ({ accountGroups }) =>
        accountGroups.some((aid) => !allowed.includes(aid)),
      ),
  }
}
