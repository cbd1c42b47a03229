import type { Answerer, Answerers, Call } from '../call.ts'
import { type Acceptance, type Accepted, crud, type Family } from '../crud.ts'
import { type JsonObject, textOf, textsOf } from '../json.ts'
import type { Model } from '../model.ts'
import { invalid, isV7Refusal, type V7Refusal, type Violation } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { simpleTest } from './agent-show.ts'
import { windowState } from './window-state.ts'

/** A window without a name, a start or a length would suppress nothing; the document marks none of them as required. */
function wrongFields({ name, startDate, duration }: JsonObject): readonly Violation[] {
  return [
    ...((textOf(name) ?? '') === '' ? [{ field: 'name', message: 'Name is empty.' }] : []),
    ...(startDate === undefined ? [{ field: 'startDate', message: 'StartDate is empty.' }] : []),
    ...(Number(duration ?? 0) <= 0 ? [{ field: 'duration', message: 'must be at least 1.' }] : []),
  ]
}

/** A test that is named twice is there once. */
function accept({ call, merged }: Acceptance): Accepted | V7Refusal {
  const testIds = [...new Set(textsOf(merged['testIds']))]
  const strays = testIds
    .filter((id) => call.state.find('tests', id)?.aid !== call.aid)
    .map((id) => ({ field: 'testIds', message: `There is no test ${id} in this account group.` }))
  const wrong = [...wrongFields(merged), ...strays]
  if (wrong.length > 0) return invalid(wrong)
  return { fields: { isEnabled: true, ...merged, ...(merged['testIds'] !== undefined && { testIds }) } }
}

function show({ fields }: Entry, call: Call): JsonObject {
  const tests = textsOf(fields['testIds']).flatMap((id) => call.state.find('tests', id) ?? [])
  return {
    ...fields,
    status: windowState(fields, call.now),
    ...(call.expand.has('test') && { tests: tests.map((test) => simpleTest(test, call)) }),
  }
}

const window: Family = {
  path: '/alert-suppression-windows',
  collection: 'alert-suppression-windows',
  idKey: 'alertSuppressionWindowId',
  owner: 'account-group',
  newId: ({ state }) => state.nextId({ name: 'windowIds', first: 2001 }),
  accept,
  show,
}

/** Answers that depend on the time. */
const varying =
  (answerer: Answerer): Answerer =>
  async (call) => {
    const answer = await answerer(call)
    return isV7Refusal(answer) ? answer : { ...answer, varies: true }
  }

/** `/alert-suppression-windows`. What they do to alerts stands in `test-suppression.ts`. */
export const alertSuppressionWindows = (model: Model): Answerers =>
  Object.fromEntries(Object.entries(crud(window, model)).map(([id, answerer]) => [id, varying(answerer)]))
