import type { Answerers } from '../call.ts'
import { crud, type Family } from '../crud.ts'
import { isoDate } from '../iso-date.ts'
import type { Model } from '../model.ts'
import { notFound } from '../refusals.ts'
import { acceptInstantTest } from './test-accept.ts'
import { type TestKind, testKinds } from './test-kinds.ts'
import { showTest, testLinks } from './test-show.ts'

/** Instant tests share the id space of tests, so that their results are read in the same way, but are never listed. */
const familyOf = (kind: TestKind): Family => ({
  path: `/tests/${kind.type}/instant`,
  itemPath: `/tests/${kind.type}`,
  collection: 'tests',
  idKey: 'testId',
  owner: 'account-group',
  newId: ({ state }) => state.nextId(),
  accept: acceptInstantTest(kind),
  show: showTest,
  links: testLinks,
})

/** The creates of 12 types (all but bgp), and running one again. */
export const instantTests = (model: Model): Answerers => ({
  ...Object.assign({}, ...testKinds.map((kind) => crud(familyOf(kind), model))),
  runInstantTest({ state, aid, parameters, now }) {
    const test = state.find('tests', parameters['testId'] ?? '')
    if (test?.aid !== aid || test.fields['instant'] !== true) return notFound
    state.put({ ...test, fields: { ...test.fields, modifiedDate: isoDate(now), ranAt: now } })
    return { status: 200 }
  },
})
