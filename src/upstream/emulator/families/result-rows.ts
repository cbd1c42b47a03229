import type { Call } from '../call.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, present } from '../json.ts'
import { type Draw, drawOf } from '../measurements/draw.ts'
import { type Incident, incidentAt } from '../measurements/incidents.ts'
import { intervalAt, type MeasuredTest } from '../measurements/measurements.ts'
import {
  type BandwidthNumbers,
  bandwidthNumbers,
  type NetworkNumbers,
  networkNumbers,
} from '../measurements/network.ts'
import { meanwhile, type Schedule } from '../measurements/schedule.ts'
import type { Target } from '../measurements/target.ts'
import type { Entry } from '../state.ts'
import { ever } from './stored-runs.ts'
import type { Direction } from './test-directions.ts'
import { agentsEver, measured, onAt, type Source, targetsEver } from './test-measured.ts'

/** One agent that measures one target in one direction. */
export interface Cell {
  readonly agent: Entry
  readonly target: Target
  readonly direction: Direction
  /** When the agent could measure it for the test. */
  readonly on: Schedule
}

/** One measurement: a cell in a round. */
export interface Sample extends Cell {
  readonly test: Entry
  readonly facts: MeasuredTest
  readonly round: number
  /** Of the cell, the same in every round. */
  readonly pair: Draw
  readonly draw: Draw
  readonly network: NetworkNumbers
  /** The target answers wrongly in this round. */
  readonly isUnavailable: boolean
}

/** Every combination of the test's agents, those that are switched off or were taken from it too, targets that it has or had and directions. */
export const cellsOf = (
  test: Entry,
  directions: readonly Direction[],
  { state }: Pick<Call, 'state'>,
): readonly Cell[] => {
  const targets = targetsEver(test, state)
  return agentsEver(test, state).flatMap(({ entry: agent, on: isOn }) =>
    targets.flatMap(({ target, on: had }) => {
      const on = had === ever ? isOn : meanwhile(isOn, had)
      return directions.map((direction) => ({ agent, target, direction, on }))
    }),
  )
}

/** The ids of those that an incident hits, of whoever measured when it began. */
export const hitBy = (incident: Incident, sources: readonly Source[]): readonly string[] =>
  incident.hits(onAt(sources, incident).map(({ id }) => id))

/** What the cells of a test measured, by round. */
export function samplesOf(
  test: Entry,
  call: Pick<Call, 'state' | 'region'>,
): (cell: Cell, round: number) => Sample {
  const facts = measured(test, call)
  const agents = agentsEver(test, call.state)
  return (cell, round) => {
    const { agent, target, direction } = cell
    const pair = drawOf(`${facts.key} ${agent.id} ${target.server} ${direction}`)
    const draw = pair.of(round)
    const incident = incidentAt(facts, round)
    const suffers = incident !== undefined && hitBy(incident, agents).includes(agent.id)
    return {
      ...cell,
      test,
      facts,
      round,
      pair,
      draw,
      network: networkNumbers(pair, draw, suffers && incident?.kind === 'loss'),
      isUnavailable: suffers && incident?.kind === 'unavailable',
    }
  }
}

/** Where the test asks for it, and from enterprise agents alone (official document, `bandwidthMeasurements`). */
export const bandwidthOf = ({ test, agent, pair, draw }: Sample): Partial<BandwidthNumbers> =>
  test.fields['bandwidthMeasurements'] === true && agent.fields['agentType'] !== 'cloud'
    ? bandwidthNumbers(pair, draw)
    : {}

/** There is no web application here, so `appLink` leads to the results themselves. @param results the path below the test's */
export const appLink = (test: Entry, { href }: Pick<Call, 'href'>, results: string): JsonObject => ({
  _links: { appLink: { href: href(`/test-results/${test.id}/${results}`) } },
})

/** When a round was, in the three forms that every result row has. */
export const roundFrame = (facts: MeasuredTest, round: number): JsonObject => ({
  date: isoDate(round * 1000),
  roundId: round,
  startTime: round,
  endTime: round + intervalAt(facts, round),
})

/** What every row of an agent's result has. */
export function rowFrame({ test, facts, agent, round }: Sample, call: Call, results: string): JsonObject {
  const { agentName, countryId, location } = agent.fields
  return {
    agent: present({ agentId: agent.id, agentName, countryId, location }),
    ...roundFrame(facts, round),
    ...appLink(test, call, results),
  }
}
