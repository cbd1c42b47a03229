import type { Connection } from '#domain/grant.ts'
import type { User } from '#domain/user.ts'
import { limitsInWords } from '#http/limits-in-words.ts'
import type { AccountConnection } from './connections-page.ts'
import { integrationName } from './integration-name.ts'
import { ownAccountGroups } from './own-account-groups.ts'
import type { AccountParts } from './section.ts'

/** @returns what pages show of a user's connections, with the names of all that is in them */
export function shownConnections(
  parts: AccountParts,
): (user: User, connections: readonly Connection[]) => Promise<readonly AccountConnection[]> {
  const words = new Map(parts.scopes.map((word) => [word.name, word]))
  const nameOf = integrationName(parts.integrations)
  const groupsOf = ownAccountGroups(parts)
  const limitsOf = limitsInWords(parts.operations)

  return async (user, connections) => {
    const groups = new Map((await groupsOf(user)).map((group) => [group.aid, group]))
    const shown = async (connection: Connection): Promise<AccountConnection> => ({
      ...connection,
      integration: connection.apiToken ?? (await nameOf(connection.clientId)),
      scopes: connection.scopes.map((name) => words.get(name) ?? { name, meaning: name }),
      limits: limitsOf(connection.limits),
      accountGroups: connection.accountGroups.map((aid) => ({ aid, name: groups.get(aid)?.name ?? aid })),
    })
    return Promise.all(connections.map(shown))
  }
}
