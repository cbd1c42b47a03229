import type { Call } from './call.ts'
import { type JsonObject, textOf } from './json.ts'
import type { Entry, Objects, Written } from './state.ts'

/** What the state keeps for itself. */
const inner = [
  'activity',
  'agent-peaks',
  'counters',
  'dashboard-snapshot-widgets',
  'test-versions',
  'unit-history',
]

/** How many records a region keeps: the next one takes the place of the oldest. */
const kept = 5_000
const mostResources = 20

/** Objects that go when they expire: nobody removes those that go with another call than a deletion. */
const expiring = ['dashboard-snapshots', 'test-snapshots']

const nouns: readonly (readonly [path: string, noun: string])[] = [
  ['/tests/{testId}/snapshot', 'Test snapshot'],
  ['/alerts/rules', 'Alert rule'],
  ['/endpoint/tests', 'Endpoint test'],
  ['/endpoint/agents', 'Endpoint agent'],
  ['/endpoint/labels', 'Endpoint label'],
  ['/dashboards/filters', 'Dashboard filter'],
  ['/operations', 'Operation'],
  ['/connectors', 'Connector'],
  ['/cloud-insights', 'Cloud Insights integration'],
]

/** `alert-suppression-windows` reads as `Alert suppression window`. */
function inWords(segment: string): string {
  const words = segment.replaceAll('-', ' ').replace(/s$/, '')
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`
}

const nounOf = (path: string): string =>
  nouns.find(([prefix]) => path.startsWith(prefix))?.[1] ?? inWords(path.split('/')[1] ?? '')

/** `Report created.` and `Login failed.` are the document's examples; these follow them. */
function eventOf({ row }: Call): string {
  const isNew = row.method === 'POST' && row.answer.status === 201
  const verbs: Readonly<Record<string, string>> = { DELETE: 'deleted', POST: isNew ? 'created' : 'updated' }
  return `${nounOf(row.path)} ${verbs[row.method] ?? 'updated'}.`
}

/** The first three words are the document's own. */
const resourceTypes: Readonly<Record<string, string>> = {
  tests: 'testName',
  users: 'userDisplayName',
  'alert-rules': 'alertRuleName',
  'endpoint-tests': 'testName',
}

const nameKeys = [
  'testName',
  'title',
  'snapshotName',
  'ruleName',
  'accountGroupName',
  'agentName',
  'name',
  'key',
]

function resourceOf({ collection, id, fields }: Entry): JsonObject {
  const camelCase = collection
    .replace(/s$/, '')
    .replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
  const name = nameKeys.map((key) => textOf(fields[key])).find((text) => text !== undefined)
  return { type: resourceTypes[collection] ?? `${camelCase}Name`, name: name ?? id }
}

/** A user as the log names it: name and e-mail. */
export const userInLog = (user: Entry | undefined): string =>
  `${textOf(user?.fields['name']) ?? ''} (${textOf(user?.fields['email']) ?? ''})`

/**
 * Records what a write changed, in the same draft, so that both are committed together. A call that changed nothing leaves
 * no record. @param before the objects as they were: what is gone has its name from there
 */
export function logActivity(call: Call, written: Written, before: Objects): void {
  const { state, caller, aid, now } = call
  const gone = written.removed
    .filter(({ collection }) => call.row.method === 'DELETE' || !expiring.includes(collection))
    .flatMap(({ collection, id }) => before.find(collection, id) ?? [])
  const changed = [...written.entries, ...gone].filter(({ collection }) => !inner.includes(collection))
  if (changed.length === 0) return
  const number = Number(state.nextId({ name: 'activity', first: 1 }))
  state.put({
    collection: 'activity',
    id: String(number % kept),
    orgId: caller.orgId,
    aid,
    fields: {
      number,
      at: now,
      event: eventOf(call),
      uid: caller.uid,
      user: userInLog(state.find('users', caller.uid)),
      resources: changed.slice(0, mostResources).map(resourceOf),
    },
  })
}
