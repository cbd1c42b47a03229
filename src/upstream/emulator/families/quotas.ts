/**
 * Quotas of the organization and of its account groups. Both are only added to: what a call does not name stays
 * (official document). A user belongs to one organization here, so every other one is refused.
 */
import type { Answer, Answerers, Call } from '../call.ts'
import { type Json, type JsonObject, listOf, objectOf, objectsOf, textsOf } from '../json.ts'
import { invalid, invalidField, isV7Refusal, refused, type V7Refusal, type Violation } from '../refusals.ts'

export const organizationQuotas = 'organization-quotas'
const accountGroupQuotas = 'account-group-quotas'

const elsewhere = refused('forbidden', 'Quotas of another organization are edited by its own users.')

const isElsewhere = (orgId: Json | undefined, { caller }: Call): boolean =>
  orgId !== undefined && orgId !== caller.orgId

/** The list that each of the four bodies consists of, without which they say nothing. */
function givenList({ body }: Call): readonly Json[] | V7Refusal {
  const organizations = objectOf(body)['organizations']
  return organizations === undefined ? invalidField('organizations', 'is empty.') : listOf(organizations)
}

/** The lines of organizations. One that names no organization is for the caller's own. */
function givenLines(call: Call): readonly JsonObject[] | V7Refusal {
  const given = givenList(call)
  if (isV7Refusal(given)) return given
  const lines = objectsOf(given)
  return lines.some(({ orgId }) => isElsewhere(orgId, call)) ? elsewhere : lines
}

const wrongValue = (value: Json | undefined, field: string): readonly Violation[] => {
  if (value === undefined) return [{ field, message: 'is empty.' }]
  return Number(value) < 0 ? [{ field, message: 'must be at least 0.' }] : []
}

const strayGroup = (aid: Json | undefined, field: string, { state, caller }: Call): readonly Violation[] =>
  state.find('account-groups', String(aid))?.orgId === caller.orgId
    ? []
    : [{ field, message: `There is no account group ${String(aid)} in this organization.` }]

function assign(call: Call): Answer | V7Refusal {
  const lines = givenLines(call)
  if (isV7Refusal(lines)) return lines
  const wrong = lines.flatMap(({ value }, index) => wrongValue(value, `organizations[${index}].value`))
  if (wrong.length > 0) return invalid(wrong)
  const { orgId } = call.caller
  for (const { value = 0 } of lines)
    call.state.put({ collection: organizationQuotas, id: orgId, orgId, fields: { value } })
  return { status: 200, body: { organizations: lines.map(({ value = 0 }) => ({ orgId, value })) } }
}

function unassign(call: Call): Answer | V7Refusal {
  const given = givenList(call)
  if (isV7Refusal(given)) return given
  const ids = textsOf(given)
  if (ids.some((id) => isElsewhere(id, call))) return elsewhere
  for (const id of ids) call.state.remove(organizationQuotas, id)
  return { status: 204 }
}

/** @returns what is wrong with the account groups of a line, given as `field` says */
function wrongGroups(
  accountGroups: readonly Json[],
  field: string,
  wrong: (group: Json, field: string) => readonly Violation[],
): readonly Violation[] {
  if (accountGroups.length === 0) return [{ field, message: 'is empty.' }]
  return accountGroups.flatMap((group, index) => wrong(group, `${field}[${index}]`))
}

function assignGroups(call: Call): Answer | V7Refusal {
  const lines = givenLines(call)
  if (isV7Refusal(lines)) return lines
  const wrong = lines.flatMap(({ accountGroups }, index) =>
    wrongGroups(listOf(accountGroups), `organizations[${index}].accountGroups`, (group, field) => {
      const { aid, value } = objectOf(group)
      return [...strayGroup(aid, `${field}.aid`, call), ...wrongValue(value, `${field}.value`)]
    }),
  )
  if (wrong.length > 0) return invalid(wrong)
  const { orgId } = call.caller
  const organizations = lines.map(({ accountGroups }) => ({
    orgId,
    accountGroups: objectsOf(accountGroups).map(({ aid, value = 0 }) => ({ aid: String(aid), value })),
  }))
  for (const { aid, value } of organizations.flatMap(({ accountGroups }) => accountGroups))
    call.state.put({ collection: accountGroupQuotas, id: aid, orgId, aid, fields: { value } })
  return { status: 200, body: { organizations } }
}

function unassignGroups(call: Call): Answer | V7Refusal {
  const lines = givenLines(call)
  if (isV7Refusal(lines)) return lines
  const wrong = lines.flatMap(({ accountGroups }, index) =>
    wrongGroups(listOf(accountGroups), `organizations[${index}].accountGroups`, (aid, field) =>
      strayGroup(aid, field, call),
    ),
  )
  if (wrong.length > 0) return invalid(wrong)
  for (const aid of lines.flatMap(({ accountGroups }) => textsOf(accountGroups)))
    call.state.remove(accountGroupQuotas, aid)
  return { status: 204 }
}

/** One row for the organization, none while it has no quota at all. */
function list({ state, caller: { orgId }, row, href }: Call): Answer {
  const value = state.find(organizationQuotas, orgId)?.fields['value']
  const groups = state.all(accountGroupQuotas).filter((group) => group.orgId === orgId)
  const quota: JsonObject = {
    ...(value !== undefined && { organizationQuota: { orgId, value } }),
    accountGroupQuotas: groups.map(({ id, fields }) => ({ aid: id, value: fields['value'] ?? 0 })),
  }
  const quotas = value === undefined && groups.length === 0 ? [] : [quota]
  return { status: 200, body: { quotas, _links: { self: { href: href(row.path) } } } }
}

/** `/quotas`. */
export const quotas = (): Answerers => ({
  getQuotas: list,
  assignOrganizationsQuotas: assign,
  unassignOrganizationsQuotas: unassign,
  assignOrganizationsAccountGroupsQuotas: assignGroups,
  unassignOrganizationsAccountGroupsQuotas: unassignGroups,
})
