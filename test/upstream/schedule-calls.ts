import type { StoredRecord } from '#store/store.ts'
import { type Calls, type Came, done, openCalls } from './emulator-calls.ts'
import { allRows, type ResultRow } from './result-calls.ts'

/** 1 January 2030, where the tests' clock stands, in epoch seconds. */
export const start = 1_893_456_000
export const minute = 60
export const hour = 3_600

/** How tests of both worlds are made, changed and read. */
export const cloudAndEnterprise = {
  name: 'a test of cloud and enterprise agents',
  path: '/tests/agent-to-server',
  body: { server: 'acme.example:443', agents: [{ agentId: '3' }, { agentId: '110201' }] },
  key: 'enabled',
  agents: ['3', '110201'],
  results: 'network',
  resultsPath: '/test-results',
  change: 'PUT',
  collection: 'tests',
} as const
export const endpoint = {
  name: 'a scheduled test of endpoint agents',
  path: '/endpoint/tests/scheduled-tests/agent-to-server',
  body: {
    server: 'acme.example',
    agentSelectorType: 'specific-agents',
    agents: ['3fde6422-f119-40e1-ae32-000000001101'],
  },
  key: 'isEnabled',
  agents: ['3fde6422-f119-40e1-ae32-000000001101'],
  results: 'path-vis',
  resultsPath: '/endpoint/test-results/scheduled-tests',
  change: 'PATCH',
  collection: 'endpoint-tests',
} as const
export type World = typeof cloudAndEnterprise | typeof endpoint

/** The rounds of rows, in seconds since the start, the oldest first. */
export const roundsOf = (rows: readonly ResultRow[]): readonly number[] =>
  [...new Set(rows.map(({ roundId }) => roundId - start))].reverse()

export const isoAt = (second: number): string => new Date((start + second) * 1000).toISOString()

/** What is done with tests that run each minute. */
export interface ScheduleCalls {
  /** @returns the id of a test */
  create(more?: object): Promise<string>
  change(id: string, more: object): Promise<unknown>
  off(id: string): Promise<unknown>
  on(id: string): Promise<unknown>
  rowsOf(id: string, query?: string): Promise<readonly ResultRow[]>
  rounds(id: string, query?: string): Promise<readonly number[]>
}

/** @param calls those of the moment */
export function scheduleCalls(world: World, calls: () => Calls): ScheduleCalls {
  const named = { ...world.body, testName: 'Each minute' }
  const change: ScheduleCalls['change'] = (id, more) =>
    done(calls(), world.change, `${world.path}/${id}`, {
      body: { ...(world.change === 'PUT' && named), ...more },
    })
  const rowsOf: ScheduleCalls['rowsOf'] = (id, query = 'window=1d') =>
    allRows(calls(), `${world.resultsPath}/${id}/${world.results}`, query)
  return {
    async create(more) {
      const body = { ...named, interval: minute, ...more }
      return (await done(calls(), 'POST', world.path, { body })).testId
    },
    change,
    off: (id) => change(id, { [world.key]: false }),
    on: (id) => change(id, { [world.key]: true }),
    rowsOf,
    rounds: async (id, query) => roundsOf(await rowsOf(id, query)),
  }
}

/** @returns the id of a rule that one bad round of one agent violates */
export async function createLossRule(calls: Calls): Promise<string> {
  const body = {
    ruleName: 'Loss',
    alertType: 'end-to-end-server',
    expression: '((loss >= 5%))',
    roundsViolatingOutOf: 1,
    roundsViolatingRequired: 1,
    minimumSources: 1,
  }
  return (await done(calls, 'POST', '/alerts/rules', { body })).ruleId
}

/** The alerts of a test that a query asks for. */
export async function alertsOf(calls: Calls, id: string, query = ''): Promise<readonly Came['body'][]> {
  const { alerts } = await done(calls, 'GET', '/alerts', { query: `${query}&max=1000` })
  return alerts.filter(({ _links }: ResultRow) => _links.test.href.endsWith(`/${id}`))
}

export async function eventsOf(calls: Calls, query: string): Promise<readonly Came['body'][]> {
  return (await done(calls, 'GET', '/events', { query })).events
}

/** Writes the fields of an object as another version of Panoptes left them. @returns calls on the state, opened anew */
export async function leftBehind(
  calls: Calls,
  [collection, id]: readonly [string, string],
  to: (fields: Record<string, unknown>) => object,
): Promise<Calls> {
  const { key, value: before } = await recordOf(calls, [collection, id])
  const entry = JSON.parse(before)
  const value = JSON.stringify({ ...entry, fields: to(entry.fields) })
  const put = { kind: 'put' as const, key, value, expected: 'any' as const, indexes: ['v7:us1'] }
  await calls.store.commit([{ ...put, expiresAt: Number.MAX_SAFE_INTEGER }])
  return openCalls(calls)
}

/** What the store keeps of a collection. */
export async function recordsOf(calls: Calls, collection: string): Promise<readonly StoredRecord[]> {
  const records = await calls.store.list('v7:us1', { limit: 100_000 })
  return records.filter(({ key }) => key.includes(`:${collection}:`))
}

/** What the store keeps of one object. */
export async function recordOf(
  calls: Calls,
  [collection, id]: readonly [string, string],
): Promise<StoredRecord> {
  const record = (await recordsOf(calls, collection)).find(({ key }) => key.endsWith(`:${id}`))
  if (!record) throw new Error(`there is no record of ${collection} ${id}`)
  return record
}
