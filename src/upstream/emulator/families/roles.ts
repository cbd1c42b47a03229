import type { Answerers } from '../call.ts'
import { crud, type Family } from '../crud.ts'
import { type Json, type JsonObject, textOf, textsOf } from '../json.ts'
import type { Model } from '../model.ts'
import type { Permission, Permissions } from '../permissions.ts'
import { invalidField, refused } from '../refusals.ts'
import type { Objects } from '../state.ts'
import { endSessionsWithRole, haveSamePermissions } from './role-changes.ts'

const permissionObjects = (permissions: Permissions, ids: Json | undefined): readonly JsonObject[] =>
  textsOf(ids).flatMap((id) =>
    permissions.catalogue.filter((one) => one.permissionId === id).map(permissionObject),
  )

const permissionObject = (permission: Permission): JsonObject => ({ ...permission })

/** A role in short, as users and account groups show it; nothing when it is gone. */
export function roleSummary(roleId: string, state: Objects): readonly JsonObject[] {
  const role = state.find('roles', roleId)
  if (!role) return []
  const { name, isBuiltin, hasManagementPermissions } = role.fields
  return [
    {
      roleId,
      name: name ?? '',
      isBuiltin: isBuiltin ?? false,
      hasManagementPermissions: hasManagementPermissions ?? false,
    },
  ]
}

const role: Family = {
  path: '/roles',
  collection: 'roles',
  idKey: 'roleId',
  owner: 'organization',
  newId: ({ state }) => state.nextId({ name: 'roleIds', first: 1001 }),
  show: ({ fields }, { permissions }) => ({
    ...fields,
    permissions: permissionObjects(permissions, fields['permissions']),
  }),
  accept({ call, merged, stored }) {
    if (stored?.fields['isBuiltin'] === true)
      return refused('forbidden', 'Built-in roles cannot be changed, only duplicated.')
    const name = textOf(merged['name'])
    if (name === undefined || name === '') return invalidField('name', 'Name is empty.')
    const ids = textsOf(merged['permissions'])
    const chosen = call.permissions.catalogue.filter(({ permissionId }) => ids.includes(permissionId))
    if (chosen.length < new Set(ids).size)
      return invalidField('permissions', 'A permission of this id does not exist.')
    return {
      fields: {
        ...merged,
        isBuiltin: false,
        hasManagementPermissions: chosen.some(({ isManagementPermission }) => isManagementPermission),
      },
    }
  },
  afterWrite(entry, call, before) {
    if (before && !haveSamePermissions(before.fields, entry.fields)) endSessionsWithRole(entry.id, call)
  },
  beforeDelete({ id, fields }, call) {
    if (fields['isBuiltin'] === true) return refused('forbidden', 'Built-in roles cannot be deleted.')
    endSessionsWithRole(id, call)
    return undefined
  },
}

/** `/roles` and the catalogue `/permissions`. */
export const roles = (model: Model): Answerers => ({
  ...crud(role, model),
  getPermissions: ({ permissions, href }) => ({
    status: 200,
    body: {
      permissions: permissions.catalogue.map(permissionObject),
      _links: { self: { href: href('/permissions') } },
    },
  }),
})
