/** Labels and tags of what a template makes, as far as requests of v7 do not have them. */
import type { Call } from '../call.ts'
import { isOwn } from '../crud.ts'
import { assign } from '../families/tag-assignments.ts'
import { type LabelType, labelOf } from '../families/test-labels.ts'
import { type Json, type JsonObject, textsOf } from '../json.ts'
import { invalid, invalidField, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { coerce } from './coerce.ts'

/** Ids in any of the forms that templates have them in. */
export const idsIn = (value: Json | undefined, { model }: Call): readonly string[] =>
  value === undefined ? [] : textsOf(coerce(model, { type: 'array', items: { type: 'string' } }, value))

/** Why the labels of a test may not hang on it. */
export function labelsAreThere(
  test: Entry,
  { field, type }: { field: string; type: LabelType },
  call: Call,
): V7Refusal | undefined {
  const strays = textsOf(test.fields['labels']).filter((id) => !labelOf(id, type, call))
  return strays.length === 0
    ? undefined
    : invalid(
        strays.map((id) => ({
          field,
          message: `There is no label ${id} of the type ${type} in this account group.`,
        })),
      )
}

/** v7 takes neither tags nor labels with an endpoint test, and its alert rules name no endpoint tests: they only have to be there. */
export function hangOnEndpointTest(test: Entry, config: JsonObject, call: Call): V7Refusal | undefined {
  const { testLabelIds, tagIds, alertRules } = config
  const isRule = (id: string): boolean => call.state.find('alert-rules', id)?.aid === call.aid
  const noRule = idsIn(alertRules, call).find((id) => !isRule(id))
  if (noRule !== undefined)
    return invalidField('alertRules', `There is no alert rule ${noRule} in this account group.`)
  const labelled = testLabelIds === undefined ? test : withLabels(test, idsIn(testLabelIds, call), call)
  const refusal = labelsAreThere(labelled, { field: 'testLabelIds', type: 'endpoint_tests' }, call)
  if (refusal) return refusal
  const noTag = idsIn(tagIds, call).find((id) => !isTagged(id, test, call))
  return noTag === undefined
    ? undefined
    : invalidField('tagIds', `There is no tag ${noTag} for endpoint tests in this account group.`)
}

function withLabels(test: Entry, ids: readonly string[], { state }: Call): Entry {
  const labelled = { ...test, fields: { ...test.fields, labels: [...new Set(ids)] } }
  state.put(labelled)
  return labelled
}

/** Puts the tag on the endpoint test. @returns whether it has it now */
function isTagged(tagId: string, { id }: Entry, call: Call): boolean {
  const tag = call.state.find('tags', tagId)
  return (
    tag !== undefined && isOwn(tag, call) && assign(tag, [{ id, type: 'endpoint-test' }], call).length > 0
  )
}
