import type { Answerers, Call } from '../call.ts'
import { type Acceptance, type Accepted, crud, type Family, isOwn } from '../crud.ts'
import { hexId } from '../hex-id.ts'
import { isoDate } from '../iso-date.ts'
import { type Json, type JsonObject, present, textOf, without } from '../json.ts'
import type { Model } from '../model.ts'
import { invalidField, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { hasPart } from '../text-search.ts'
import { unchangeable } from './dashboard-access.ts'

/** The name of a filter is unique (official document, `ApiDashboardFilterName`); within its account group is ours. */
const namesake = (name: Json | undefined, call: Call): Entry | undefined =>
  call.state.all('dashboard-filters').find((one) => isOwn(one, call) && one.fields['name'] === name)

function accept({ call, merged, stored }: Acceptance): Accepted | V7Refusal {
  const refusal = stored && unchangeable(stored, call)
  if (refusal) return refusal
  const taken = namesake(merged['name'], call)
  if (taken && taken.id !== stored?.id) return invalidField('name', 'A filter of this name exists already.')
  const [at, { uid }] = [isoDate(call.now), call.caller]
  return {
    fields: {
      ...merged,
      createdBy: stored?.fields['createdBy'] ?? uid,
      createdDate: stored?.fields['createdDate'] ?? at,
      modifiedBy: uid,
      modifiedDate: at,
    },
  }
}

const userOf = (uid: Json | undefined, { state }: Call): JsonObject =>
  present({ uid, name: state.find('users', String(uid))?.fields['name'] })

/** The pattern is looked for in name and description; that case does not matter is ours. */
function isAsked({ fields }: Entry, { query }: Call): boolean {
  const pattern = query.get('searchPattern') ?? ''
  return [fields['name'], fields['description']].some((text) => hasPart(textOf(text) ?? '', pattern))
}

const filter: Family = {
  path: '/dashboards/filters',
  collection: 'dashboard-filters',
  idKey: 'id',
  owner: 'account-group',
  newId: hexId,
  lists: isAsked,
  accept,
  show: ({ fields, aid }, call) => ({
    ...fields,
    aid: aid ?? call.aid,
    createdBy: userOf(fields['createdBy'], call),
    modifiedBy: userOf(fields['modifiedBy'], call),
  }),
  /** The document does not say what becomes of dashboards that name the filter; here they go on without one. */
  beforeDelete(entry, call) {
    const refusal = unchangeable(entry, call)
    if (refusal) return refusal
    for (const one of call.state.all('dashboards'))
      if (one.fields['globalFilterId'] === entry.id)
        call.state.put({ ...one, fields: without(one.fields, ['globalFilterId']) })
    return undefined
  },
}

/** `/dashboards/filters`. */
export const dashboardFilters = (model: Model): Answerers => crud(filter, model)
