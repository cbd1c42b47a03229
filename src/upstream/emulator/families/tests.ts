import type { Answerers, Call } from '../call.ts'
import { crud, type Family, listOf, listShape, shown } from '../crud.ts'
import type { Model, Schema } from '../model.ts'
import { refused } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { leaveStreams } from './stream-tests.ts'
import { acceptTest } from './test-accept.ts'
import { removeVersions, versionAsked, writeVersion } from './test-history.ts'
import { type TestKind, testKinds } from './test-kinds.ts'
import { isReachable } from './test-reach.ts'
import { showTest, testLinks } from './test-show.ts'

/** Instant tests are read by their id but listed nowhere (v7-notes section 2). */
const isConfigured = ({ fields }: Entry): boolean => fields['instant'] !== true

/** Relations to other objects come on demand. */
const showsAlone = ({ expand }: Call): boolean => expand.size === 0

const familyOf = (kind: TestKind): Family => ({
  path: `/tests/${kind.type}`,
  collection: 'tests',
  idKey: 'testId',
  owner: 'account-group',
  newId: ({ state }) => state.nextId(),
  sees: (test, call) =>
    test.fields['type'] === kind.type && isReachable(test, call) && versionAsked(test, call) !== undefined,
  lists: isConfigured,
  accept: acceptTest(kind),
  show: (test, call) => showTest(versionAsked(test, call) ?? test, call),
  showsAlone,
  links: testLinks,
  afterWrite: writeVersion,
  beforeDelete(test, call) {
    if (test.aid !== call.aid)
      return refused('forbidden', 'A shared test is deleted by its own account group.')
    removeVersions(test, call)
    leaveStreams(test.id, call)
    return undefined
  },
})

/** By type. */
const families = new Map<unknown, Family>(testKinds.map((kind) => [kind.type, familyOf(kind)]))

/** The 13 typed families, and `/tests` over all of them, each test as the list of its type shows it. */
export const tests = (model: Model): Answerers => {
  const schemas = new Map(
    [...families].map(([type, { path }]) => {
      const row = model.row('GET', path)
      if (!row) throw new Error(`the document has no GET ${path}`)
      return [type, listShape(model, row).item]
    }),
  )
  return {
    ...Object.assign({}, ...[...families.values()].map((family) => crud(family, model))),
    getTests: (call) =>
      listOf(
        call,
        call.state
          .all('tests')
          .filter(
            (test) => families.has(test.fields['type']) && isConfigured(test) && isReachable(test, call),
          ),
        {
          show(test) {
            const { type } = test.fields
            return shown(families.get(type) as Family, test, { ...call, schema: schemas.get(type) as Schema })
          },
          isAlone: showsAlone(call),
        },
      ),
  }
}
