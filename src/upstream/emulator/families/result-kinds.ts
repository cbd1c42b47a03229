import { askedPath } from '../asked-path.ts'
import type { Answer, Answerer, Call } from '../call.ts'
import type { JsonObject } from '../json.ts'
import { hasRound } from '../measurements/measurements.ts'
import { meanwhile, runAt, type Schedule } from '../measurements/schedule.ts'
import { isV7Refusal, notFound, type V7Refusal } from '../refusals.ts'
import type { Entry, Objects } from '../state.ts'
import { simpleTest } from './agent-show.ts'
import { type Cell, cellsOf, type Sample, samplesOf } from './result-rows.ts'
import { roundsAnswer } from './rounds-answer.ts'
import { ever } from './stored-runs.ts'
import { type Direction, directionsOf } from './test-directions.ts'
import { testKindOf } from './test-kinds.ts'
import { linksOf } from './test-links.ts'
import { measured } from './test-measured.ts'
import { testWithResults } from './test-reach.ts'

/** One kind of results, as `/test-results/{testId}/<name>`. */
export interface ResultKind {
  readonly name: string
  /** The directions of a bidirectional test when none is chosen. */
  readonly ways: readonly Direction[]
  /** Whether it is a part of a test that a web test may switch off. */
  readonly isNetwork: boolean
}

/** A kind of results that tests of one type are made for: they have one direction and cannot be switched off. */
export const ownResults = (name: string): ResultKind => ({ name, ways: ['to-target'], isNetwork: false })

/** The test of the path, if the call reaches it and its type has such results. */
export function testWith({ name }: ResultKind, call: Call): Entry | undefined {
  const test = testWithResults(call)
  return testKindOf(test?.fields['type'])?.results.includes(name) ? test : undefined
}

/** When the test had such results: one that also measures something else may have its network measurements switched off. */
const measuredIn = ({ isNetwork }: Pick<ResultKind, 'isNetwork'>, test: Entry, state: Objects): Schedule =>
  isNetwork ? (linksOf(test, 'parts', state).get('network') ?? []) : ever

/** The cells of a test that have or had such results, each for the time in which they did. */
export function cellsOfKind(
  kind: Pick<ResultKind, 'isNetwork'>,
  { test, directions }: { readonly test: Entry; readonly directions: readonly Direction[] },
  call: Pick<Call, 'state'>,
): readonly Cell[] {
  const had = measuredIn(kind, test, call.state)
  const cells = had.length === 0 ? [] : cellsOf(test, directions, call)
  return had === ever ? cells : cells.map((cell) => ({ ...cell, on: meanwhile(cell.on, had) }))
}

/** Only agent-to-agent tests have a direction to show. */
export const shownDirection = ({ test, direction }: Sample): JsonObject =>
  test.fields['type'] === 'agent-to-agent' ? { direction } : {}

type Show = (sample: Sample, call: Call) => JsonObject

/** The cells of the test that the call asks for, or why not. */
function askedCells(kind: ResultKind, test: Entry, call: Call): readonly Cell[] | V7Refusal {
  const chosen = directionsOf(test, call.query.get('direction'), kind.ways)
  if (isV7Refusal(chosen)) return chosen
  return cellsOfKind(kind, { test, directions: chosen }, call)
}

/**
 * The answerer of a paged kind of results.
 * @param show the row of one measurement
 * @param isAsked which of the test's cells the call asks for; all when left out
 */
export const pagedResults =
  (kind: ResultKind, show: Show, isAsked: (cell: Cell) => boolean = () => true): Answerer =>
  (call) => {
    const test = testWith(kind, call)
    if (!test) return notFound
    const all = askedCells(kind, test, call)
    if (isV7Refusal(all)) return all
    const measuredCells = { test, facts: measured(test, call), cells: all.filter(isAsked) }
    const sampleOf = samplesOf(test, call)
    return roundsAnswer(call, measuredCells, (cell, round) => show(sampleOf(cell, round), call))
  }

/** The round that a path names, if the test had it. */
export function roundNamed(test: Entry, call: Call): number | undefined {
  const roundId = call.parameters['roundId'] ?? ''
  const round = /^\d{1,12}$/.test(roundId) ? Number(roundId) : Number.NaN
  return hasRound(measured(test, call), round, call.now) ? round : undefined
}

/** Results that are not paged: they are few. */
export const wholeAnswer = (call: Call, test: Entry, results: readonly JsonObject[]): Answer => ({
  status: 200,
  varies: true,
  body: {
    results,
    test: simpleTest(test, call),
    _links: { self: { href: call.href(askedPath(call.row.path, call.parameters)) } },
  },
})

/**
 * The answerer of one agent's one round, as `/test-results/{testId}/<name>/agent/{agentId}/round/{roundId}`.
 * @param show undefined when what the rest of the path names is not in this measurement
 */
export const agentRound =
  (kind: ResultKind, show: (sample: Sample, call: Call) => JsonObject | undefined): Answerer =>
  (call) => {
    const test = testWith(kind, call)
    const round = test && roundNamed(test, call)
    if (!test || round === undefined) return notFound
    const cells = askedCells(kind, test, call)
    if (isV7Refusal(cells)) return cells
    const sampleOf = samplesOf(test, call)
    const results = cells
      .filter((cell) => cell.agent.id === call.parameters['agentId'] && runAt(cell.on, round))
      .map((cell) => show(sampleOf(cell, round), call))
      .filter((row) => row !== undefined)
    return results.length === 0 ? notFound : wholeAnswer(call, test, results)
  }
