import { type UserId, userIdOf } from '#domain/user.ts'
import type { Call } from '../call.ts'
import { type JsonObject, objectsOf, textOf, textsOf } from '../json.ts'

/** Every role that a user has, with where: an account group, or `*` for all of them. */
function givenRoles(user: JsonObject): ReadonlySet<string> {
  const everywhere = textsOf(user['allAccountGroupRoleIds']).map((id) => `* ${id}`)
  const inGroups = objectsOf(user['accountGroupRoles']).flatMap((one) =>
    textsOf(one['roleIds']).map((id) => `${textOf(one['accountGroupId']) ?? ''} ${id}`),
  )
  return new Set([...everywhere, ...inGroups])
}

const isSame = (one: ReadonlySet<string>, other: ReadonlySet<string>): boolean =>
  one.size === other.size && [...one].every((text) => other.has(text))

export const haveSameRoles = (one: JsonObject, other: JsonObject): boolean =>
  isSame(givenRoles(one), givenRoles(other))

export const haveSamePermissions = (one: JsonObject, other: JsonObject): boolean =>
  isSame(new Set(textsOf(one['permissions'])), new Set(textsOf(other['permissions'])))

/**
 * Ends the browser sessions of users whose roles or permissions a call changes (thousandeyes-facts 4). Their tokens go on, with
 * what the roles permit now.
 */
export function endSessionsOf(uids: readonly string[], { region, state, directory }: Call): void {
  const ids: readonly UserId[] = uids.map((uid) => userIdOf(region, uid))
  state.also(() => Promise.all(ids.map((id) => directory.endSessions(id))))
}

/** The same for everybody who has the role. */
export const endSessionsWithRole = (roleId: string, call: Call): void =>
  endSessionsOf(
    call.state
      .all('users')
      .filter(({ fields }) => [...givenRoles(fields)].some((given) => given.endsWith(` ${roleId}`)))
      .map(({ id }) => id),
    call,
  )
