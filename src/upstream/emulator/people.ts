import type { Clock } from '#domain/clock.ts'
import { type Refusal, refuse } from '#domain/refusal.ts'
import type { RegionId } from '#domain/region.ts'
import { normalizedEmail, parseUserId, type UserId } from '#domain/user.ts'
import type { Directory } from '#identity/directory.ts'
import type { OperationRow } from '#upstream/operation-rows.ts'
import type { GivenRole, NewPerson, PersonRefusal, UpstreamPeople } from '#upstream/people.ts'
import { callerOf, uidOf } from './caller.ts'
import type { Turn } from './in-turn.ts'
import { isoDate } from './iso-date.ts'
import { textOf } from './json.ts'
import type { Permissions } from './permissions.ts'
import type { Entry, Objects } from './state.ts'
import type { StoredRegion } from './stored-state.ts'

export interface PeopleParts {
  readonly directory: Directory
  readonly permissions: Permissions
  readonly rows: ReadonlyMap<string, OperationRow>
  readonly clock: Clock
  readonly regionOf: (id: RegionId) => StoredRegion
  readonly turnOf: (id: RegionId) => Turn
}

const named = <Code extends string>(code: Code, what: string, allowed: readonly string[]): Refusal<Code> =>
  refuse(code, `found ${what}; allowed are ${allowed.join(', ') || 'none'}`)

/** The roles of the region that an organization may give: the built-in ones and its own. */
const rolesFor = (organizationId: string, objects: Objects): ReadonlyMap<string, string> =>
  new Map(
    objects
      .all('roles')
      .filter(({ orgId }) => orgId === undefined || orgId === organizationId)
      .map(({ id, fields }) => [textOf(fields['name']) ?? id, id]),
  )

/** Role ids by account group id, in the order given. */
function rolesByGroup(roles: readonly GivenRole[], ids: ReadonlyMap<string, string>): Map<string, string[]> {
  const byGroup = new Map<string, string[]>()
  for (const { accountGroup, role } of roles)
    byGroup.set(accountGroup, [...(byGroup.get(accountGroup) ?? []), ids.get(role) ?? ''])
  return byGroup
}

interface Fields {
  readonly loginGroup: Entry
  readonly groupRoles: readonly { readonly accountGroupId: string; readonly roleIds: readonly string[] }[]
}

/** The organizations of the region, by id, as `110 (Acme Networks)`. */
const organizationsOf = (objects: Objects): ReadonlyMap<string, string> =>
  new Map(
    objects
      .all('account-groups')
      .flatMap(({ orgId, fields }) =>
        orgId === undefined ? [] : [[orgId, `${orgId} (${textOf(fields['organizationName']) ?? orgId})`]],
      ),
  )

/** What the names stand for, or which of them stands for nothing. */
function resolve({ organizationId, email, roles }: NewPerson, objects: Objects): Fields | PersonRefusal {
  const organizations = organizationsOf(objects)
  if (!organizations.has(organizationId))
    return named('unknown_organization', `the organization ${organizationId}`, [...organizations.values()])
  const groups = objects.all('account-groups').filter(({ orgId }) => orgId === organizationId)
  const ids = rolesFor(organizationId, objects)
  const strangeGroup = roles.find(({ accountGroup }) => !groups.some(({ id }) => id === accountGroup))
  const loginGroup = groups.find(({ id }) => id === roles[0]?.accountGroup)
  if (strangeGroup !== undefined || !loginGroup) {
    const found = `the account group ${strangeGroup?.accountGroup ?? '(none)'}`
    return named(
      'unknown_account_group',
      found,
      groups.map(({ id }) => id),
    )
  }
  const strangeRole = roles.find(({ role }) => !ids.has(role))
  if (strangeRole) return named('unknown_role', `the role ${strangeRole.role}`, [...ids.keys()])
  const isTaken = objects
    .all('users')
    .some(({ fields }) => normalizedEmail(textOf(fields['email']) ?? '') === normalizedEmail(email))
  if (isTaken) return refuse('email_taken', 'a user with this e-mail address exists already')
  const groupRoles = [...rolesByGroup(roles, ids)].map(([accountGroupId, roleIds]) => ({
    accountGroupId,
    roleIds: [...new Set(roleIds)],
  }))
  return { loginGroup, groupRoles }
}

/** The people of the embedded v7. A new one is in its objects and in the directory, as after `POST /users`. */
export function emulatedPeople(parts: PeopleParts): UpstreamPeople {
  const { directory, permissions, rows, clock, regionOf, turnOf } = parts

  /** The labels of the user's permissions, by account group. */
  async function held(userId: UserId): Promise<readonly ReadonlySet<string>[]> {
    const region = parseUserId(userId)?.region
    if (!region) return []
    const caller = callerOf(uidOf(region, userId), await regionOf(region).current(), permissions)
    return caller?.groups.map((aid) => caller.permissionsIn(aid)) ?? []
  }

  return {
    givesRoles: true,

    permissionsOf: async (userId) => new Set((await held(userId)).flatMap((labels) => [...labels])),

    async permittedOperations(userId) {
      const anywhere = await held(userId)
      const isPermitted = (row: OperationRow): boolean =>
        anywhere.some((labels) => permissions.missing(row, labels) === undefined)
      return new Set([...rows.values()].filter(isPermitted).map(({ id }) => id))
    },

    add: (person) =>
      turnOf(person.region)(async () => {
        const { region, organizationId, email, name, password } = person
        const { draft, written } = (await regionOf(region).current()).draft()
        const resolved = resolve(person, draft)
        if ('kind' in resolved) return resolved
        const { loginGroup, groupRoles } = resolved
        // Never an id that a deleted user had: tokens are bound to it.
        const uid = draft.nextId({ name: 'uids', first: 100_001 })
        draft.put({
          collection: 'users',
          id: uid,
          orgId: organizationId,
          fields: {
            name,
            email,
            dateRegistered: isoDate(clock.now()),
            loginAccountGroupId: loginGroup.id,
            allAccountGroupRoleIds: [],
            accountGroupRoles: groupRoles,
          },
        })
        const organizationName = textOf(loginGroup.fields['organizationName']) ?? organizationId
        const user = await directory.enrol({
          ...{ region, uid, email, name, organizationId, organizationName },
          ...(password === undefined ? {} : { password }),
        })
        await regionOf(region).write(written())
        return user
      }),
  }
}
