import type { Answerer, Call } from '../call.ts'
import type { JsonObject } from '../json.ts'
import { isV7Refusal, notFound } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { resultsAnswer, type Sample } from './result-rows.ts'
import { type Direction, directionsOf } from './test-directions.ts'
import { testKindOf } from './test-kinds.ts'
import { isReachable } from './test-reach.ts'

/** One kind of results, as `/test-results/{testId}/<name>`. */
export interface ResultKind {
  readonly name: string
  /** The directions of a bidirectional test when none is chosen. */
  readonly ways: readonly Direction[]
  /** Whether it is a part of a test that a web test may switch off. */
  readonly isNetwork: boolean
}

/** The test of the path, if the call reaches it and its type has such results. */
export function testWith({ name }: ResultKind, call: Call): Entry | undefined {
  const test = call.state.find('tests', call.parameters['testId'] ?? '')
  const has = testKindOf(test?.fields['type'])?.results.includes(name)
  return test && has && isReachable(test, call) ? test : undefined
}

const networkTypes = ['agent-to-server', 'agent-to-agent', 'voice']

/** A test that also measures something else may have its network measurements switched off. */
export const measures = ({ isNetwork }: ResultKind, { fields }: Entry): boolean =>
  !isNetwork || fields['networkMeasurements'] !== false || networkTypes.includes(String(fields['type']))

/** Only agent-to-agent tests have a direction to show. */
export const shownDirection = ({ test, direction }: Sample): JsonObject =>
  test.fields['type'] === 'agent-to-agent' ? { direction } : {}

/** The answerer of a paged kind of results. @param show the row of one measurement */
export const pagedResults =
  (kind: ResultKind, show: (sample: Sample, call: Call) => JsonObject): Answerer =>
  (call) => {
    const test = testWith(kind, call)
    if (!test) return notFound
    const chosen = directionsOf(test, call.query.get('direction'), kind.ways)
    if (isV7Refusal(chosen)) return chosen
    const directions = measures(kind, test) ? chosen : []
    return resultsAnswer(call, { test, directions }, (sample) => show(sample, call))
  }
