import type { Answer, Answerers, Call } from '../call.ts'
import { type JsonObject, present } from '../json.ts'
import { askedPage, pageLinks, pageOf } from '../paging.ts'
import { isV7Refusal, type V7Refusal } from '../refusals.ts'
import { type TimeRange, timeRangeOf } from '../time-range.ts'
import { type BilledTest, billedTests, hasProjection, projectedUnits, type Units } from './billed-tests.ts'
import { agentsOf } from './test-measured.ts'
import { agentInHistory } from './unit-history.ts'
import { billingPeriod, isEnterprise } from './units.ts'

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
  const tests = billedTests(call, used)
  return {
    total: tests.length,
    at(index) {
      const billed = tests[index] as BilledTest
      const now = billed.unitsIn(used)
      const later = hasProjection(billed, asOf) ? projectedUnits(billed, asOf) : undefined
      return present({
        aid: billed.aid,
        accountGroupName: billed.accountGroupName,
        testId: billed.id,
        testName: billed.name,
        testType: billed.type,
        isInstantTest: billed.isInstant,
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
  readonly agentId: string
  readonly tests: readonly [BilledTest, ...BilledTest[]]
}

/** The enterprise agents that the test runs on, and those that it used something on in the span. */
function agentIdsOf({ test, unitsIn }: BilledTest, used: TimeRange, { state }: Call): ReadonlySet<string> {
  const running = test ? agentsOf(test, state).filter(isEnterprise) : []
  const before = [...unitsIn(used).onAgents].filter(([, units]) => units > 0)
  return new Set([...running.map(({ id }) => id), ...before.map(([id]) => id)])
}

/** An agent is shared by the account groups whose tests it runs: each has a row for it (official document). */
function sharedAgents(call: Call, used: TimeRange): readonly SharedAgent[] {
  const found = new Map<string, { readonly agentId: string; readonly tests: [BilledTest, ...BilledTest[]] }>()
  for (const billed of billedTests(call, used))
    for (const agentId of agentIdsOf(billed, used, call)) {
      const shared = found.get(`${agentId} ${billed.aid}`)
      if (shared) shared.tests.push(billed)
      else found.set(`${agentId} ${billed.aid}`, { agentId, tests: [billed] })
    }
  return [...found.values()]
}

const byAgent: Breakdown = (call, { used, asOf }) => {
  const shared = sharedAgents(call, used)
  return {
    total: shared.length,
    at(index) {
      const { agentId, tests } = shared[index] as SharedAgent
      const [{ aid, accountGroupName }] = tests
      const records = tests.map(({ record }) => record)
      const sumOf = (unitsOf: (billed: BilledTest) => Units): number =>
        tests.reduce((sum, billed) => sum + (unitsOf(billed).onAgents.get(agentId) ?? 0), 0)
      return {
        aid,
        accountGroupName,
        agentId,
        agentName: agentInHistory(agentId, records, call.state).name,
        enterpriseUnitsUsed: sumOf(({ unitsIn }) => unitsIn(used)),
        enterpriseUnitsProjected: sumOf((billed) => projectedUnits(billed, asOf)),
      }
    },
  }
}

/** `/usage/units`, over all account groups of the organization. */
export const usageUnits = (): Answerers => ({
  getTestsUnitsUsage: breakdown(byTest),
  getEnterpriseAgentsUnitsUsage: breakdown(byAgent),
})
