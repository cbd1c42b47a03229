import type { Answer, Answerers, Call } from '../call.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, present, textOf } from '../json.ts'
import { slotOfId } from '../measurements/slot-id.ts'
import { keptRange, slotsBetween } from '../measurements/slots.ts'
import { askedBehind, linksBehind } from '../paging.ts'
import { invalidField, isV7Refusal, notFound, type V7Refusal } from '../refusals.ts'
import { isWithin, type TimeRange, timeRangeOf } from '../time-range.ts'
import { metricsOf } from './alert-metrics.ts'
import { pageOfSlots } from './slot-pages.ts'
import { type Alert, alertsBySlot, alertsIn } from './test-alerts.ts'
import { isSuppressed, releases, windowsOn } from './test-suppression.ts'

const seconds = (at: number): number => Math.floor(at / 1000)

/** `YYYY-MM-DD HH:mm:ss`, as the older twins of the date fields have it (v7-notes section 4). */
const legacyDate = (at: number): string => isoDate(at).replace('T', ' ').replace('Z', '')

const stateOf = ({ clearedAt }: Alert): string => (clearedAt === undefined ? 'trigger' : 'clear')
const severityOf = ({ rule }: Alert): string => textOf(rule.fields['severity']) ?? 'info'

/** An alert goes on while a window holds for its test; it counts how often it came out of one (official document, `suppressed`). */
function suppressionOf({ test, startAt, clearedAt }: Alert, call: Call, asOf: number): JsonObject {
  const windows = windowsOn(new Set([test.id]), call)
  const endAt = clearedAt ?? asOf + 1
  return {
    suppressed: clearedAt === undefined && isSuppressed(windows, test.id, asOf / 1000),
    meta: { version: 1 + releases(windows, test.id, { startAt, endAt }) },
  }
}

function base(alert: Alert, call: Call, asOf: number): JsonObject {
  const { id, test, rule, sources, startAt, clearedAt } = alert
  const self = { href: call.href(`/alerts/${id}`) }
  return present({
    id,
    alertType: rule.fields['alertType'],
    startDate: isoDate(startAt),
    endDate: clearedAt === undefined ? undefined : isoDate(clearedAt),
    violationCount: sources.length,
    duration: seconds((clearedAt ?? asOf) - startAt),
    ...suppressionOf(alert, call, asOf),
    alertState: stateOf(alert),
    alertSeverity: severityOf(alert),
    _links: {
      self,
      test: { href: call.href(`/tests/${test.fields['type']}/${test.id}`) },
      rule: { href: call.href(`/alerts/rules/${rule.id}`) },
      // There is no web application here to lead to.
      appLink: self,
    },
  })
}

/** The list adds the older twins of some fields (v7-notes section 11). */
function listed(alert: Alert, call: Call, asOf: number): JsonObject {
  const { id, rule, startAt, clearedAt } = alert
  return {
    ...base(alert, call, asOf),
    alertRuleId: rule.id,
    alertId: id,
    ruleId: Number(rule.id),
    dateStart: legacyDate(startAt),
    ...(clearedAt !== undefined && { dateEnd: legacyDate(clearedAt) }),
    state: clearedAt === undefined ? 'ACTIVE' : 'CLEARED',
    severity: severityOf(alert).toUpperCase(),
  }
}

type Filter = (alert: Alert) => boolean

/** Which alerts a state and a range ask for: the rules of the operation's text (v7-notes section 5). */
function filterOf(state: string | null, asked: TimeRange | undefined, kept: TimeRange): Filter {
  const range = asked ?? kept
  const isTriggered: Filter = ({ startAt, clearedAt }) => clearedAt === undefined && isWithin(range, startAt)
  const isCleared: Filter = ({ clearedAt }) => clearedAt !== undefined && isWithin(range, clearedAt)
  if (state === 'clear') return isCleared
  if (state === 'trigger' || asked === undefined) return isTriggered
  return (alert) => isCleared(alert) || (alert.clearedAt === undefined && alert.startAt <= range.endAt)
}

/** Alerts are worked out for the 90 days that the document lists without a filter, and no further back. */
async function list(call: Call): Promise<Answer | V7Refusal> {
  const state = call.query.get('state')
  if (state !== null && state !== 'trigger' && state !== 'clear')
    return invalidField('state', 'must be one of trigger, clear.')
  const asked = askedBehind(call)
  if (isV7Refusal(asked)) return asked
  const { asOf } = asked
  const range = timeRangeOf(call, asOf)
  if (range && isV7Refusal(range)) return range
  const kept = keptRange(asOf)
  const isActiveAlone = state === 'trigger' || (state === null && range === undefined)
  // What is active now began in this slot, and what was cleared in one began there: no incident reaches into the next.
  const slots = isActiveAlone
    ? slotsBetween(asOf, asOf, asOf)
    : slotsBetween((range ?? kept).startAt, Math.min((range ?? kept).endAt, asOf), asOf)
  const [inSlot, isAsked] = [alertsBySlot(call, asOf), filterOf(state, range, kept)]
  const { rows, last } = await pageOfSlots(asked, slots, (slot) => inSlot(slot).filter(isAsked))
  return {
    status: 200,
    varies: true,
    body: {
      alerts: rows.map((alert) => listed(alert, call, asOf)),
      _links: linksBehind(call, asked, last),
    },
  }
}

function read(call: Call): Answer | V7Refusal {
  const id = call.parameters['alertId'] ?? ''
  const slot = slotOfId(id)
  const alert = slot === undefined ? undefined : alertsIn([slot], call, call.now).find((one) => one.id === id)
  if (!alert) return notFound
  const state = stateOf(alert)
  return {
    status: 200,
    varies: true,
    body: {
      ...base(alert, call, call.now),
      state,
      severity: severityOf(alert),
      details: metricsOf(alert, call),
    },
  }
}

/** `/alerts` and `/alerts/{alertId}`. */
export const alerts = (): Answerers => ({ getAlerts: list, getAlert: read })
