import type { Answer, Answerers, Call } from '../call.ts'
import { isoDate } from '../iso-date.ts'
import { type Json, type JsonObject, present } from '../json.ts'
import type { Entry } from '../state.ts'
import type { TimeRange } from '../time-range.ts'
import { organizationQuotas } from './quotas.ts'
import { agentsOf } from './test-measured.ts'
import {
  billingPeriod,
  friendlyTypeOf,
  groupNameOf,
  isProjected,
  projectedSpan,
  testsOfOrganization,
  type Units,
  unitsOf,
  unitsOfAgent,
} from './units.ts'

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
  readonly test: Entry
  readonly used: Units
  /** Of the whole period; a test that is too new counts with what it used. */
  readonly projected: Units
  readonly next: Units
  readonly isProjected: boolean
}

function unitsOfTests(call: Call): readonly TestUnits[] {
  const { now } = call
  const period = billingPeriod(now)
  return testsOfOrganization(call).map((test) => {
    const used = unitsOf(test, { ...period, endAt: now }, call)
    return {
      test,
      used,
      projected: unitsOf(test, projectedSpan(test, now), call),
      next: unitsOf(test, billingPeriod(now, 1), call),
      isProjected: isProjected(test, now),
    }
  })
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

const testRows = (tests: readonly TestUnits[], call: Call): readonly JsonObject[] =>
  tests.map(({ test, used, projected, isProjected: isKnown }) =>
    present({
      aid: test.aid ?? '',
      accountGroupName: groupNameOf(test.aid, call),
      testId: test.id,
      testName: test.fields['testName'],
      testType: friendlyTypeOf(test),
      cloudUnitsUsed: used.cloud,
      cloudUnitsProjected: isKnown ? projected.cloud : undefined,
    }),
  )

/** Those of the organization that are switched on. */
const enterpriseAgents = ({ state, caller }: Call): readonly Entry[] =>
  state.all('agents').filter(({ orgId, fields }) => orgId === caller.orgId && fields['enabled'] !== false)

/** Rows of agents, in the account group that owns them, whoever's tests they run (official document). */
function agentUnitRows(tests: readonly TestUnits[], call: Call): readonly JsonObject[] {
  const runs = tests.flatMap(({ test }) => agentsOf(test, call.state).map(({ id }) => ({ id, test })))
  const testsOn = Map.groupBy(runs, ({ id }) => id)
  const { startAt } = billingPeriod(call.now)
  const sumOn = ({ id }: Entry, spanOf: (test: Entry) => TimeRange): number =>
    (testsOn.get(id) ?? []).reduce((sum, { test }) => sum + unitsOfAgent(test, spanOf(test), call), 0)
  return enterpriseAgents(call).map((agent) =>
    present({
      aid: agent.aid ?? '',
      accountGroupName: groupNameOf(agent.aid, call),
      agentId: agent.id,
      agentName: agent.fields['agentName'],
      enterpriseUnitsUsed: sumOn(agent, () => ({ startAt, endAt: call.now })),
      enterpriseUnitsProjected: sumOn(agent, (test) => projectedSpan(test, call.now)),
    }),
  )
}

/** Endpoint agents that may measure, by what they are licensed for; without a word it is `advantage`. */
const endpointAgents = ({ state, caller }: Call, licenses: readonly Json[]): readonly Entry[] =>
  state
    .all('endpoint-agents')
    .filter(({ orgId }) => orgId === caller.orgId)
    .filter(({ fields }) => fields['status'] !== 'disabled' && fields['deleted'] !== true)
    .filter(({ fields }) => licenses.includes(fields['licenseType'] ?? 'advantage'))

/** How many of the agents each account group of the organization has. */
const groupRows = (agents: readonly Entry[], key: string, call: Call): readonly JsonObject[] =>
  call.state
    .all('account-groups')
    .filter(({ orgId }) => orgId === call.caller.orgId)
    .map(({ id }) => ({
      aid: id,
      accountGroupName: groupNameOf(id, call),
      [key]: agents.filter(({ aid }) => aid === id).length,
    }))

/** What is counted by account group: the total, the value of `expand` that shows the rows, and where they stand. */
const counted: readonly {
  readonly total: string
  readonly expand: string
  readonly rows: string
  readonly agents: (call: Call) => readonly Entry[]
}[] = [
  {
    total: 'enterpriseAgentsUsed',
    expand: 'enterprise-agent',
    rows: 'enterpriseAgents',
    agents: enterpriseAgents,
  },
  {
    total: 'endpointAgentsUsed',
    expand: 'endpoint-agent',
    rows: 'endpointAgents',
    agents: (call) => endpointAgents(call, ['advantage']),
  },
  {
    total: 'endpointAgentsEssentialsUsed',
    expand: 'endpoint-agent-essential',
    rows: 'endpointAgentsEssentials',
    agents: (call) => endpointAgents(call, ['essentials']),
  },
  {
    total: 'endpointAgentsEmbeddedUsed',
    expand: 'endpoint-agent-embedded',
    rows: 'endpointAgentsEmbedded',
    agents: (call) => endpointAgents(call, ['embedded']),
  },
]

function countedAgents(call: Call): JsonObject {
  const found = counted.map(({ total, expand, rows, agents }): JsonObject => {
    const all = agents(call)
    return {
      [total]: all.length,
      ...(call.expand.has(expand) && { [rows]: groupRows(all, total, call) }),
    }
  })
  return Object.assign({}, ...found)
}

/** Of the whole organization; `aid` only says which one (official document). */
function usageOf(call: Call): Answer {
  const tests = unitsOfTests(call)
  const usageDetails: JsonObject = {
    quota: quotaOf(call),
    ...totals(tests),
    ...countedAgents(call),
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
