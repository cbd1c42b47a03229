import type { Answer, Answerers, Call } from '../call.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, present } from '../json.ts'
import { agentCounts, enterpriseAgents } from './agent-peaks.ts'
import { type BilledTest, billedTests, hasProjection, projectedUnits, type Units } from './billed-tests.ts'
import { organizationQuotas } from './quotas.ts'
import { agentInHistory, type NamedAgent, namedAgent } from './unit-history.ts'
import { billingPeriod } from './units.ts'

/** A contract of ours, for usage-based pricing: what the document says is zero or absent then is so here. */
const contract = {
  cloudUnitsIncluded: 20_000_000,
  deviceAgentsIncluded: 0,
  endpointAgentsIncluded: 100,
  endpointAgentsEssentialsIncluded: 100,
  endpointAgentsEmbeddedIncluded: 100,
  enterpriseAgentsIncluded: 0,
}

/** The organization's quota, where it has one, takes the place of what the contract includes. */
function quotaOf({ state, caller, now }: Call): JsonObject {
  const value = state.find(organizationQuotas, caller.orgId)?.fields['value']
  const { startAt, endAt } = billingPeriod(now)
  return {
    monthStart: isoDate(startAt),
    monthEnd: isoDate(endAt + 1),
    ...contract,
    ...(value !== undefined && { cloudUnitsIncluded: value }),
  }
}

interface TestUnits {
  readonly billed: BilledTest
  readonly used: Units
  /** Of the whole period; a test that is too new counts with what it used. */
  readonly projected: Units
  readonly next: Units
}

function unitsOfTests(call: Call): readonly TestUnits[] {
  const { now } = call
  const soFar = { ...billingPeriod(now), endAt: now }
  return billedTests(call, soFar).map((billed) => ({
    billed,
    used: billed.unitsIn(soFar),
    projected: projectedUnits(billed, now),
    next: billed.unitsIn(billingPeriod(now, 1)),
  }))
}

function totals(tests: readonly TestUnits[]): JsonObject {
  const sumOf = (units: (one: TestUnits) => number): number => tests.reduce((sum, one) => sum + units(one), 0)
  return {
    cloudUnitsUsed: sumOf(({ used }) => used.cloud),
    cloudUnitsProjected: sumOf(({ projected }) => projected.cloud),
    cloudUnitsNextBillingPeriod: sumOf(({ next }) => next.cloud),
    enterpriseUnitsUsed: sumOf(({ used }) => used.enterprise),
    enterpriseUnitsProjected: sumOf(({ projected }) => projected.enterprise),
    enterpriseUnitsNextBillingPeriod: sumOf(({ next }) => next.enterprise),
    connectedDevicesUnitsUsed: 0,
    connectedDevicesUnitsProjected: 0,
    connectedDevicesUnitsNextBillingPeriod: 0,
  }
}

const testRows = (tests: readonly TestUnits[], { now }: Call): readonly JsonObject[] =>
  tests.map(({ billed, used, projected }) =>
    present({
      aid: billed.aid,
      accountGroupName: billed.accountGroupName,
      testId: billed.id,
      testName: billed.name,
      testType: billed.type,
      cloudUnitsUsed: used.cloud,
      cloudUnitsProjected: hasProjection(billed, now) ? projected.cloud : undefined,
    }),
  )

/** Units on one agent, over all tests. */
const sumOn = (id: string, all: readonly Units[]): number =>
  all.reduce((sum, { onAgents }) => sum + (onAgents.get(id) ?? 0), 0)

/** Agents that are switched on, and those that were or were there when something was used on them. */
function billedAgents(tests: readonly TestUnits[], call: Call): readonly NamedAgent[] {
  const present = enterpriseAgents(call.caller.orgId, call.state).map((agent) =>
    namedAgent(agent, call.state),
  )
  const found = new Map(present.map((agent) => [agent.id, agent]))
  for (const { billed, used } of tests)
    for (const [id, units] of used.onAgents)
      if (units > 0 && !found.has(id)) found.set(id, agentInHistory(id, [billed.record], call.state))
  return [...found.values()]
}

/** Rows of agents, in the account group that owns them, whoever's tests they run (official document). */
const agentUnitRows = (tests: readonly TestUnits[], call: Call): readonly JsonObject[] =>
  billedAgents(tests, call).map(({ id, name, aid, accountGroupName }) => ({
    aid,
    accountGroupName,
    agentId: id,
    agentName: name,
    enterpriseUnitsUsed: sumOn(
      id,
      tests.map(({ used }) => used),
    ),
    enterpriseUnitsProjected: sumOn(
      id,
      tests.map(({ projected }) => projected),
    ),
  }))

/** Of the whole organization; `aid` only says which one (official document). */
function usageOf(call: Call): Answer {
  const tests = unitsOfTests(call)
  const usageDetails: JsonObject = {
    quota: quotaOf(call),
    ...totals(tests),
    ...agentCounts(call),
    ...(call.expand.has('enterprise-agent-unit') && { enterpriseAgentUnits: agentUnitRows(tests, call) }),
    ...(call.expand.has('test') && { tests: testRows(tests, call) }),
  }
  return {
    status: 200,
    varies: true,
    body: { usage: usageDetails, _links: { self: { href: call.href(call.row.path) } } },
  }
}

/** `/usage`. */
export const usage = (): Answerers => ({ getUsage: usageOf })
