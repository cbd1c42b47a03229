import type { Call } from '../call.ts'
import { isOwn } from '../crud.ts'
import { type LabelType, labelCollection, labelTypes, putLabel } from '../families/test-labels.ts'
import { type JsonObject, objectsOf, textOf } from '../json.ts'
import { invalid, invalidField, notFound, type V7Refusal } from '../refusals.ts'
import { violationsOf } from '../validate.ts'
import { coerce, coerceObject } from './coerce.ts'

/** Where the tests stand that a label of the type names. */
const places: Readonly<Record<LabelType, { readonly field: string; readonly collection: string }>> = {
  tests: { field: 'tests', collection: 'tests' },
  endpoint_tests: { field: 'endpointTests', collection: 'endpoint-tests' },
}

/** A label as the document has it, its ids as text whatever they were written as. */
function requestOf({ model }: Call, config: JsonObject): JsonObject {
  const list = {
    type: 'array',
    items: { type: 'object', properties: { testId: { type: 'string' } } },
  } as const
  const lists = { tests: list, endpointTests: list }
  const read = coerceObject(
    model,
    { type: 'object', properties: { name: { type: 'string' }, ...lists } },
    config,
  )
  const type = coerce(model, { type: 'string', enum: labelTypes }, read['type'] ?? 'tests')
  return { ...read, type }
}

/**
 * Makes a label, which v7 has no operation for, or changes the one of the id, and hangs it on the tests that it names.
 * @returns its id, or why it is refused
 */
export function writeLabel(config: JsonObject, call: Call, id?: string): { readonly id: string } | V7Refusal {
  const { model, state, caller, aid } = call
  const request = requestOf(call, config)
  const wrong = violationsOf(model, model.schema('LabelConfigurationTemplate'), request)
  if (wrong.length > 0) return invalid(wrong)
  const type = labelTypes.find((one) => one === request['type'])
  if (!type) return invalidField('type', `must be one of ${labelTypes.join(', ')}.`)
  const stored = id === undefined ? undefined : state.find(labelCollection, id)
  if (id !== undefined && !(stored && isOwn(stored, call))) return notFound
  const { field, collection } = places[type]
  const tests = objectsOf(request[field]).map(({ testId }) => textOf(testId) ?? '')
  const stray = tests.find((testId) => !isThere(collection, testId, call))
  if (stray !== undefined) return invalidField(field, `There is no test ${stray} in this account group.`)
  const label = {
    collection: labelCollection,
    id: stored?.id ?? state.nextId({ name: 'labelIds', first: 500_001 }),
    orgId: caller.orgId,
    aid,
    fields: { name: request['name'] ?? '', type },
  }
  state.put(label)
  for (const testId of tests) {
    const test = state.find(collection, testId)
    if (test) putLabel(test, label.id, call)
  }
  return { id: label.id }
}

function isThere(collection: string, testId: string, call: Call): boolean {
  const test = call.state.find(collection, testId)
  return test !== undefined && test.aid === call.aid && test.fields['instant'] !== true
}
