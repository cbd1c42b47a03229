/**
 * A valid request of each operation: ids of what was created for it or is in the seed, a body that fits its schema. What stands
 * here is what no schema says: which object a path wants, and what a body must name to mean anything.
 */
import { fullBody } from './full-bodies.ts'
import type { Ground } from './ground.ts'
import { type Row, sampleOf } from './sample-bodies.ts'
import { type Ids, idsFor, made } from './valid-ids.ts'

export interface ValidRequest {
  /** By the names in the path. */
  readonly parameters: Ids
  readonly query: string
  readonly body: unknown
}

/** Query parameters without which a call is refused. */
const queries: Readonly<Record<string, string>> = {
  getEvents: 'window=30d',
  getAlerts: 'window=30d',
}

/** Bodies that name what is created for them. */
const bodies: Readonly<Record<string, (ground: Ground) => Promise<unknown>>> = {
  setOperationConnectors: async (ground) => [await made(ground, '/connectors/generic')],
  setGenericConnectorOperations: async (ground) => [await made(ground, '/operations/webhooks')],
  setPanoramaConnectorOperations: async (ground) => [await made(ground, '/operations/credential-vault')],
  setConjurConnectorOperations: async (ground) => [await made(ground, '/operations/credential-vault')],
  assignOrganizationsQuotas: async () => ({ organizations: [{ orgId: '110', value: 12_000 }] }),
  unassignOrganizationsQuotas: async () => ({ organizations: ['110'] }),
  assignOrganizationsAccountGroupsQuotas: async () => ({
    organizations: [{ orgId: '110', accountGroups: [{ aid: '1101', value: 12_000 }] }],
  }),
  unassignOrganizationsAccountGroupsQuotas: async () => ({
    organizations: [{ orgId: '110', accountGroups: ['1101'] }],
  }),
  createDashboardSnapshot: async (ground) => ({
    ...(sampleOf('GenerateDashboardSnapshotRequest') as object),
    dashboardId: await made(ground, '/dashboards'),
  }),
}

const requiredQuery = ({ query }: Row): string =>
  Object.entries(query)
    .filter(([, fact]) => fact.required)
    .map(([name, fact]) => `${name}=${fact.type === 'boolean' ? 'true' : '1'}`)
    .join('&')

/** The query with everything that the operation expands, as a comma list (v7-notes section 5). */
export function expandAll({ query }: Row, asked: string): string {
  const values = query['expand']?.enum ?? []
  return [...(asked === '' ? [] : [asked]), ...(values.length > 0 ? [`expand=${values}`] : [])].join('&')
}

/** @param isFull whether the body has all that may be written, or what is required alone */
export const validRequest = async (
  ground: Ground,
  row: Row,
  { isFull = false }: { readonly isFull?: boolean } = {},
): Promise<ValidRequest> => ({
  parameters: await idsFor(ground, row),
  query: queries[row.id] ?? requiredQuery(row),
  body:
    row.body &&
    (await (bodies[row.id]?.(ground) ?? (isFull ? fullBody(ground, row) : sampleOf(row.body.schema)))),
})
