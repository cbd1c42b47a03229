import type { Answerers, Call } from '../call.ts'
import { groupsOf, roleIdsIn } from '../caller.ts'
import { crud, type Family, listAnswer, shown } from '../crud.ts'
import { type JsonObject, objectsOf, textOf, textsOf, without } from '../json.ts'
import type { Model } from '../model.ts'
import { invalidField, refused } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { agentsOfGroup, setAgentGroups } from './agent-groups.ts'
import { takeFromTests } from './agent-relations.ts'
import { roleSummary } from './roles.ts'

/** The users of an account group with the roles that they have there. */
const usersOf = (aid: string, { state }: Call): readonly JsonObject[] =>
  state.all('users').flatMap((user) => {
    const roles = roleIdsIn(user, aid)
    const isElsewhere = user.orgId !== state.find('account-groups', aid)?.orgId
    if (roles.length === 0 || isElsewhere) return []
    return [{ ...user.fields, uid: user.id, roles: roles.flatMap((id) => roleSummary(id, state)) }]
  })

function show(group: Entry, call: Call): JsonObject {
  return {
    ...group.fields,
    orgId: group.orgId ?? '',
    isCurrentAccountGroup: group.id === call.aid,
    isDefaultAccountGroup: group.id === call.caller.loginAid,
    ...(call.expand.has('user') && { users: usersOf(group.id, call) }),
    ...(call.expand.has('agent') && { agents: agentsOfGroup(group.id, call) }),
  }
}

/** Cloud agents are everybody's. */
const isOfOrganization = (agent: Entry | undefined, { caller }: Call): boolean =>
  agent !== undefined && (agent.orgId === undefined || agent.orgId === caller.orgId)

/** Who was given a role in the account group has it no longer, and starts in another one. */
function takeRoles(aid: string, { state }: Call): void {
  for (const user of state.all('users')) {
    const given = objectsOf(user.fields['accountGroupRoles'])
    const accountGroupRoles = given.filter((one) => one['accountGroupId'] !== aid)
    const isLogin = user.fields['loginAccountGroupId'] === aid
    if (accountGroupRoles.length === given.length && !isLogin) continue
    const kept = { ...user, fields: { ...user.fields, accountGroupRoles } }
    const [first = ''] = groupsOf(kept, state).filter((group) => group !== aid)
    state.put({ ...kept, fields: { ...kept.fields, ...(isLogin && { loginAccountGroupId: first }) } })
  }
}

/** Removes what the account group owns, and takes its agents from the tests of others. */
function removeOwned(aid: string, call: Call): void {
  const { state } = call
  const agents = state.all('agents').filter((agent) => agent.aid === aid)
  for (const collection of state.collections())
    for (const entry of state.all(collection)) if (entry.aid === aid) state.remove(collection, entry.id)
  takeFromTests(new Set(agents.map(({ id }) => id)), call)
}

/** Takes the account group from what was given to it. */
function takeBack(aid: string, call: Call): void {
  setAgentGroups(aid, [], call)
  takeRoles(aid, call)
  for (const test of call.state.all('tests')) {
    const groups = textsOf(test.fields['sharedWithAccounts'])
    if (!groups.includes(aid)) continue
    const sharedWithAccounts = groups.filter((group) => group !== aid)
    call.state.put({ ...test, fields: { ...test.fields, sharedWithAccounts } })
  }
}

const accountGroup: Family = {
  path: '/account-groups',
  collection: 'account-groups',
  idKey: 'aid',
  owner: 'organization',
  newId: ({ state }) => state.nextId({ name: 'aids', first: 100_001 }),
  show,
  accept({ call, merged, stored }) {
    const name = textOf(merged['accountGroupName'])
    const isTaken = call.state
      .all('account-groups')
      .some(
        ({ id, orgId, fields }) =>
          orgId === call.caller.orgId && id !== stored?.id && fields['accountGroupName'] === name,
      )
    if (isTaken) return invalidField('accountGroupName', 'An account group of this name exists already.')
    const unknown = textsOf(merged['agents']).find(
      (id) => !isOfOrganization(call.state.find('agents', id), call),
    )
    if (unknown !== undefined) return invalidField('agents', `There is no agent ${unknown}.`)
    return { fields: merged }
  },
  afterWrite(group, call) {
    const { agents } = group.fields
    const organizationName = call.state.find('account-groups', call.caller.loginAid)?.fields[
      'organizationName'
    ]
    call.state.put({
      ...group,
      fields: { organizationName: organizationName ?? '', ...without(group.fields, ['agents']) },
    })
    if (agents !== undefined) setAgentGroups(group.id, textsOf(agents), call)
  },
  beforeDelete(group, call) {
    if (group.id === call.caller.loginAid)
      return refused('forbidden', 'The login account group of the caller cannot be deleted.')
    removeOwned(group.id, call)
    takeBack(group.id, call)
    return undefined
  },
}

/** The list shows the groups that the caller reaches, not those of the whole organization. */
const reachable: Family = {
  ...accountGroup,
  sees: ({ id }, { caller }) => caller.groups.includes(id),
}

export const accountGroups = (model: Model): Answerers => ({
  ...crud(accountGroup, model),
  getAccountGroups: (call) => {
    const schema = call.model.schema('AccountGroupInfo')
    const groups = call.caller.groups.flatMap((aid) => call.state.find('account-groups', aid) ?? [])
    return listAnswer(
      call,
      [...groups]
        .sort((a, b) => a.sequence - b.sequence)
        .map((group) => shown(reachable, group, { ...call, schema })),
    )
  },
})
