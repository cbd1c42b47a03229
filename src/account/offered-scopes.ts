import type { Operation } from '#domain/operation.ts'
import type { ScopeWord } from '#domain/scope.ts'
import type { User } from '#domain/user.ts'
import type { AccountParts } from './section.ts'

/** Whether the operation is what the word is for: of `tests:manage` the writes, as `tests:read` alone opens the rest. */
const isFor = (word: string, { scopes }: Operation): boolean =>
  scopes.includes(word) && (word.endsWith(':read') || !scopes.some((scope) => scope.endsWith(':read')))

/** A User API Token is renewed by itself alone, so nothing that a scoped token could have opens it. */
const isRenewal = ({ path }: Operation): boolean => path === '/api-tokens'

/**
 * The scopes that a user may give to an API token: those of the configuration that open something which the user's roles allow.
 * Where the upstream does not tell what they allow, it refuses the rest itself.
 */
export function offeredScopes({
  integrations,
  scopes,
  operations,
  people,
}: AccountParts): (user: User) => Promise<readonly ScopeWord[]> {
  const most = integrations.apiTokens?.integration.scopes ?? []
  const words = scopes.filter(({ name }) => most.includes(name))
  return async ({ id }) => {
    const permitted = await people.permittedOperations(id)
    const open = operations.filter((one) => !isRenewal(one) && (permitted?.has(one.id) ?? true))
    return words.filter(({ name }) => open.some((operation) => isFor(name, operation)))
  }
}
