import type { Call } from '../call.ts'
import { isOwn } from '../crud.ts'
import { type LabelType, labelCollection, labelTypes, putLabel } from '../families/test-labels.ts'
import { type JsonObject, objectsOf, textOf } from '../json.ts'
import { invalid, invalidField, isV7Refusal, notFound, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
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

/** The tests that the label names, in its account group. */
function namedTests(request: JsonObject, type: LabelType, call: Call): readonly Entry[] | V7Refusal {
  const { field, collection } = places[type]
  const ids = objectsOf(request[field]).map(({ testId }) => textOf(testId) ?? '')
  const tests = ids.flatMap((id) => testOf(collection, id, call) ?? [])
  const stray = ids.find((id) => !testOf(collection, id, call))
  return stray === undefined ? tests : invalidField(field, `There is no test ${stray} in this account group.`)
}

function testOf(collection: string, id: string, call: Call): Entry | undefined {
  const test = call.state.find(collection, id)
  return test !== undefined && test.aid === call.aid && test.fields['instant'] !== true ? test : undefined
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
  if (stored && stored.fields['type'] !== type)
    return invalidField('type', `must stay ${stored.fields['type']}, as the label may hang on tests.`)
  const tests = namedTests(request, type, call)
  if (isV7Refusal(tests)) return tests
  const label = {
    collection: labelCollection,
    id: stored?.id ?? state.nextId({ name: 'labelIds', first: 500_001 }),
    orgId: caller.orgId,
    aid,
    fields: { name: request['name'] ?? '', type },
  }
  state.put(label)
  for (const test of tests) putLabel(test, label.id, call)
  return { id: label.id }
}
