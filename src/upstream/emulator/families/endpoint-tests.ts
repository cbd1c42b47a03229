import type { Answerers, Call } from '../call.ts'
import { crud, type Family, isOwn, listAnswer, listShape, shown } from '../crud.ts'
import { type JsonObject, present } from '../json.ts'
import type { Model } from '../model.ts'
import type { Entry } from '../state.ts'
import { dropReferences } from './endpoint-agent-relations.ts'
import { acceptEndpointTest } from './endpoint-test-accept.ts'
import { dynamicKind, type EndpointTestKind, resultsPath, scheduledKinds } from './endpoint-test-kinds.ts'
import { forget } from './tag-assignments.ts'
import { labelsShown } from './test-labels.ts'

/** Which agents run the test: the keys of the request gathered in one object (v7-notes section 9). */
const selectorOf = ({
  agentSelectorType,
  agents,
  endpointAgentLabels,
  tagIds,
  maxMachines,
}: JsonObject): JsonObject =>
  present({
    agentSelectorType: agentSelectorType ?? 'all-agents',
    maxMachines: maxMachines ?? 25,
    ...(agentSelectorType === 'specific-agents' ? { agents } : { endpointAgentLabels, tagIds }),
  })

/** A stored endpoint test as answers show it. */
export const showEndpointTest = (test: Entry, call: Call): JsonObject => ({
  ...test.fields,
  aid: test.aid ?? '',
  agentSelectorConfig: selectorOf(test.fields),
  labels: labelsShown(test, call),
})

const isOfKind = ({ fields }: Entry, { type, isDynamic }: EndpointTestKind): boolean =>
  fields['type'] === type && (fields['isDynamic'] ?? false) === isDynamic

/** An instant test runs when it is told to, and stands in no list. */
export const isInstant = ({ fields }: Entry): boolean => fields['instant'] === true

export const familyOfKind = (kind: EndpointTestKind): Family => ({
  path: kind.path,
  collection: 'endpoint-tests',
  idKey: 'testId',
  owner: 'account-group',
  newId: ({ state }) => state.nextId(),
  sees: (test, call) => isOfKind(test, kind) && isOwn(test, call),
  lists: (test) => !isInstant(test),
  accept: acceptEndpointTest(kind),
  beforeDelete(test, call) {
    dropReferences('test', test, call.state)
    forget({ id: test.id, type: 'endpoint-test' }, call)
    return undefined
  },
  show: showEndpointTest,
  links: (test, { href }) => ({
    testResults: kind.results.map((results) => ({
      href: href(`${resultsPath(kind)}/${test.id}/${results}`),
    })),
  }),
})

const families = new Map([...scheduledKinds, dynamicKind].map((kind) => [kind, familyOfKind(kind)]))

/** The family of a stored endpoint test. */
export const familyOfEndpointTest = (test: Entry): Family | undefined =>
  [...families].find(([kind]) => isOfKind(test, kind))?.[1]

/** `/endpoint/tests/scheduled-tests` over both kinds, and the three typed families. */
export const endpointTests = (model: Model): Answerers => ({
  ...Object.assign({}, ...[...families.values()].map((family) => crud(family, model))),
  getEndpointScheduledTests(call: Call) {
    const schema = listShape(model, call.row).item
    const tests = call.state
      .all('endpoint-tests')
      .filter((test) => isOwn(test, call) && test.fields['isDynamic'] !== true && !isInstant(test))
    return listAnswer(
      call,
      tests.flatMap((test) => {
        const family = familyOfEndpointTest(test)
        return family ? [shown(family, test, { ...call, schema })] : []
      }),
    )
  },
})
