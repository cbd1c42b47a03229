/** Bodies with all that may be written. What they name is in the seed or is made for them; where members exclude each other, one stays. */
import { type Came, create, type Ground } from './ground.ts'
import { type Row, rows, sampleOf } from './sample-bodies.ts'
import { made } from './valid-ids.ts'

type Fields = Readonly<Record<string, unknown>>

const laptop = '3fde6422-f119-40e1-ae32-000000001101'
const tagId = '5aeab5d5-0d34-4d44-a7ac-000000001101'

/** The rule of the seed that fits tests of a type; its id ends with the number. */
const ruleOf: Readonly<Record<string, string>> = {
  'http-server': '01',
  'agent-to-server': '02',
  'agent-to-agent': '03',
  'page-load': '04',
  'web-transactions': '05',
  api: '06',
  'ftp-server': '07',
  'dns-server': '08',
  'dns-trace': '09',
  dnssec: '10',
  voice: '11',
  'sip-server': '12',
  bgp: '13',
}

async function secretId(ground: Ground): Promise<string> {
  const { body } = await create(ground, rows, '/operations/credential-vault')
  return body.secrets[0].id
}

/** References of a test, for those of its members that have any. */
async function testReferences(ground: Ground, row: Row, body: Fields): Promise<Fields> {
  const references: Readonly<Record<string, () => Promise<unknown>>> = {
    alertRules: async () => [`1101${ruleOf[row.path.split('/')[2] ?? '']}`],
    monitors: async () => ['62'],
    tags: async () => [tagId],
    labels: async () => [tagId],
    sharedWithAccounts: async () => ['1102'],
    credentials: async () => [await made(ground, '/credentials')],
    oAuth: async () => ({ ...(body['oAuth'] as Fields), requestMethod: 'post' }),
    vaultCredentials: async () => [{ secretId: await secretId(ground), target: 'password' }],
  }
  const found: [string, unknown][] = []
  for (const [key, find] of Object.entries(references)) if (key in body) found.push([key, await find()])
  return Object.fromEntries(found)
}

type FindFields = (ground: Ground, row: Row, body: Fields) => Promise<Fields>

const fixed =
  (fields: Fields): FindFields =>
  async () =>
    fields

const ofLaptop: FindFields = async (_ground, _row, { searchFilters }) => ({
  searchFilters: { ...(searchFilters as Fields), agentId: [laptop] },
})

/** Places of widgets that are not there yet are not kept. */
const filteredDashboard: FindFields = async (ground) => ({
  globalFilterId: await made(ground, '/dashboards/filters'),
  layout: { layoutId: 'grid-layout-1', type: 'vertical', details: { widgetPositioning: [] } },
})

/** By path: what takes the place of what a schema alone would say; undefined leaves a member out. */
const corrections: readonly (readonly [RegExp, FindFields])[] = [
  [/^\/tests\//, testReferences],
  [/^\/streams/, fixed({ exporterConfig: { splunkHec: undefined }, endpointAgentLabel: undefined })],
  [/^\/internet-insights\/outages\/filter/, fixed({ startDate: undefined, endDate: undefined })],
  [/^\/operations\/credential-vault/, fixed({ secrets: [{ name: 'one', secretKey: 'secret/key' }] })],
  [/^\/endpoint\/tests\//, fixed({ agents: [laptop], tagIds: [tagId] })],
  [/^\/endpoint\/test-results\/real-user-tests\/pages/, fixed({ agentId: [laptop] })],
  [/^\/endpoint\/test-results\//, ofLaptop],
  [/^\/dashboards(?:\/\{|$)/, filteredDashboard],
  [/^\/dashboard-snapshots\/\{/, fixed({ snapshotExpirationDate: '2030-01-01T00:00:00Z' })],
  [/^\/alerts\/rules/, fixed({ minimumSourcesPct: undefined })],
  [/^\/alert-suppression-windows/, fixed({ endRepeat: { type: 'count', count: 3 } })],
  [
    /^\/agents\/\{/,
    fixed({ tests: ['110301'], accountGroups: ['1102'], localResolutionPrefixes: ['192.0.2.0/24'] }),
  ],
  [/^\/account-groups/, fixed({ agents: ['110201'] })],
  [/^\/users/, fixed({ allAccountGroupRoleIds: ['37'] })],
]

/** Creates what a collection holds, with all that may be written. @returns the answer */
export function createFull(ground: Ground, path: string): Promise<Came> {
  const row = rows.find((one) => one.method === 'POST' && one.path === path)
  if (!row) throw new Error(`nothing is created at ${path}`)
  return fullBody(ground, row).then((body) => ground.call('POST', path, { body }))
}

/** @returns the body that the schema describes, with every member that may be written */
export async function fullBody(ground: Ground, row: Row): Promise<unknown> {
  const body = row.body && sampleOf(row.body.schema, true)
  const correct = corrections.find(([pattern]) => pattern.test(row.path))?.[1]
  return correct ? { ...(body as Fields), ...(await correct(ground, row, body as Fields)) } : body
}
