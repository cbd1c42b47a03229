import type { Answer, Call } from '../call.ts'
import { isOwn, shown } from '../crud.ts'
import { type JsonObject, textOf } from '../json.ts'
import { type Draw, drawOf } from '../measurements/draw.ts'
import { incidentAt } from '../measurements/incidents.ts'
import type { MeasuredTest } from '../measurements/measurements.ts'
import { type NetworkNumbers, networkNumbers } from '../measurements/network.ts'
import { portOf, type Target, targetOfServer, targetOfUrl } from '../measurements/target.ts'
import { askedPage, pageLinks, pageOf } from '../paging.ts'
import { isV7Refusal, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { rangeEcho, type TimeRange, timeRangeOf } from '../time-range.ts'
import { type Grid, mapped } from './endpoint-grid.ts'
import { loadOf, machineProfile, networkProfile, systemMetrics } from './endpoint-machine-profile.ts'
import { endpointAgentsEver } from './endpoint-test-agents.ts'
import { familyOfEndpointTest } from './endpoint-tests.ts'
import { hitBy } from './result-rows.ts'
import { roundGrid } from './round-grid.ts'
import type { Source } from './test-measured.ts'
import { scheduleOf } from './test-schedule.ts'

/** One measurement of an endpoint test: an agent in a round. */
export interface EndpointSample {
  readonly test: Entry
  readonly agent: Entry
  readonly target: Target
  readonly round: number
  /** Of the agent and the target, the same in every round. */
  readonly pair: Draw
  readonly draw: Draw
  readonly network: NetworkNumbers
  readonly isUnavailable: boolean
}

/** A stored endpoint test as measurements see it. */
export function measuredEndpointTest(test: Entry, { region }: Pick<Call, 'region'>): MeasuredTest {
  const schedule = scheduleOf(test)
  return {
    key: `${region} endpoint ${test.id}`,
    type: textOf(test.fields['type']) ?? '',
    schedule,
    shown: schedule,
  }
}

/** Dynamic tests follow the sessions of an application, to servers that are made up here. */
export function targetOf({ fields }: Entry): Target {
  const url = textOf(fields['url'])
  if (url !== undefined) return targetOfUrl(url)
  const application = textOf(fields['application'])
  if (application !== undefined) return targetOfServer(`${application}.example:443`)
  return targetOfServer(`${textOf(fields['server']) ?? 'target.example'}:${fields['port'] ?? 443}`)
}

/** A test with all who measured for it, some of whom an incident hits. */
export interface MeasuredEndpointTest {
  readonly test: Entry
  readonly facts: MeasuredTest
  readonly sources: readonly Source[]
}

export const measuredByAgents = (test: Entry, call: Call): MeasuredEndpointTest => ({
  test,
  facts: measuredEndpointTest(test, call),
  sources: endpointAgentsEver(test, call.state),
})

export function endpointSample(
  { test, facts, sources }: MeasuredEndpointTest,
  agent: Entry,
  round: number,
): EndpointSample {
  const target = targetOf(test)
  const pair = drawOf(`${facts.key} ${agent.id} ${target.server}`)
  const draw = pair.of(round)
  const incident = incidentAt(facts, round)
  const suffers = incident !== undefined && hitBy(incident, sources).includes(agent.id)
  return {
    test,
    agent,
    target,
    round,
    pair,
    draw,
    network: networkNumbers(pair, draw, suffers && incident?.kind === 'loss'),
    isUnavailable: suffers && incident?.kind === 'unavailable',
  }
}

/** What every result row of an endpoint test has. */
export function endpointFrame({ test, agent, target, round, draw }: EndpointSample): JsonObject {
  return {
    aid: test.aid ?? '',
    testId: test.id,
    agentId: agent.id,
    roundId: round,
    serverIp: target.ipAddress,
    networkProfile: networkProfile(agent),
    systemMetrics: systemMetrics(loadOf(agent, draw), round),
    originalTargetProfile: {
      remoteIpAddress: target.ipAddress,
      remotePort: portOf(target.server),
      protocol: 'tcp',
    },
    ...machineProfile(agent),
  }
}

/** The endpoint test of the path, scheduled or dynamic, if it is the account group's own. */
export function endpointTestNamed(call: Call, isDynamic: boolean): Entry | undefined {
  const test = call.state.find('endpoint-tests', call.parameters['testId'] ?? '')
  return test && isOwn(test, call) && (test.fields['isDynamic'] ?? false) === isDynamic ? test : undefined
}

/** The test as results name it. */
export function testOfResults(test: Entry, call: Call, schemaName: string): JsonObject {
  const family = familyOfEndpointTest(test)
  return family ? shown(family, test, { ...call, schema: call.model.schema(schemaName) }) : {}
}

/** Some of these answers count all rows of the range (official document, `TotalHits`). */
export const hasTotal = ({ model, row }: Call): boolean =>
  'totalHits' in model.properties(model.schema(row.answer.schema ?? ''))

/** The results of a test in a range: the newest round first, in a round every agent that was on and is left in. */
export function samplesOf(
  test: Entry,
  call: Call,
  { range, asOf, keepsAgent }: { range: TimeRange | undefined; asOf: number; keepsAgent?: AgentFilter },
): Grid<EndpointSample> {
  const whole = measuredByAgents(test, call)
  const cells = keepsAgent ? whole.sources.filter(({ entry }) => keepsAgent(entry)) : whole.sources
  return mapped(roundGrid({ facts: whole.facts, cells }, { range, asOf }), ({ cell, round }) =>
    endpointSample(whole, cell.entry, round),
  )
}

type AgentFilter = ((agent: Entry) => boolean) | undefined

/** A page of an endpoint test's results. */
export function endpointResults(
  call: Call,
  { test, testSchema }: { readonly test: Entry; readonly testSchema: string },
  show: (sample: EndpointSample) => JsonObject,
): Answer | V7Refusal {
  const asked = askedPage(call)
  if (isV7Refusal(asked)) return asked
  const range = timeRangeOf(call, asked.asOf)
  if (range && isV7Refusal(range)) return range
  const { count, at } = samplesOf(test, call, { range, asOf: asked.asOf })
  const { rows, left } = pageOf(asked, count, at)
  return {
    status: 200,
    varies: true,
    body: {
      results: rows.map(show),
      test: testOfResults(test, call, testSchema),
      ...rangeEcho(range),
      ...(hasTotal(call) && { totalHits: count }),
      _links: pageLinks(call, asked, left),
    },
  }
}
