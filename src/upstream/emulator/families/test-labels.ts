/**
 * Labels of tests and endpoint tests: v7 shows and takes their ids and has no operations for them, so that templates alone make
 * them (official document, `labels`). A label that nobody made is called by its id.
 */

import type { Call } from '../call.ts'
import { isOwn } from '../crud.ts'
import { type JsonObject, textsOf } from '../json.ts'
import type { Entry, Objects } from '../state.ts'

export const labelCollection = 'test-labels'

/** What labels can hang on (official document, `LabelTypeTemplate`). */
export const labelTypes = ['tests', 'endpoint_tests'] as const

export type LabelType = (typeof labelTypes)[number]

/** The label of the account group that may hang on what the type says. */
export function labelOf(id: string, type: LabelType, call: Call): Entry | undefined {
  const label = call.state.find(labelCollection, id)
  return label && isOwn(label, call) && label.fields['type'] === type ? label : undefined
}

/** What a label of the test is called. Those of other account groups have no name there. */
export function labelName(id: string, test: Entry, state: Objects): string {
  const label = state.find(labelCollection, id)
  return label !== undefined && label.aid === test.aid ? String(label.fields['name']) : id
}

/** The labels of a test or endpoint test as answers show them. */
export const labelsShown = (test: Entry, { state }: Call): readonly JsonObject[] =>
  textsOf(test.fields['labels']).map((labelId) => ({
    labelId,
    name: labelName(labelId, test, state),
    isBuiltin: false,
  }))

/** Hangs the label on the test, beside those that it has. */
export function putLabel(test: Entry, labelId: string, { state }: Call): void {
  const labels = textsOf(test.fields['labels'])
  if (!labels.includes(labelId))
    state.put({ ...test, fields: { ...test.fields, labels: [...labels, labelId] } })
}
