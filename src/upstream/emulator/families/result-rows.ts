import type { Answer, Call } from '../call.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, present } from '../json.ts'
import { type Draw, drawOf } from '../measurements/draw.ts'
import { incidentAt } from '../measurements/incidents.ts'
import { endOfRound, type MeasuredTest, roundsOf } from '../measurements/measurements.ts'
import { type NetworkNumbers, networkNumbers } from '../measurements/network.ts'
import type { Target } from '../measurements/target.ts'
import { askedPage, pageLinks, pageOf } from '../paging.ts'
import { isV7Refusal, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { rangeEcho, timeRangeOf } from '../time-range.ts'
import { simpleTest } from './agent-show.ts'
import type { Direction } from './test-directions.ts'
import { agentsOf, measured, targetsOf } from './test-measured.ts'

/** One agent that measures one target in one direction. */
export interface Cell {
  readonly agent: Entry
  readonly target: Target
  readonly direction: Direction
}

/** One measurement: a cell in a round. */
export interface Sample extends Cell {
  readonly test: Entry
  readonly round: number
  /** Of the cell, the same in every round. */
  readonly pair: Draw
  readonly draw: Draw
  readonly network: NetworkNumbers
  /** The target answers wrongly in this round. */
  readonly isUnavailable: boolean
}

/** Every combination of the test's agents, targets and directions. */
export const cellsOf = (
  test: Entry,
  directions: readonly Direction[],
  { state }: Pick<Call, 'state'>,
): readonly Cell[] => {
  const targets = targetsOf(test, state)
  return agentsOf(test, state).flatMap((agent) =>
    targets.flatMap((target) => directions.map((direction) => ({ agent, target, direction }))),
  )
}

/** What a cell measured in a round. @param agentIds all agents of the test, some of which an incident hits */
export function sampleOf(
  { test, facts, agentIds }: { test: Entry; facts: MeasuredTest; agentIds: readonly string[] },
  cell: Cell,
  round: number,
): Sample {
  const { agent, target, direction } = cell
  const pair = drawOf(`${facts.key} ${agent.id} ${target.server} ${direction}`)
  const draw = pair.of(round)
  const incident = incidentAt(facts, round)
  const suffers = incident?.hits(agentIds).includes(agent.id) ?? false
  return {
    ...cell,
    test,
    round,
    pair,
    draw,
    network: networkNumbers(pair, draw, suffers && incident?.kind === 'loss'),
    isUnavailable: suffers && incident?.kind === 'unavailable',
  }
}

/** What every result row has. There is no web application here, so `appLink` leads to the results themselves. */
export function rowFrame({ test, agent, round }: Sample, call: Call, results: string): JsonObject {
  const { agentName, countryId, location } = agent.fields
  return {
    agent: present({ agentId: agent.id, agentName, countryId, location }),
    date: isoDate(round * 1000),
    roundId: round,
    startTime: round,
    endTime: endOfRound(measured(test, call), round),
    _links: { appLink: { href: call.href(`/test-results/${test.id}/${results}`) } },
  }
}

/** A page of a test's results: the newest round first, in a round all its cells. */
export function resultsAnswer(
  call: Call,
  { test, directions }: { readonly test: Entry; readonly directions: readonly Direction[] },
  show: (sample: Sample) => JsonObject,
): Answer | V7Refusal {
  const asked = askedPage(call)
  if (isV7Refusal(asked)) return asked
  const range = timeRangeOf(call, asked.asOf)
  if (range && isV7Refusal(range)) return range
  const cells = cellsOf(test, directions, call)
  const facts = measured(test, call)
  const rounds = roundsOf(facts, range, asked.asOf)
  const whole = { test, facts, agentIds: agentsOf(test, call.state).map(({ id }) => id) }
  const { rows, left } = pageOf(asked, rounds.count * cells.length, (index) =>
    sampleOf(whole, cells[index % cells.length] as Cell, rounds.at(Math.floor(index / cells.length))),
  )
  return {
    status: 200,
    varies: true,
    body: {
      results: rows.map(show),
      test: simpleTest(test, call),
      ...rangeEcho(range),
      _links: pageLinks(call, asked, left),
    },
  }
}
