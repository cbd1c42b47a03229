import type { Call } from '../call.ts'
import { alertsIn } from '../families/test-alerts.ts'
import { agentsOf, targetsOf } from '../families/test-measured.ts'
import { type JsonObject, objectOf, objectsOf, textOf, textsOf } from '../json.ts'
import { slotOf } from '../measurements/slots.ts'
import { type AskedPage, type Page, sliceOf } from '../paging.ts'
import { isV7Refusal, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { hasPart } from '../text-search.ts'
import { type Graphed, graphletsOf, graphPoints } from './graphlets.ts'
import { type Question, valuesFor } from './measured-series.ts'
import { type SortKeys, sortOf } from './sorting.ts'
import { groupsOf } from './subjects.ts'
import { testsSeen } from './test-series.ts'
import { filtersOf, passes } from './widget-filters.ts'

/** One is the document's example; the others follow it. */
const typeNames: Readonly<Record<string, string>> = {
  'agent-to-server': 'Network - Agent to Server',
  'agent-to-agent': 'Network - Agent to Agent',
  bgp: 'Routing - BGP',
  'dns-server': 'DNS - DNS Server',
  'dns-trace': 'DNS - DNS Trace',
  dnssec: 'DNS - DNSSEC',
  'http-server': 'Web - HTTP Server',
  'page-load': 'Web - Page Load',
  'web-transactions': 'Web - Transaction',
  api: 'Web - API',
  'ftp-server': 'Web - FTP Server',
  'sip-server': 'Voice - SIP Server',
  voice: 'Voice - RTP Stream',
}

interface Row {
  readonly test: Entry
  readonly name: string
  readonly type: string
  readonly target: string
  readonly activeAlerts: number
}

/** What the test is configured to measure. */
function targetOf(test: Entry, { state }: Call): string {
  const { url, server, domain, prefix, targetAgentId } = test.fields
  const agent = state.find('agents', textOf(targetAgentId) ?? '')
  const given = [agent?.fields['agentName'], url, server, domain, prefix].find(
    (one) => textOf(one) !== undefined,
  )
  return textOf(given) ?? targetsOf(test, state)[0]?.server ?? ''
}

function rowsOf(call: Call): readonly Row[] {
  const active = alertsIn([slotOf(call.now / 1000)], call, call.now).filter(
    ({ clearedAt }) => clearedAt === undefined,
  )
  return testsSeen(call).map((test) => ({
    test,
    name: textOf(test.fields['testName']) ?? '',
    type: typeNames[String(test.fields['type'])] ?? String(test.fields['type']),
    target: targetOf(test, call),
    activeAlerts: active.filter((alert) => alert.test.id === test.id).length,
  }))
}

/** By the document's `TestTableFilterKey`; that texts are looked for in any case, and types by a part, is ours. */
const searches: Readonly<Record<string, (row: Row, value: string) => boolean>> = {
  Anything: ({ test, name, type, target }, value) =>
    [test.id, name, type, target].some((text) => hasPart(text, value)),
  'Test Name': ({ name }, value) => hasPart(name, value),
  Target: ({ target }, value) => hasPart(target, value),
  'Test ID': ({ test }, value) => test.id === value,
  'Test type': ({ test, type }, value) => test.fields['type'] === value || hasPart(type, value),
  'Label ID': ({ test }, value) => textsOf(test.fields['labels']).includes(value),
  'Tag ID': ({ test }, value) => textsOf(test.fields['tags']).includes(value),
}

/** @returns undefined when the search looks for nothing */
function matches(row: Row, search: JsonObject): boolean | undefined {
  const results = objectsOf(search['filters']).map(({ key, value }) =>
    (searches[textOf(key) ?? 'Anything'] ?? (() => true))(row, textOf(value) ?? ''),
  )
  if (results.length === 0) return undefined
  return search['type'] === 'any' ? results.some(Boolean) : results.every(Boolean)
}

function isShown(row: Row, { measuring: widget, dashboard, call }: Question): boolean {
  if (matches(row, objectOf(widget['filter'])) === false) return false
  if (matches(row, objectOf(widget['exclude'])) === true) return false
  const { test } = row
  const [target] = targetsOf(test, call.state)
  return passes(filtersOf(widget, dashboard, call), (property) =>
    target
      ? agentsOf(test, call.state).flatMap((agent) => groupsOf(property, { test, agent, target }, call))
      : [],
  )
}

const byText =
  (of: (row: Row) => string) =>
  (a: Row, b: Row): number =>
    of(a).localeCompare(of(b), 'en')

const sortKeys: SortKeys<Row> = {
  alertStatus: { compare: (a, b) => a.activeAlerts - b.activeAlerts, usual: 'desc' },
  testName: { compare: byText(({ name }) => name), usual: 'asc' },
  testType: { compare: byText(({ type }) => type), usual: 'asc' },
}

const shown = ({ test, name, type, target, activeAlerts }: Row, graphed: Graphed): JsonObject => ({
  testId: test.id,
  testName: name,
  target,
  testType: type,
  alertCount: activeAlerts,
  isShared: textsOf(test.fields['sharedWithAccounts']).some((aid) => aid !== test.aid),
  graphlets: graphletsOf(test, graphed),
})

/** How many tests a page of a Test Table has (official document, `max`). */
export const testsOnPage = 10

/** A page of the usual length has graphs of all rounds; a longer one graphs of fewer, but of a value for each point. */
const graphValues = (question: Question, rows: number): number =>
  Math.max(graphPoints, valuesFor({ shares: (question.shares ?? 1) * (rows / testsOnPage) }))

/** A Test Table: one page of its tests. */
export function testTablePage(question: Question, asked: AskedPage): Page<JsonObject> | V7Refusal {
  const { call } = question
  const compare = sortOf(call, sortKeys, 'alertStatus')
  if (isV7Refusal(compare)) return compare
  const rows = rowsOf(call)
    .filter((row) => isShown(row, question))
    .toSorted(compare)
  const page = sliceOf(asked, rows)
  const graphed = { call, mostValues: graphValues(question, page.rows.length) }
  return { ...page, rows: page.rows.map((row) => shown(row, graphed)) }
}
