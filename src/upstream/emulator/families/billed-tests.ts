/**
 * What tests use up, in units: rounds that they have as they are, and those that they had before they were changed or deleted.
 * Prices are ours; ThousandEyes' depend on the contract.
 */
import type { Call } from '../call.ts'
import { textOf } from '../json.ts'
import type { Entry } from '../state.ts'
import type { TimeRange } from '../time-range.ts'
import {
  groupNameOf,
  type Rounds,
  settledRounds,
  sumOfRounds,
  unchangedSince,
  unitHistory,
} from './unit-history.ts'
import { billingPeriod, isProjected, liveRounds } from './units.ts'

/** Of one agent in one round. */
const prices: Readonly<Record<string, number>> = {
  'page-load': 10,
  'web-transactions': 20,
  api: 10,
  'ftp-server': 10,
  voice: 10,
}
const usualPrice = 5

export interface Units {
  readonly cloud: number
  readonly enterprise: number
  /** By the id of an enterprise agent. */
  readonly onAgents: ReadonlyMap<string, number>
}

/** A test on the bill, which may be gone. */
export interface BilledTest {
  readonly id: string
  readonly aid: string
  readonly accountGroupName: string
  readonly name: string
  /** In words for a person. */
  readonly type: string
  readonly isInstant: boolean
  /** As it is; undefined when it is gone. */
  readonly test: Entry | undefined
  readonly record: Entry | undefined
  /** What it used in the span, and what it would use as it is where that has not come yet. */
  readonly unitsIn: (span: TimeRange) => Units
}

function priced({ cloud, enterprise }: Rounds, type: string): Units {
  const price = prices[type] ?? usualPrice
  const onAgents = new Map([...enterprise].map(([id, count]) => [id, count * price]))
  return {
    cloud: cloud * price,
    enterprise: [...onAgents.values()].reduce((sum, units) => sum + units, 0),
    onAgents,
  }
}

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

const described = ({ fields }: Entry): Pick<BilledTest, 'name' | 'type' | 'isInstant'> => ({
  name: textOf(fields['testName']) ?? '',
  type: friendlyTypes[String(fields['type'])] ?? String(fields['type']),
  isInstant: fields['instant'] === true,
})

const typeOf = ({ fields }: Entry): string => textOf(fields['type']) ?? ''

function living(test: Entry, call: Call): BilledTest {
  const record = call.state.find(unitHistory, test.id)
  const since = unchangedSince(record)
  const live = liveRounds(test, call.state)
  return {
    id: test.id,
    aid: test.aid ?? '',
    accountGroupName: groupNameOf(test.aid, call.state),
    ...described(test),
    test,
    record,
    unitsIn(span) {
      const rounds = live({ ...span, startAt: Math.max(span.startAt, since) })
      return priced(record ? sumOfRounds([settledRounds(record, span), rounds]) : rounds, typeOf(test))
    },
  }
}

const gone = (record: Entry): BilledTest => ({
  id: record.id,
  aid: textOf(record.fields['aid']) ?? '',
  accountGroupName: textOf(record.fields['accountGroupName']) ?? '',
  ...described(record),
  test: undefined,
  record,
  unitsIn: (span) => priced(settledRounds(record, span), typeOf(record)),
})

/** Where a test stands in the order of creation. */
const placeOf = ({ test, record }: BilledTest): number => test?.sequence ?? Number(record?.fields['place'])

/**
 * All tests of the caller's organization, instant ones too, the newest first: those that there are, and those that are gone but
 * used something in the span.
 */
export function billedTests(call: Call, span: TimeRange): readonly BilledTest[] {
  const { state, caller } = call
  const tests = state.all('tests').filter(({ orgId }) => orgId === caller.orgId)
  const former = state
    .all(unitHistory)
    .filter(({ id, orgId }) => orgId === caller.orgId && !state.find('tests', id))
    .map(gone)
    .filter(({ unitsIn }) => {
      const { cloud, enterprise } = unitsIn(span)
      return cloud + enterprise > 0
    })
  return [...tests.map((test) => living(test, call)), ...former].sort((a, b) => placeOf(b) - placeOf(a))
}

/** Whether it has a projection: what a test that is gone has used is all that it will. */
export const hasProjection = ({ test }: BilledTest, now: number): boolean => !test || isProjected(test, now)

/** What it will have used at the end of the billing period; while it has no projection, what it has used. */
export const projectedUnits = (billed: BilledTest, now: number): Units => {
  const period = billingPeriod(now)
  return billed.unitsIn(hasProjection(billed, now) ? period : { ...period, endAt: now })
}
