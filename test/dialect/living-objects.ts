/** Objects of many families that are made, changed and deleted at random, and what must be true of them at any time. */
import { type Came, create, type Ground } from './ground.ts'
import { rows, sampleOf } from './sample-bodies.ts'

export interface LivingFamily {
  /** The collection's path. */
  readonly path: string
  /** The key of its list; none for a bare array. */
  readonly list?: string
  readonly idKey: string
  /** Fields that name other objects, made of what is there. */
  readonly references?: (there: There) => object
}

/** Ids of what is there in the account group, by path. */
export type There = (path: string) => readonly string[]

const some = (ids: readonly string[]): readonly string[] => ids.slice(-2)

const test = (kind: string): LivingFamily => ({
  path: `/tests/${kind}`,
  list: 'tests',
  idKey: 'testId',
  references: (there) => ({ tags: some(there('/tags')) }),
})

const testsThere = (there: There): readonly string[] =>
  some([...there('/tests/http-server'), ...there('/tests/agent-to-server')])

export const families: readonly LivingFamily[] = [
  test('http-server'),
  test('agent-to-server'),
  test('bgp'),
  { path: '/tags', list: 'tags', idKey: 'id' },
  {
    path: '/alerts/rules',
    list: 'alertRules',
    idKey: 'ruleId',
    references: (there) => ({ alertType: 'http-server', testIds: some(there('/tests/http-server')) }),
  },
  {
    path: '/alert-suppression-windows',
    list: 'alertSuppressionWindows',
    idKey: 'alertSuppressionWindowId',
    references: (there) => ({ testIds: testsThere(there) }),
  },
  {
    path: '/streams',
    idKey: 'id',
    references: (there) => ({ testMatch: testsThere(there).map((id) => ({ id, domain: 'cea' })) }),
  },
  { path: '/credentials', list: 'credentials', idKey: 'id' },
  { path: '/endpoint/labels', list: 'labels', idKey: 'id' },
  { path: '/endpoint/tests/scheduled-tests/http-server', list: 'tests', idKey: 'testId' },
  { path: '/operations/webhooks', list: 'items', idKey: 'id' },
  { path: '/connectors/generic', list: 'items', idKey: 'id' },
  { path: '/templates', list: 'templates', idKey: 'id' },
  { path: '/dashboards', idKey: 'dashboardId' },
]

const itemRow = (path: string, method: string) =>
  rows.find((row) => row.method === method && new RegExp(`^${path}/\\{\\w+\\}$`).test(row.path))

export function makeOne(ground: Ground, family: LivingFamily, there: There): Promise<Came> {
  return create(ground, rows, family.path, family.references?.(there) ?? {})
}

export function changeOne(ground: Ground, family: LivingFamily, id: string, there: There): Promise<Came> {
  const row = itemRow(family.path, 'PUT') ?? itemRow(family.path, 'PATCH')
  if (!row?.body) throw new Error(`${family.path} has no update`)
  const { alertType: _, ...references } = (family.references?.(there) ?? {}) as { alertType?: unknown }
  const kept = family.path === '/alerts/rules' ? { alertType: 'http-server', ...references } : references
  return ground.call(row.method, `${family.path}/${id}`, {
    body: { ...(sampleOf(row.body.schema) as object), ...kept },
  })
}

export const removeOne = (ground: Ground, { path }: LivingFamily, id: string): Promise<Came> =>
  ground.call('DELETE', `${path}/${id}`)

export async function listOf(
  ground: Ground,
  { path, list }: LivingFamily,
): Promise<readonly Record<string, unknown>[]> {
  const { body } = await ground.call('GET', path)
  return list === undefined ? body : body[list]
}

/** Where an object names others. */
interface Naming {
  readonly path: string
  readonly query: string
  /** The key that holds them, and the key of their id in it. */
  readonly key: string
  readonly idKey: string
  readonly kind: 'test' | 'tag' | 'rule'
}

const namings: readonly Naming[] = [
  { path: '/alerts/rules', query: '', key: 'tests', idKey: 'testId', kind: 'test' },
  { path: '/alert-suppression-windows', query: 'expand=test', key: 'tests', idKey: 'testId', kind: 'test' },
  { path: '/streams', query: '', key: 'testMatch', idKey: 'id', kind: 'test' },
  { path: '/tags', query: 'expand=assignments', key: 'assignments', idKey: 'id', kind: 'test' },
  { path: '/tests/http-server', query: 'expand=tag', key: 'tags', idKey: 'id', kind: 'tag' },
  {
    path: '/tests/http-server',
    query: 'expand=alert-rule',
    key: 'alertRules',
    idKey: 'ruleId',
    kind: 'rule',
  },
]

export interface Named extends Pick<Naming, 'kind'> {
  readonly where: string
  readonly id: string
}

/** All ids that objects name, with where they are named. */
export async function namedBy(
  ground: Ground,
  ids: ReadonlyMap<string, readonly string[]>,
): Promise<readonly Named[]> {
  const named: Named[] = []
  for (const { path, query, key, idKey, kind } of namings)
    for (const id of ids.get(path) ?? []) {
      const { body } = await ground.call('GET', `${path}/${id}`, { query })
      const found = (body[key] ?? []) as readonly Readonly<Record<string, unknown>>[]
      named.push(...found.map((one) => ({ where: `${path}/${id}`, kind, id: String(one[idKey]) })))
    }
  return named
}
