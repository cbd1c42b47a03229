import type { Answerers, Call } from '../call.ts'
import { crud, type Family, listAnswer, listShape, shown } from '../crud.ts'
import type { Model } from '../model.ts'
import { refused } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { acceptTest } from './test-accept.ts'
import { removeVersions, writeVersion } from './test-history.ts'
import { type TestKind, testKinds } from './test-kinds.ts'
import { isReachable } from './test-reach.ts'
import { showTest, testLinks } from './test-show.ts'

/** Instant tests are read by their id but listed nowhere (v7-notes section 2). */
const isConfigured = ({ fields }: Entry): boolean => fields['instant'] !== true

const familyOf = (kind: TestKind): Family => ({
  path: `/tests/${kind.type}`,
  collection: 'tests',
  idKey: 'testId',
  owner: 'account-group',
  newId: ({ state }) => state.nextId(),
  sees: (test, call) => test.fields['type'] === kind.type && isReachable(test, call),
  lists: isConfigured,
  accept: acceptTest(kind),
  show: (test, call) => showTest(versionOf(test, call), call),
  links: testLinks,
  afterWrite: writeVersion,
  beforeDelete(test, call) {
    if (test.aid !== call.aid)
      return refused('forbidden', 'A shared test is deleted by its own account group.')
    removeVersions(test, call)
    return undefined
  },
})

/** The version that `versionId` asks for, or the test as it is. */
function versionOf(test: Entry, { state, query }: Call): Entry {
  const versionId = query.get('versionId')
  const version = versionId === null ? undefined : state.find('test-versions', `${test.id}.${versionId}`)
  return version ? { ...test, fields: version.fields } : test
}

const families = testKinds.map(familyOf)

/** The 13 typed families, and `/tests` over all of them. */
export const tests = (model: Model): Answerers => ({
  ...Object.assign({}, ...families.map((family) => crud(family, model))),
  getTests(call) {
    const items = call.state.all('tests').flatMap((test) => {
      const family = families.find(({ path }) => path === `/tests/${test.fields['type']}`)
      const row = family && model.row('GET', family.path)
      if (!row || !isConfigured(test) || !isReachable(test, call)) return []
      return [shown(family, test, { ...call, schema: listShape(model, row).item })]
    })
    return listAnswer(call, items)
  },
})
