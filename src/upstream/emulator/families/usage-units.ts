import type { Answer, Answerers, Call } from '../call.ts'
import { type JsonObject, present } from '../json.ts'
import { askedPage, pageLinks, pageOf } from '../paging.ts'
import { isV7Refusal, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { type TimeRange, timeRangeOf } from '../time-range.ts'
import { agentsOf } from './test-measured.ts'
import {
  billingPeriod,
  friendlyTypeOf,
  groupNameOf,
  isEnterprise,
  isProjected,
  projectedSpan,
  testsOfOrganization,
  unitsOf,
  unitsOfAgent,
} from './units.ts'

/** What has been used by then, in the span that is asked for or in the current billing period. */
function askedSpan({ query }: Call, asOf: number): TimeRange | V7Refusal {
  const names = ['startDate', 'endDate']
  const isNamed = names.some((name) => query.has(name))
  const range = isNamed ? timeRangeOf({ query }, asOf) : billingPeriod(asOf)
  if (range === undefined || isV7Refusal(range)) return range ?? billingPeriod(asOf)
  return { startAt: range.startAt, endAt: Math.min(range.endAt, asOf) }
}

/** One way to break the units down into rows, which are worked out when they are asked for. */
type Breakdown = (
  call: Call,
  spans: { readonly used: TimeRange; readonly asOf: number },
) => { readonly total: number; readonly at: (index: number) => JsonObject }

const breakdown =
  (rowsOf: Breakdown) =>
  (call: Call): Answer | V7Refusal => {
    const asked = askedPage(call)
    if (isV7Refusal(asked)) return asked
    const { asOf } = asked
    const used = askedSpan(call, asOf)
    if (isV7Refusal(used)) return used
    const { total, at } = rowsOf(call, { used, asOf })
    const { rows, left } = pageOf(asked, total, at)
    const _links = pageLinks(call, asked, left)
    return { status: 200, varies: true, body: { breakdowns: rows, _links } }
  }

const byTest: Breakdown = (call, { used, asOf }) => {
  const tests = testsOfOrganization(call)
  return {
    total: tests.length,
    at(index) {
      const test = tests[index] as Entry
      const now = unitsOf(test, used, call)
      const later = isProjected(test, asOf) ? unitsOf(test, projectedSpan(test, asOf), call) : undefined
      return present({
        aid: test.aid ?? '',
        accountGroupName: groupNameOf(test.aid, call),
        testId: test.id,
        testName: test.fields['testName'],
        testType: friendlyTypeOf(test),
        isInstantTest: test.fields['instant'] === true,
        cloudUnitsUsed: now.cloud,
        cloudUnitsProjected: later?.cloud,
        enterpriseUnitsUsed: now.enterprise,
        enterpriseUnitsProjected: later?.enterprise,
      })
    },
  }
}

/** An agent and those of its tests that belong to one account group. */
interface SharedAgent {
  readonly agent: Entry
  readonly aid: string | undefined
  readonly tests: Entry[]
}

/** An agent is shared by the account groups whose tests it runs: each has a row for it (official document). */
function sharedAgents(call: Call): readonly SharedAgent[] {
  const found = new Map<string, SharedAgent>()
  for (const test of testsOfOrganization(call))
    for (const agent of agentsOf(test, call.state).filter(isEnterprise)) {
      const key = `${agent.id} ${test.aid}`
      const shared = found.get(key) ?? { agent, aid: test.aid, tests: [] }
      shared.tests.push(test)
      found.set(key, shared)
    }
  return [...found.values()]
}

const byAgent: Breakdown = (call, { used, asOf }) => {
  const shared = sharedAgents(call)
  return {
    total: shared.length,
    at(index) {
      const { agent, aid, tests } = shared[index] as SharedAgent
      const sumOf = (spanOf: (test: Entry) => TimeRange): number =>
        tests.reduce((sum, test) => sum + unitsOfAgent(test, spanOf(test), call), 0)
      return present({
        aid: aid ?? '',
        accountGroupName: groupNameOf(aid, call),
        agentId: agent.id,
        agentName: agent.fields['agentName'],
        enterpriseUnitsUsed: sumOf(() => used),
        enterpriseUnitsProjected: sumOf((test) => projectedSpan(test, asOf)),
      })
    },
  }
}

/** `/usage/units`, over all account groups of the organization. */
export const usageUnits = (): Answerers => ({
  getTestsUnitsUsage: breakdown(byTest),
  getEnterpriseAgentsUnitsUsage: breakdown(byAgent),
})
