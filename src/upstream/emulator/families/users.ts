import { normalizedEmail, userIdOf } from '#domain/user.ts'
import type { Answerers, Call } from '../call.ts'
import { type Acceptance, type Accepted, crud, type Family, shown } from '../crud.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, objectsOf, present, textOf, textsOf } from '../json.ts'
import type { Model } from '../model.ts'
import { invalid, invalidField, notFound, refused, type V7Refusal, type Violation } from '../refusals.ts'
import type { Entry, Objects } from '../state.ts'
import { endSessionsOf, haveSameRoles } from './role-changes.ts'
import { roleSummary } from './roles.ts'

const groupSummary = (aid: string, state: Objects): JsonObject => ({
  aid,
  accountGroupName: state.find('account-groups', aid)?.fields['accountGroupName'] ?? '',
})

/** The ids of the request become objects in the answer (v7-notes section 9). */
function show(user: Entry, { state }: Call): JsonObject {
  const { fields } = user
  const rolesOf = (ids: readonly string[]): readonly JsonObject[] =>
    ids.flatMap((id) => roleSummary(id, state))
  return present({
    name: fields['name'],
    email: fields['email'],
    dateRegistered: fields['dateRegistered'],
    lastLogin: fields['lastLogin'],
    loginAccountGroup: groupSummary(textOf(fields['loginAccountGroupId']) ?? '', state),
    accountGroupRoles: objectsOf(fields['accountGroupRoles']).map((one) => ({
      accountGroup: groupSummary(textOf(one['accountGroupId']) ?? '', state),
      roles: rolesOf(textsOf(one['roleIds'])),
    })),
    allAccountGroupRoles: rolesOf(textsOf(fields['allAccountGroupRoleIds'])),
  })
}

/** What a user's request names that does not exist in the organization. */
function strays(merged: JsonObject, { state, caller }: Call): readonly Violation[] {
  const isGroup = (aid: string): boolean => state.find('account-groups', aid)?.orgId === caller.orgId
  const isRole = (id: string): boolean => {
    const role = state.find('roles', id)
    return role !== undefined && (role.orgId === undefined || role.orgId === caller.orgId)
  }
  const login = textOf(merged['loginAccountGroupId'])
  const groups = objectsOf(merged['accountGroupRoles'])
  const roleIds = [
    ...textsOf(merged['allAccountGroupRoleIds']),
    ...groups.flatMap((one) => textsOf(one['roleIds'])),
  ]
  return [
    ...(login !== undefined && !isGroup(login)
      ? [{ field: 'loginAccountGroupId', message: `There is no account group ${login}.` }]
      : []),
    ...groups
      .map((one) => textOf(one['accountGroupId']) ?? '')
      .filter((aid) => !isGroup(aid))
      .map((aid) => ({ field: 'accountGroupRoles', message: `There is no account group ${aid}.` })),
    ...roleIds
      .filter((id) => !isRole(id))
      .map((id) => ({ field: 'roleIds', message: `There is no role ${id}.` })),
  ]
}

const managementPermission = 'Assign management permissions'
const everywherePermission = 'Edit users in all account groups'

/**
 * The permission without which the caller may neither give these roles nor touch a user who has them, so that nobody makes
 * an administrator of more than it is itself. Inferred from the labels.
 */
function reservedFor(fields: JsonObject, { state, caller, aid }: Call): string | undefined {
  const held = caller.permissionsIn(aid)
  const groups = objectsOf(fields['accountGroupRoles'])
  const everywhere = textsOf(fields['allAccountGroupRoleIds'])
  const roleIds = [...everywhere, ...groups.flatMap((one) => textsOf(one['roleIds']))]
  const manages = roleIds.some((id) => state.find('roles', id)?.fields['hasManagementPermissions'] === true)
  const isElsewhere = groups.some((one) => !caller.groups.includes(textOf(one['accountGroupId']) ?? ''))
  if (manages && !held.has(managementPermission)) return managementPermission
  const reachesFurther = everywhere.length > 0 || isElsewhere
  return reachesFurther && !held.has(everywherePermission) ? everywherePermission : undefined
}

function accept({ call, merged, stored }: Acceptance): Accepted | V7Refusal {
  const email = textOf(merged['email'])
  if (email === undefined || email === '') return invalidField('email', 'Email is empty.')
  const isTaken = call.state
    .all('users')
    .some(
      ({ id, fields }) =>
        id !== stored?.id && normalizedEmail(String(fields['email'])) === normalizedEmail(email),
    )
  if (isTaken) return invalidField('email', 'A user with this email exists already.')
  const wrong = strays(merged, call)
  if (wrong.length > 0) return invalid(wrong)
  const reserved = reservedFor(merged, call) ?? (stored && reservedFor(stored.fields, call))
  if (reserved !== undefined) return refused('forbidden', `The role lacks "${reserved}".`)
  return {
    fields: {
      name: email,
      loginAccountGroupId: call.caller.loginAid,
      dateRegistered: isoDate(call.now),
      ...merged,
    },
  }
}

/** A v7 user is also a person who signs in: the directory follows, before the write is acknowledged. */
function afterWrite(entry: Entry, call: Call, before?: Entry): void {
  const { region, state, directory, caller } = call
  const email = textOf(entry.fields['email']) ?? ''
  const name = textOf(entry.fields['name']) ?? email
  if (before) {
    state.also(() => directory.update(userIdOf(region, entry.id), { email, name }))
    if (!haveSameRoles(before.fields, entry.fields)) endSessionsOf([entry.id], call)
    return
  }
  const ownGroup = state.find('account-groups', caller.loginAid)
  const organizationName = textOf(ownGroup?.fields['organizationName']) ?? caller.orgId
  const organizationId = caller.orgId
  state.also(() => directory.enrol({ region, uid: entry.id, email, name, organizationId, organizationName }))
}

const user: Family = {
  path: '/users',
  collection: 'users',
  idKey: 'uid',
  owner: 'organization',
  // Never an id that a deleted user had: tokens are bound to it.
  newId: ({ state }) => state.nextId({ name: 'uids', first: 100_001 }),
  show,
  accept,
  afterWrite,
  beforeDelete(entry, call) {
    const { caller, state, directory, region } = call
    if (entry.id === caller.uid) return refused('forbidden', 'A user cannot delete itself.')
    const reserved = reservedFor(entry.fields, call)
    if (reserved !== undefined) return refused('forbidden', `The role lacks "${reserved}".`)
    state.also(() => directory.remove(userIdOf(region, entry.id)))
    return undefined
  },
}

/** `/users` and `/users/current`. */
export const users = (model: Model): Answerers => ({
  ...crud(user, model),
  getCurrentUser: (call) => {
    const entry = call.state.find('users', call.caller.uid)
    if (!entry) return notFound
    const schema = model.schema('UserDetail')
    return {
      status: 200,
      body: {
        ...shown(user, entry, { ...call, schema }),
        _links: { self: { href: call.href('/users/current') } },
      },
    }
  },
})
