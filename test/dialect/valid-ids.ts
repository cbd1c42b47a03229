/** Which objects a path names: what was created for the call, or what the seed has. */
import { type Came, create, type Ground } from './ground.ts'
import { type Row, rows } from './sample-bodies.ts'

export type Ids = Readonly<Record<string, string>>
type FindIds = (ground: Ground, row: Row) => Promise<Ids>

export const pathOf = (row: Row, parameters: Ids): string =>
  row.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ''))

export function done(came: Came, what: string): Came {
  if (came.status >= 300) throw new Error(`${what}: ${came.status} ${came.text}`)
  return came
}

/** The id of an object that an answer of its creation shows: the key ends with id, and `self` ends with it. */
export function idOf({ body, headers }: Came): string {
  const last = (address: string): string =>
    decodeURIComponent(new URL(address).pathname.split('/').at(-1) ?? '')
  const location = headers.get('location')
  if (location !== null) return last(location)
  const { id, ruleId, testId } = body
  return String(id ?? ruleId ?? testId ?? last(body._links.self.href))
}

const collectionOf = ({ path }: Row): string => path.slice(0, path.indexOf('/{'))

/** Where a path's first object is created: at its collection. */
const created: FindIds = async (ground, row) => {
  const [name = ''] = row.parameters
  return { [name]: await made(ground, collectionOf(row)) }
}

const fixed =
  (ids: Ids): FindIds =>
  async () =>
    ids

/** The tests whose results a path shows, by the part of the path. */
const measuredBy: Readonly<Record<string, string>> = {
  network: 'agent-to-server',
  'path-vis': 'agent-to-server',
  bgp: 'bgp',
  'rtp-server': 'voice',
}

interface ResultRow {
  readonly agent?: { readonly agentId: string }
  readonly agentId?: string
  readonly roundId: number
  readonly prefixId?: string
}

/** One row of the list in front of a path that shows a single round, page or prefix of it. */
async function firstResult(ground: Ground, path: string): Promise<ResultRow> {
  const { body } = done(await ground.call('GET', path, { query: 'window=2h' }), path)
  const [first] = body.results
  if (!first) throw new Error(`${path} has no results`)
  return first
}

const testResults: FindIds = async (ground, row) => {
  const [, , , kind = '', ...more] = row.path.split('/')
  const { body } = done(await create(ground, rows, `/tests/${measuredBy[kind] ?? kind}`), row.path)
  const { testId } = body
  ground.service.advance(3_600)
  if (more.length === 0) return { testId }
  if (row.parameters.includes('serverId')) {
    const { body: test } = await ground.call('GET', `/tests/dns-server/${testId}`)
    return { testId, serverId: String(test.dnsServers[0].serverId) }
  }
  const {
    agent,
    agentId = agent?.agentId,
    roundId,
    prefixId,
  } = await firstResult(ground, `/test-results/${testId}/${kind}`)
  const ids = { testId, agentId: String(agentId), roundId: String(roundId), prefixId: String(prefixId) }
  if (!row.parameters.includes('pageId')) return ids
  const detail = `/test-results/${testId}/${kind}/agent/${agentId}/round/${roundId}`
  const { body: shown } = done(await ground.call('GET', detail), detail)
  return { ...ids, pageId: String(shown.results[0].pages[0].pageNum) }
}

const endpointRound =
  (testId: string, kind: string): FindIds =>
  async (ground, row) => {
    if (!row.parameters.includes('roundId')) return { testId }
    const { agentId, roundId } = await firstResult(
      ground,
      `/endpoint/test-results/${kind}/${testId}/path-vis`,
    )
    return { testId, agentId: String(agentId), roundId: String(roundId) }
  }

/** The first object that a list or filter shows, by the name of its id. */
const listed =
  (
    asked: { readonly method?: string; readonly path: string; readonly query?: string },
    key: string,
    id: string,
  ): FindIds =>
  async (ground, row) => {
    const { method = 'GET', path, query = '' } = asked
    const came = done(
      await ground.call(method, path, { query, ...(method === 'POST' && { body: {} }) }),
      path,
    )
    const [first] = came.body[key]
    if (!first) throw new Error(`${method} ${path} lists nothing`)
    const [name = ''] = row.parameters
    return { [name]: String(first[id]) }
  }

const userSession: FindIds = async (ground) => {
  const path = '/endpoint/test-results/real-user-tests/filter'
  const { body } = done(await ground.call('POST', path, { body: {} }), path)
  const [session] = body.results
  if (!session) throw new Error(`${path} lists nothing`)
  return { id: session.id, pageId: session.pageId }
}

/** A widget, and what stands in it: cards of numbers, columns of a table. */
const dashboard: FindIds = async (ground, row) => {
  const dashboardId = await made(ground, '/dashboards')
  const { body } = done(await ground.call('GET', `/dashboards/${dashboardId}`), row.path)
  const [numbers, table] = body.widgets
  const widgetId = String((row.parameters.includes('columnId') ? table : numbers).id)
  const shown = done(await ground.call('GET', `/dashboards/${dashboardId}/widgets/${widgetId}`), row.path)
  const { cards = [], columns = [] } = shown.body.data
  return { dashboardId, widgetId, cardId: String(cards[0]?.cardId), columnId: String(columns[0]?.columnId) }
}

/** What is in a snapshot of a dashboard. */
const snapshot: FindIds = async (ground) => {
  const dashboardId = await made(ground, '/dashboards')
  const snapshotId = idOf(
    done(await create(ground, rows, '/dashboard-snapshots', { dashboardId }), 'snapshot'),
  )
  const { body } = done(await ground.call('GET', `/dashboard-snapshots/${snapshotId}`), 'snapshot')
  return { snapshotId, widgetId: String(body.widgets?.[0]?.id ?? body.dashboard?.widgets?.[0]?.id) }
}

/** Creates what a collection holds. @returns its id */
export const made = async (ground: Ground, path: string): Promise<string> =>
  idOf(done(await create(ground, rows, path), path))

const outage: FindIds = async (ground, { path }) => {
  const { body } = await ground.call('POST', '/internet-insights/outages/filter', { body: { window: '7d' } })
  const kind = path.split('/')[3]
  const found = body.outages.find(({ type }: { type: string }) => type === kind)
  return { outageId: found.id }
}

/** The first pattern that fits a path says where its ids come from; a path that none fits creates its object. */
const sources: readonly (readonly [RegExp, FindIds])[] = [
  [/^\/test-results\//, testResults],
  [/^\/endpoint\/test-results\/scheduled-tests\/\{testId\}\/http/, fixed({ testId: '110402' })],
  [/^\/endpoint\/test-results\/scheduled-tests\//, endpointRound('110401', 'scheduled-tests')],
  [/^\/endpoint\/test-results\/dynamic-tests\//, endpointRound('110403', 'dynamic-tests')],
  [/^\/endpoint\/test-results\/real-user-tests\//, userSession],
  [
    /^\/endpoint\/test-results\/local-networks\/topologies\/\{/,
    listed(
      { method: 'POST', path: '/endpoint/test-results/local-networks/topologies/filter' },
      'results',
      'networkTopologyId',
    ),
  ],
  [
    /^\/tests\/\{testId\}\/run/,
    async (ground) => ({ testId: await made(ground, '/tests/http-server/instant') }),
  ],
  [/^\/tests\/\{testId\}\//, fixed({ testId: '110301' })],
  [
    /^\/endpoint\/tests\/scheduled-tests\/\{testId\}\/run/,
    async (ground) => ({
      testId: await made(ground, '/endpoint/tests/scheduled-tests/agent-to-server/instant'),
    }),
  ],
  [/^\/endpoint\/agents\//, fixed({ agentId: '3fde6422-f119-40e1-ae32-000000001101' })],
  [/^\/agents\/notification-rules/, fixed({ notificationRuleId: '110151' })],
  [/^\/agents\/\{agentId\}\/cluster\/unassign/, fixed({ agentId: '110203' })],
  [/^\/agents\//, fixed({ agentId: '110201' })],
  [/^\/events\//, listed({ path: '/events', query: 'window=30d' }, 'events', 'id')],
  [/^\/alerts\/\{/, listed({ path: '/alerts', query: 'window=30d' }, 'alerts', 'id')],
  [/^\/autonomous-systems/, fixed({ asn: '64496' })],
  [
    /^\/internet-insights\/catalog\/providers\/\{/,
    listed({ method: 'POST', path: '/internet-insights/catalog/providers/filter' }, 'providers', 'id'),
  ],
  [/^\/internet-insights\/outages\/(?:net|app)/, outage],
  [
    /^\/cloud-insights\/integration\/(aws|azure)\/\{/,
    async (ground, row) => ({ integrationId: await made(ground, `${collectionOf(row)}/inventory`) }),
  ],
  [/^\/dashboards\/\{dashboardId\}\/widgets/, dashboard],
  [/^\/dashboard-snapshots\/\{/, snapshot],
  [
    /^\/operations\/\{type\}/,
    async (ground) => ({ type: 'webhooks', id: await made(ground, '/operations/webhooks') }),
  ],
]

/** The ids of a path, by their names in it. */
export async function idsFor(ground: Ground, row: Row): Promise<Ids> {
  const find = sources.find(([pattern]) => pattern.test(row.path))?.[1] ?? created
  const found = row.parameters.length === 0 ? {} : await find(ground, row)
  return Object.fromEntries(row.parameters.map((name) => [name, found[name] ?? '']))
}
