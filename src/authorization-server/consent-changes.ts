/** What differs between a request and what the same user gave the same integration before. */
import type { AccountGroupId } from '#domain/account-group.ts'
import type { Connection } from '#domain/grant.ts'

export type EarlierConnection = Pick<Connection, 'createdAt' | 'scopes' | 'accountGroups'>

/** Empty sets and lists everywhere when nothing differs. */
export interface ConsentChanges {
  readonly newScopes: ReadonlySet<string>
  /** Names of scopes that the earlier connection has and the request does not ask for. */
  readonly goneScopes: readonly string[]
  readonly newAccountGroups: ReadonlySet<AccountGroupId>
  /** Account groups of the earlier connection that the user no longer reaches. */
  readonly goneAccountGroups: readonly AccountGroupId[]
}

/** The members of the first list that the second one lacks. */
const beyond = <Item>(items: readonly Item[], known: readonly Item[]): readonly Item[] => {
  const set = new Set(known)
  return items.filter((item) => !set.has(item))
}

export const consentChanges = (
  asked: Pick<EarlierConnection, 'scopes' | 'accountGroups'>,
  earlier: EarlierConnection,
): ConsentChanges => ({
  newScopes: new Set(beyond(asked.scopes, earlier.scopes)),
  goneScopes: beyond(earlier.scopes, asked.scopes),
  newAccountGroups: new Set(beyond(asked.accountGroups, earlier.accountGroups)),
  goneAccountGroups: beyond(earlier.accountGroups, asked.accountGroups),
})
