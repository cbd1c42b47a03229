import type { RegionId } from '#domain/region.ts'
import type { JsonObject } from './json.ts'
import type { Permissions } from './permissions.ts'
import type { Seed, SeedAccountGroup, SeedUser } from './seed.ts'
import type { SeedObject } from './seed-objects.ts'
import type { NewEntry } from './state.ts'

type Owner = Pick<NewEntry, 'orgId' | 'aid'>

/** Instants in the seed are fixed, so that two fresh starts show the same. */
const registeredAt = '2024-01-15T09:00:00Z'

const entriesOf = (objects: readonly SeedObject[], owner: Owner): readonly NewEntry[] =>
  objects.map(({ collection, id, fields }) => ({ collection, id, ...owner, fields }))

const roleEntries = ({ builtInRoles }: Permissions): readonly NewEntry[] =>
  builtInRoles.map(({ roleId, name, permissionIds, hasManagementPermissions }) => ({
    collection: 'roles',
    id: roleId,
    fields: { name, isBuiltin: true, hasManagementPermissions, permissions: permissionIds },
  }))

/** Only those that may less than others are written down. */
const organizationEntries = (seed: Seed, region: RegionId): readonly NewEntry[] =>
  seed.organizations
    .filter((organization) => organization.region === region && !organization.publicSnapshots)
    .map(({ id }) => ({ collection: 'organizations', id, orgId: id, fields: { publicSnapshots: false } }))

const accountGroupEntry = (group: SeedAccountGroup): NewEntry => ({
  collection: 'account-groups',
  id: group.aid,
  orgId: group.organizationId,
  fields: {
    accountGroupName: group.name,
    organizationName: group.organizationName,
    isDefaultAccountGroup: group.isDefault,
  },
})

function userEntry(user: SeedUser, roleIds: ReadonlyMap<string, string>): NewEntry {
  const idsOf = (names: readonly string[]): readonly string[] =>
    names.flatMap((name) => roleIds.get(name) ?? [])
  const groups = Object.entries(user.roles).filter(([aid]) => aid !== 'all')
  const fields: JsonObject = {
    name: user.name,
    email: user.email,
    dateRegistered: registeredAt,
    loginAccountGroupId: user.loginAccountGroup,
    allAccountGroupRoleIds: idsOf(user.roles['all'] ?? []),
    accountGroupRoles: groups.map(([aid, names]) => ({ accountGroupId: aid, roleIds: idsOf(names) })),
  }
  return { collection: 'users', id: user.uid, orgId: user.organizationId, fields }
}

/** The objects of a region that has none yet. */
export function seedEntries(seed: Seed, region: RegionId, permissions: Permissions): readonly NewEntry[] {
  const groups = seed.accountGroups.filter((group) => group.region === region)
  const users = seed.users.filter((user) => user.region === region)
  const roleIds = new Map(permissions.builtInRoles.map(({ name, roleId }) => [name, roleId]))
  return [
    ...roleEntries(permissions),
    ...organizationEntries(seed, region),
    ...groups.map(accountGroupEntry),
    ...users.map((user) => userEntry(user, roleIds)),
    ...entriesOf(seed.catalogue, {}),
    ...groups.flatMap(({ aid, organizationId }) =>
      entriesOf(seed.objects.get(aid) ?? [], { orgId: organizationId, aid }),
    ),
  ]
}
