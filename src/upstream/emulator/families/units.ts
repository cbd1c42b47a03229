/**
 * Units: what tests use up, worked out from the rounds that they have by their interval. No history is kept: a test counts as
 * it is now, and one that is gone counts no more. Prices and periods are ours; ThousandEyes' depend on the contract.
 */
import type { Call } from '../call.ts'
import { textOf } from '../json.ts'
import type { Schedule } from '../measurements/measurements.ts'
import type { Entry } from '../state.ts'
import type { TimeRange } from '../time-range.ts'
import { agentsOf, measured } from './test-measured.ts'

/** Of one agent in one round. */
const prices: Readonly<Record<string, number>> = {
  'page-load': 10,
  'web-transactions': 20,
  api: 10,
  'ftp-server': 10,
  voice: 10,
}
const usualPrice = 5

/** The calendar month in UTC, its last millisecond included. @param months how many later */
export function billingPeriod(now: number, months = 0): TimeRange {
  const at = new Date(now)
  const startOf = (later: number): number => Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + later)
  return { startAt: startOf(months), endAt: startOf(months + 1) - 1 }
}

/** How many rounds begin in the span. */
function roundsIn(schedule: Schedule, { startAt, endAt }: TimeRange): number {
  switch (schedule.kind) {
    case 'never':
      return 0
    case 'once':
      return schedule.at * 1000 >= startAt && schedule.at * 1000 <= endAt ? 1 : 0
    case 'repeated': {
      const { interval, first } = schedule
      const oldest = Math.max(Math.ceil(startAt / 1000 / interval), first / interval)
      return Math.max(0, Math.floor(endAt / 1000 / interval) - oldest + 1)
    }
    default:
      return schedule satisfies never
  }
}

export const isEnterprise = ({ fields }: Entry): boolean => fields['agentType'] !== 'cloud'

export interface Units {
  readonly cloud: number
  readonly enterprise: number
}

/** What one of the test's agents uses up in the span, as far as it lies before the end. */
export const unitsOfAgent = (test: Entry, span: TimeRange, call: Pick<Call, 'region'>): number => {
  const { type, schedule } = measured(test, call)
  return roundsIn(schedule, span) * (prices[type] ?? usualPrice)
}

/** What the test uses up in the span on all of its agents. A test without agents uses nothing. */
export function unitsOf(test: Entry, span: TimeRange, call: Pick<Call, 'region' | 'state'>): Units {
  const agents = agentsOf(test, call.state)
  const each = unitsOfAgent(test, span, call)
  const enterprise = agents.filter(isEnterprise).length
  return { cloud: (agents.length - enterprise) * each, enterprise: enterprise * each }
}

const hourMs = 3_600_000

/** Projections are made every hour, so that a test has none before the first (official document). */
export const isProjected = ({ fields }: Entry, now: number): boolean =>
  Date.parse(textOf(fields['createdDate']) ?? '') < Math.floor(now / hourMs) * hourMs

/** The span whose rounds are projected for the test: the whole period, or what is behind it while there is no projection. */
export function projectedSpan(test: Entry, now: number): TimeRange {
  const period = billingPeriod(now)
  return isProjected(test, now) ? period : { ...period, endAt: now }
}

/** All tests of the caller's organization, instant ones too, the newest first. */
export const testsOfOrganization = ({ state, caller }: Call): readonly Entry[] =>
  state
    .all('tests')
    .filter(({ orgId }) => orgId === caller.orgId)
    .toReversed()

/** Words for a person. The first two are the document's examples, the rest follows them. */
const friendlyTypes: Readonly<Record<string, string>> = {
  'page-load': 'Web-Page Load',
  'http-server': 'Web - HTTP Server',
  'web-transactions': 'Web - Transactions',
  'ftp-server': 'Web - FTP Server',
  api: 'Web - API',
  'agent-to-server': 'Network - Agent to Server',
  'agent-to-agent': 'Network - Agent to Agent',
  'dns-server': 'DNS - Server',
  'dns-trace': 'DNS - Trace',
  dnssec: 'DNS - DNSSEC',
  bgp: 'Routing - BGP',
  'sip-server': 'Voice - SIP Server',
  voice: 'Voice - RTP Stream',
}

export const friendlyTypeOf = ({ fields }: Entry): string =>
  friendlyTypes[String(fields['type'])] ?? String(fields['type'])

export const groupNameOf = (aid: string | undefined, { state }: Call): string =>
  textOf(state.find('account-groups', aid ?? '')?.fields['accountGroupName']) ?? ''
