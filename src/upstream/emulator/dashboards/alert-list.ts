import { type Alert, alertsIn } from '../families/test-alerts.ts'
import { targetsOf } from '../families/test-measured.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, present, textOf, textsOf } from '../json.ts'
import { slotsBetween } from '../measurements/slots.ts'
import type { Model } from '../model.ts'
import { isV7Refusal, type V7Refusal } from '../refusals.ts'
import type { Question } from './measured-series.ts'
import { type SortKeys, sortOf } from './sorting.ts'
import { groupsOf } from './subjects.ts'
import { filtersOf, passes } from './widget-filters.ts'

/** From the words of alert rules to those of this list; those that are not here are the same. */
const listWords: Readonly<Record<string, string>> = {
  'end-to-end-server': 'network-end-to-end-server',
  'end-to-end-agent': 'network-end-to-end-agent',
  'path-trace': 'network-path-trace',
  'http-server': 'web-http-server',
  'page-load': 'web-page-load',
  'web-transactions': 'web-transaction',
  ftp: 'web-ftp-server',
  'sip-server': 'voice-sip-server',
  voice: 'voice-rtp-stream',
  bgp: 'routing-bgp',
}

const typeOf = ({ rule }: Alert): string => {
  const type = textOf(rule.fields['alertType']) ?? ''
  return listWords[type] ?? type
}

/** The document has the types twice, in the same order: as widgets name them, and as their alerts do. */
function wantedTypes(model: Model, widget: JsonObject): ReadonlySet<string> | undefined {
  const wanted = textsOf(widget['alertTypes'])
  const [older, newer] = ['LegacyAlertListAlertType', 'AlertListAlertType'].map(
    (name) => model.schema(name).enum ?? [],
  )
  if (wanted.length === 0) return undefined
  return new Set(wanted.map((word) => String(newer?.[older?.indexOf(word) ?? -1])))
}

const isActive = ({ clearedAt }: Alert): boolean => clearedAt === undefined

const sortKeys: SortKeys<Alert> = {
  alertStatus: { compare: (a, b) => Number(isActive(a)) - Number(isActive(b)), usual: 'desc' },
  startTime: { compare: (a, b) => a.startAt - b.startAt, usual: 'desc' },
}

const shown = (alert: Alert, now: number): JsonObject =>
  present({
    alertId: alert.id,
    testId: alert.test.id,
    ruleId: alert.rule.id,
    alertSource: textOf(alert.test.fields['testName']),
    alertRule: textOf(alert.rule.fields['ruleName']),
    alertType: typeOf(alert),
    startTime: isoDate(alert.startAt),
    durationInSeconds: Math.floor(((alert.clearedAt ?? now) - alert.startAt) / 1000),
    active: isActive(alert),
  })

/** The alerts that were active at some time of the span, as far as the widget wants them. */
function alertsFor({ measuring: widget, dashboard, range, call }: Question): readonly Alert[] {
  const { now, model, state } = call
  const types = wantedTypes(model, widget)
  const filters = filtersOf(widget, dashboard, call)
  const slots = slotsBetween(range.startAt, Math.min(range.endAt, now), now)
  return alertsIn(slots, call, now)
    .filter(({ startAt, clearedAt }) => startAt <= range.endAt && (clearedAt ?? now) >= range.startAt)
    .filter((alert) => types === undefined || types.has(typeOf(alert)))
    .filter(({ test, sources }) => {
      const [target] = targetsOf(test, state)
      return passes(filters, (property) =>
        target ? sources.flatMap((agent) => groupsOf(property, { test, agent, target }, call)) : [],
      )
    })
}

const usualLimit = 15

/** An Alert List: at most so many alerts as the call, else the widget, says; the totals are of all. */
export function alertListContent(question: Question): JsonObject | V7Refusal {
  const { measuring: widget, call } = question
  const compare = sortOf(call, sortKeys, 'alertStatus')
  if (isV7Refusal(compare)) return compare
  const alerts = alertsFor(question)
  const most = Number(call.query.get('max') ?? widget['limitTo'] ?? usualLimit)
  return {
    data: {
      totalAlerts: alerts.length,
      activeAlerts: alerts.filter(isActive).length,
      alerts: alerts
        .toSorted(compare)
        .slice(0, Math.max(0, most))
        .map((alert) => shown(alert, call.now)),
    },
  }
}
