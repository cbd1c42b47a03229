import type { Call } from '../call.ts'
import { type JsonObject, objectOf, objectsOf, textOf, textsOf, without } from '../json.ts'
import { project } from '../project.ts'
import type { Entry } from '../state.ts'
import { isOfPartner } from './tag-assignments.ts'
import { testKindOf } from './test-kinds.ts'
import { labelsShown } from './test-labels.ts'

/** Keys that hold ids in the state and objects in the answer, shown only on demand (v7-notes sections 5 and 9). */
const relations = ['agents', 'alertRules', 'monitors', 'labels', 'tags', 'sharedWithAccounts']

const idObject = (key: string, entry: Entry | undefined): readonly JsonObject[] =>
  entry ? [{ ...entry.fields, [key]: entry.id }] : []

function expanded(test: Entry, call: Call): JsonObject {
  const { expand, state, aid } = call
  const { fields } = test
  const find = (collection: string, key: string, ids: readonly string[]): readonly JsonObject[] =>
    ids.flatMap((id) => idObject(key, state.find(collection, id)))
  /** What other account groups, which share the test, have on it is theirs alone. */
  const own = (collection: string, ids: readonly string[]): readonly string[] =>
    ids.filter((id) => (state.find(collection, id)?.aid ?? aid) === aid)
  const publicMonitors =
    fields['usePublicBgp'] === true
      ? state.all('monitors').filter((monitor) => monitor.fields['monitorType'] === 'public')
      : []
  const monitorIds = new Set([...textsOf(fields['monitors']), ...publicMonitors.map(({ id }) => id)])
  const sharedIds = new Set([
    ...(test.aid === undefined ? [] : [test.aid]),
    ...textsOf(fields['sharedWithAccounts']),
  ])
  return {
    ...(expand.has('agent') && {
      agents: find(
        'agents',
        'agentId',
        objectsOf(fields['agents']).map((one) => textOf(one['agentId']) ?? ''),
      ),
    }),
    ...(expand.has('alert-rule') && {
      alertRules: find('alert-rules', 'ruleId', own('alert-rules', textsOf(fields['alertRules']))),
    }),
    ...(expand.has('monitor') && { monitors: find('monitors', 'monitorId', [...monitorIds]) }),
    ...(expand.has('label') && { labels: labelsShown(test, call) }),
    ...(expand.has('tag') && {
      tags: find(
        'tags',
        'id',
        own('tags', textsOf(fields['tags'])).filter((id) => !isOfPartner(state.find('tags', id))),
      ),
    }),
    ...(expand.has('shared-with-account') && {
      sharedWithAccounts: [...sharedIds].map((aid) => ({
        aid,
        name: state.find('account-groups', aid)?.fields['accountGroupName'] ?? '',
      })),
    }),
  }
}

/** Falls away when a web test does not measure the network (v7-notes section 9, from client code). */
const networkKeys = [
  'mtuMeasurements',
  'bandwidthMeasurements',
  'pathTraceMode',
  'probeMode',
  'protocol',
  'numPathTraces',
]

function hidden({ type, networkMeasurements, protocol }: JsonObject): readonly string[] {
  const isNetworkTest = type === 'agent-to-server' || type === 'agent-to-agent'
  const withoutNetwork = networkMeasurements === false && !isNetworkTest ? networkKeys : []
  // Only valid when the protocol is TCP (official document, `TestProbeMode`).
  const withoutProbes = protocol !== undefined && protocol !== 'tcp' ? ['probeMode'] : []
  return [...relations, 'instant', 'password', 'bearerToken', ...withoutNetwork, ...withoutProbes]
}

/** `targetSipCredentials` comes back flattened; the object itself stays too, because the document requires it. */
function sipKeys(credentials: JsonObject | undefined, { model }: Call): JsonObject {
  if (!credentials) return {}
  const open = objectOf(project(model, model.schema('TestSipCredentials'), credentials))
  return { ...open, targetSipCredentials: open }
}

/** A stored test as answers show it. */
export function showTest(test: Entry, call: Call): JsonObject {
  const { fields } = test
  const port = fields['type'] === 'agent-to-server' ? fields['port'] : undefined
  const [credentials] = objectsOf([fields['targetSipCredentials'] ?? null])
  const server = textOf(fields['server'])
  return {
    ...without(fields, hidden(fields)),
    ...(fields['type'] === 'page-load' && {
      // The interval when it is not set (official document, `TestHttpInterval`).
      httpInterval: fields['httpInterval'] ?? fields['interval'] ?? 60,
    }),
    ...sipKeys(credentials, call),
    // The answer has no `port`; it stands in the server (v7-notes section 9, from client code).
    ...(port !== undefined &&
      server !== undefined &&
      !server.includes(':') && { server: `${server}:${port}` }),
    ...expanded(test, call),
  }
}

/** Links of a test to its results. */
export const testLinks = (test: Entry, call: Call): JsonObject => ({
  testResults: (testKindOf(test.fields['type'])?.results ?? []).map((results) => ({
    href: call.href(`/test-results/${test.id}/${results}`),
  })),
})
