import type { Answer, Answerers, Call } from '../call.ts'
import { type JsonObject, present } from '../json.ts'
import { askedPage, pageLinks, sliceOf } from '../paging.ts'
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

/** One way to break the units down into rows. */
type Breakdown = (
  call: Call,
  spans: { readonly used: TimeRange; readonly period: TimeRange; readonly asOf: number },
) => readonly JsonObject[]

const breakdown =
  (rowsOf: Breakdown) =>
  (call: Call): Answer | V7Refusal => {
    const asked = askedPage(call)
    if (isV7Refusal(asked)) return asked
    const { asOf } = asked
    const used = askedSpan(call, asOf)
    if (isV7Refusal(used)) return used
    const { rows, left } = sliceOf(asked, rowsOf(call, { used, period: billingPeriod(asOf), asOf }))
    const _links = pageLinks(call, asked, left)
    return { status: 200, varies: true, body: { breakdowns: rows, _links } }
  }

const byTest: Breakdown = (call, { used, period, asOf }) =>
  testsOfOrganization(call).map((test) => {
    const now = unitsOf(test, used, call)
    const later = isProjected(test, asOf) ? unitsOf(test, period, call) : undefined
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
  })

/** An agent is shared by the account groups whose tests it runs: each has a row for it (official document). */
const byAgent: Breakdown = (call, { used, period, asOf }) => {
  const runs = testsOfOrganization(call).flatMap((test) =>
    agentsOf(test, call.state)
      .filter(isEnterprise)
      .map((agent) => ({ agent, test, key: `${agent.id} ${test.aid}` })),
  )
  return [...Map.groupBy(runs, ({ key }) => key).values()].flatMap((group) => {
    const [first] = group
    if (!first) return []
    const tests: readonly Entry[] = group.map(({ test }) => test)
    const sumOf = (some: readonly Entry[], span: TimeRange): number =>
      some.reduce((sum, test) => sum + unitsOfAgent(test, span, call), 0)
    return [
      present({
        aid: first.test.aid ?? '',
        accountGroupName: groupNameOf(first.test.aid, call),
        agentId: first.agent.id,
        agentName: first.agent.fields['agentName'],
        enterpriseUnitsUsed: sumOf(tests, used),
        enterpriseUnitsProjected: sumOf(
          tests.filter((test) => isProjected(test, asOf)),
          period,
        ),
      }),
    ]
  })
}

/** `/usage/units`, over all account groups of the organization. */
export const usageUnits = (): Answerers => ({
  getTestsUnitsUsage: breakdown(byTest),
  getEnterpriseAgentsUnitsUsage: breakdown(byAgent),
})
