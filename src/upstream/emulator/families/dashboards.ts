import type { Answerers, Call } from '../call.ts'
import { type Acceptance, type Accepted, crud, type Family } from '../crud.ts'
import { legacyDate, withTimespan } from '../dashboards/timespan.ts'
import { partKeys } from '../dashboards/widget-ids.ts'
import { arranged, type Place, showWidget } from '../dashboards/widgets.ts'
import { hexId } from '../hex-id.ts'
import { isoDate } from '../iso-date.ts'
import { type Json, type JsonObject, objectsOf, present, textOf } from '../json.ts'
import type { Model } from '../model.ts'
import { invalidField, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { seesDashboard, unchangeable } from './dashboard-access.ts'
import { forget } from './tag-assignments.ts'

/** How many widgets a dashboard has, and cards or columns a widget. Ours: each is worked out when it is read. */
const mostParts = 100

function tooManyParts(widgets: readonly JsonObject[]): V7Refusal | undefined {
  const message = `must have at most ${mostParts} elements.`
  if (widgets.length > mostParts) return invalidField('widgets', message)
  for (const [index, widget] of widgets.entries())
    for (const key of partKeys)
      if (objectsOf(widget[key]).length > mostParts) return invalidField(`widgets[${index}].${key}`, message)
  return undefined
}

function accept({ call, merged, stored }: Acceptance): Accepted | V7Refusal {
  const refusal = stored && unchangeable(stored, call)
  if (refusal) return refusal
  const tooMany = tooManyParts(objectsOf(merged['widgets']))
  if (tooMany) return tooMany
  const filterId = textOf(merged['globalFilterId'])
  if (filterId !== undefined && call.state.find('dashboard-filters', filterId)?.aid !== call.aid)
    return invalidField('globalFilterId', `There is no dashboard filter ${filterId} in this account group.`)
  const { uid } = call.caller
  const fields = { isPrivate: false, isGlobalOverride: false, widgets: [], ...withTimespan(merged) }
  return {
    fields: {
      ...arranged(fields, objectsOf(stored?.fields['widgets']), call),
      createdBy: stored?.fields['createdBy'] ?? uid,
      modifiedBy: uid,
      modifiedDate: isoDate(call.now),
    },
  }
}

/** Nobody can choose a default in v7, so that only a seeded dashboard is one. */
const flags: JsonObject = {
  isBuiltIn: false,
  isDefaultForUser: false,
  isDefaultForAccount: false,
  isMigratedReport: false,
}

/** What both forms of a dashboard have. */
const common = (entry: Entry, place: Place, call: Call): JsonObject => ({
  ...flags,
  ...withTimespan(entry.fields),
  aid: entry.aid ?? call.aid,
  widgets: objectsOf(entry.fields['widgets']).map((widget) => showWidget(widget, place, call)),
})

const numberOf = (uid: Json | undefined): number | undefined => (uid === undefined ? undefined : Number(uid))

const snapshotsOf = (dashboardId: string, { href }: Call): string => {
  const address = new URL(href('/dashboard-snapshots'))
  address.searchParams.set('dashboardId', dashboardId)
  return address.href
}

/**
 * A dashboard as it is read: users and the date of the last change stand under new names, and the older names hold them in
 * older forms (v7-notes section 11).
 */
export function dashboardRead(entry: Entry, place: Place, call: Call): JsonObject {
  const { createdBy, modifiedBy, modifiedDate, isGlobalOverride, isMigratedReport } = entry.fields
  const accountId = Number(entry.aid ?? call.aid)
  return {
    ...common(entry, place, call),
    dashboardId: entry.id,
    ...present({
      dashboardCreatedBy: createdBy,
      dashboardModifiedBy: modifiedBy,
      dashboardModifiedDate: modifiedDate,
      accountId,
      createdBy: numberOf(createdBy),
      modifiedBy: numberOf(modifiedBy),
      modifiedDate: legacyDate(textOf(modifiedDate) ?? isoDate(call.now)),
      globalOverride: isGlobalOverride,
      migratedReport: isMigratedReport ?? false,
    }),
    apiLink: [
      { rel: 'self', href: call.href(`/dashboards/${entry.id}`) },
      { rel: 'snapshots', href: snapshotsOf(entry.id, call) },
    ],
  }
}

const placeOf = ({ id }: Entry): Place => ({ path: `/dashboards/${id}`, hasParts: true })

export const dashboard: Family = {
  path: '/dashboards',
  collection: 'dashboards',
  idKey: 'dashboardId',
  owner: 'account-group',
  newId: hexId,
  sees: seesDashboard,
  accept,
  show: (entry, call) =>
    call.row.method === 'GET'
      ? dashboardRead(entry, placeOf(entry), call)
      : common(entry, placeOf(entry), call),
  links: ({ id }, call) => ({ snapshots: { href: snapshotsOf(id, call) } }),
  beforeDelete(entry, call) {
    const refusal = unchangeable(entry, call)
    if (!refusal) forget({ id: entry.id, type: 'dashboard' }, call)
    return refusal
  },
}

/** `/dashboards`. */
export const dashboards = (model: Model): Answerers => crud(dashboard, model)
