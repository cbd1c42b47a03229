/**
 * Snapshots: copies of dashboards with what their widgets showed in one span. They outlive changes and the end of their
 * dashboards and tests, and disappear when they expire.
 */
import type { Answer, Answerers, Call } from '../call.ts'
import { type Acceptance, type Accepted, crud, type Family, isOwn, named, shown } from '../crud.ts'
import { frozenWidgets } from '../dashboards/frozen.ts'
import { legacyDate } from '../dashboards/timespan.ts'
import { showWidget } from '../dashboards/widgets.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, objectOf, objectsOf, textOf } from '../json.ts'
import type { Model } from '../model.ts'
import { askedPage, pageLinks, sliceOf } from '../paging.ts'
import { invalidField, isV7Refusal, notFound, refused, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { uuid } from '../uuid.ts'
import { seesDashboard } from './dashboard-access.ts'
import { dashboardRead } from './dashboards.ts'
import { expiryOf, snapshotRange, usualExpiry } from './snapshot-dates.ts'

/** What the widgets of snapshots showed, one entry each: large, and read one by one. */
const widgetCollection = 'dashboard-snapshot-widgets'

const widgetKey = (snapshotId: string, widgetId: string): string => `${snapshotId} ${widgetId}`

const expiresAt = ({ fields }: Entry): number => Date.parse(textOf(fields['snapshotExpirationDate']) ?? '')

const isExpired = (snapshot: Entry, { now }: Call): boolean => expiresAt(snapshot) <= now

function accept({ call, merged }: Acceptance): Accepted | V7Refusal {
  const dashboardId = textOf(merged['dashboardId']) ?? ''
  const dashboard = call.state.find('dashboards', dashboardId)
  if (!dashboard || !seesDashboard(dashboard, call))
    return invalidField('dashboardId', `There is no dashboard ${dashboardId} in this account group.`)
  const range = snapshotRange(merged, dashboard.fields, call)
  if (isV7Refusal(range)) return range
  const wanted = textOf(merged['expirationDate'])
  const expiry =
    wanted === undefined ? { at: usualExpiry(call.now) } : expiryOf(wanted, 'expirationDate', call)
  if (isV7Refusal(expiry)) return expiry
  return {
    fields: {
      snapshotName: textOf(merged['displayName']) ?? textOf(dashboard.fields['title']) ?? '',
      snapshotCreatedDate: isoDate(call.now),
      snapshotExpirationDate: isoDate(expiry.at),
      createdBy: call.caller.uid,
      isAnonymous: merged['anonymizeData'] === true,
      dashboardId,
      dashboard: dashboard.fields,
      timeSpan: { start: isoDate(range.startAt), duration: (range.endAt - range.startAt) / 1000 },
    },
  }
}

/** Works out what the widgets show. Snapshots that have expired since are removed with what they kept. */
async function freeze(snapshot: Entry, call: Call): Promise<void> {
  const { timeSpan, isAnonymous, dashboard } = snapshot.fields
  const { start, duration } = objectOf(timeSpan)
  const startAt = Date.parse(textOf(start) ?? '')
  const range = { startAt, endAt: startAt + Number(duration) * 1000 }
  const { id: snapshotId, orgId, aid } = snapshot
  const owner = { ...(orgId !== undefined && { orgId }), ...(aid !== undefined && { aid }) }
  for await (const { id, content } of frozenWidgets(
    objectOf(dashboard),
    { range, isAnonymous: isAnonymous === true },
    call,
  ))
    call.state.put({
      collection: widgetCollection,
      id: widgetKey(snapshotId, id),
      ...owner,
      fields: { snapshotId, content },
    })
  for (const expired of call.state.all('dashboard-snapshots').filter((one) => isExpired(one, call))) {
    thaw(expired, call)
    call.state.remove('dashboard-snapshots', expired.id)
  }
}

function thaw({ id }: Entry, { state }: Call): void {
  for (const one of state.all(widgetCollection))
    if (one.fields['snapshotId'] === id) state.remove(widgetCollection, one.id)
}

const editAll = ['Edit snapshots shared by all users', 'Edit snapshots for all users']

/** Who may edit snapshots of their own alone changes no others. */
function notTheirs({ fields }: Entry, { caller, aid }: Call): V7Refusal | undefined {
  const held = caller.permissionsIn(aid)
  return fields['createdBy'] === caller.uid || editAll.some((label) => held.has(label))
    ? undefined
    : refused('forbidden', `The role lacks "${editAll[0]}", and this is another user's snapshot.`)
}

/** The copy of the dashboard, whose widgets stand in the snapshot now. The older names repeat the newer ones. */
function show(snapshot: Entry, call: Call): JsonObject {
  const { dashboardId, dashboard, timeSpan, snapshotCreatedDate, snapshotExpirationDate } = snapshot.fields
  const place = { path: `/dashboard-snapshots/${snapshot.id}`, hasParts: false }
  const copy: Entry = { ...snapshot, id: textOf(dashboardId) ?? '', fields: objectOf(dashboard) }
  const self = call.href(place.path)
  const start = textOf(objectOf(timeSpan)['start']) ?? ''
  return {
    ...snapshot.fields,
    aid: snapshot.aid ?? call.aid,
    isShared: false,
    isScheduled: false,
    dashboard: dashboardRead(copy, place, call),
    widgets: objectsOf(copy.fields['widgets']).map((widget) => showWidget(widget, place, call)),
    timeSpan: { ...objectOf(timeSpan), startDate: legacyDate(start) },
    accountId: Number(snapshot.aid ?? call.aid),
    createdDate: legacyDate(textOf(snapshotCreatedDate) ?? ''),
    expirationDate: legacyDate(textOf(snapshotExpirationDate) ?? ''),
    permalink: self,
    apiLinks: [{ rel: 'self', href: self }],
  }
}

const snapshot: Family = {
  path: '/dashboard-snapshots',
  collection: 'dashboard-snapshots',
  idKey: 'snapshotId',
  owner: 'account-group',
  newId: uuid,
  sees: (entry, call) => isOwn(entry, call) && !isExpired(entry, call),
  accept,
  afterWrite: freeze,
  show,
  // There is no web application here to lead to, and the answer of the create has no such link.
  links: ({ id }, { href, row }) =>
    row.method === 'GET' ? { appLink: { href: href(`/dashboard-snapshots/${id}`) } } : {},
  beforeDelete(entry, call) {
    thaw(entry, call)
    return undefined
  },
}

/** Newest first, all or those of one dashboard. */
function list(call: Call): Answer | V7Refusal {
  const asked = askedPage(call)
  if (isV7Refusal(asked)) return asked
  const dashboardId = call.query.get('dashboardId')
  const schema = call.model.schema('ApiDashboardSnapshot')
  const all = call.state
    .all('dashboard-snapshots')
    .filter((one) => snapshot.sees?.(one, call))
    .filter((one) => dashboardId === null || one.fields['dashboardId'] === dashboardId)
    .toReversed()
  const { rows, left } = sliceOf(asked, all)
  return {
    status: 200,
    varies: true,
    body: {
      dashboardSnapshots: rows.map((one) => shown(snapshot, one, { ...call, schema })),
      _links: pageLinks(call, asked, left),
    },
  }
}

function changeExpiry(call: Call): Answer | V7Refusal {
  const entry = named(snapshot, call)
  if (!entry) return notFound
  const refusal = notTheirs(entry, call)
  if (refusal) return refusal
  const { snapshotExpirationDate, expirationDate } = objectOf(call.body)
  const field = snapshotExpirationDate === undefined ? 'expirationDate' : 'snapshotExpirationDate'
  const wanted = textOf(snapshotExpirationDate ?? expirationDate)
  const createdAt = Date.parse(textOf(entry.fields['snapshotCreatedDate']) ?? '')
  const expiry = wanted === undefined ? { at: usualExpiry(createdAt) } : expiryOf(wanted, field, call)
  if (isV7Refusal(expiry)) return expiry
  call.state.put({ ...entry, fields: { ...entry.fields, snapshotExpirationDate: isoDate(expiry.at) } })
  return { status: 204 }
}

function widget(call: Call): Answer | V7Refusal {
  const { snapshotId = '', widgetId = '' } = call.parameters
  const entry = call.state.find('dashboard-snapshots', snapshotId)
  const kept = call.state.find(widgetCollection, widgetKey(snapshotId, widgetId))
  if (!entry || !kept || !snapshot.sees?.(entry, call)) return notFound
  const self = { href: call.href(`/dashboard-snapshots/${entry.id}/widgets/${widgetId}`) }
  return { status: 200, varies: true, body: { ...objectOf(kept.fields['content']), _links: { self } } }
}

/** `/dashboard-snapshots`. */
export const dashboardSnapshots = (model: Model): Answerers => ({
  ...crud(snapshot, model),
  getDashboardSnapshots: list,
  getDashboardSnapshot(call) {
    const entry = named(snapshot, call)
    const schema = call.model.schema('ApiDashboardSnapshot')
    return entry ? { status: 200, varies: true, body: shown(snapshot, entry, { ...call, schema }) } : notFound
  },
  updateDashboardSnapshotExpirationDate: changeExpiry,
  getDashboardSnapshotWidgetData: widget,
})
