import type { RegionId } from '#domain/region.ts'
import type { UserId } from '#domain/user.ts'
import { objectsOf, textOf, textsOf } from './json.ts'
import type { Permissions } from './permissions.ts'
import type { Entry, Objects } from './state.ts'

/** Who calls, with what v7 lets this user do. */
export interface Caller {
  readonly uid: string
  readonly email: string
  readonly orgId: string
  readonly loginAid: string
  /** The account groups that the user reaches, the login account group first. */
  readonly groups: readonly string[]
  /** The labels of the permissions that the user's roles give in the account group, as they were when they were first asked for. */
  permissionsIn(aid: string): ReadonlySet<string>
}

/** The uid of v7 in a user id of ours, which has the region in front. */
export const uidOf = (region: RegionId, userId: UserId): string => userId.slice(region.length + 1)

/** The account groups of an organization that a user reaches, the login account group first. */
export function groupsOf(user: Entry, objects: Objects): readonly string[] {
  const everywhere = textsOf(user.fields['allAccountGroupRoleIds']).length > 0
  const own = objectsOf(user.fields['accountGroupRoles']).map((one) => textOf(one['accountGroupId']) ?? '')
  const reachable = objects
    .all('account-groups')
    .filter(({ id, orgId }) => orgId === user.orgId && (everywhere || own.includes(id)))
    .map(({ id }) => id)
  const login = textOf(user.fields['loginAccountGroupId'])
  return [...reachable].sort((a, b) => Number(b === login) - Number(a === login))
}

/** The roles that a user has in an account group: those given there and those given in all groups. */
export const roleIdsIn = (user: Entry, aid: string): readonly string[] => [
  ...textsOf(user.fields['allAccountGroupRoleIds']),
  ...objectsOf(user.fields['accountGroupRoles'])
    .filter((one) => one['accountGroupId'] === aid)
    .flatMap((one) => textsOf(one['roleIds'])),
]

/** @returns undefined when the region has no such user, or the user reaches no account group */
export function callerOf(uid: string, objects: Objects, permissions: Permissions): Caller | undefined {
  const user = objects.find('users', uid)
  const groups = user ? groupsOf(user, objects) : []
  const [loginAid] = groups
  if (!user?.orgId || loginAid === undefined) return undefined
  const held = new Map<string, ReadonlySet<string>>()
  const heldIn = (aid: string): ReadonlySet<string> =>
    permissions.labelsOf(
      roleIdsIn(user, aid).flatMap((id) => textsOf(objects.find('roles', id)?.fields['permissions'])),
    )
  return {
    uid,
    email: textOf(user.fields['email']) ?? '',
    orgId: user.orgId,
    loginAid,
    groups,
    permissionsIn(aid) {
      const labels = held.get(aid) ?? heldIn(aid)
      held.set(aid, labels)
      return labels
    },
  }
}
