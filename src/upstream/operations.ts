import type { Operation } from '#domain/operation.ts'
import { type GroupRules, readGroupRules } from './group-rules.ts'
import { type OperationRow, readOperationRows } from './operation-rows.ts'
import { readScopeRules, type ScopeRules } from './scope-rules.ts'

/** The windows beside the organization's (thousandeyes-facts 6.3); the document itself names only the last. */
function bucketOf({ method, path }: OperationRow): Operation['bucket'] {
  if (method !== 'POST') return undefined
  if (/^\/tests\/([^/]+\/instant|\{testId\}\/run)$/.test(path)) return 'instant-test'
  if (path === '/templates/{id}/deploy') return 'template-deploy'
  return path === '/dashboard-snapshots' ? 'dashboard-snapshot' : undefined
}

/** What our own tables say of operations, beside what the document says. */
export interface OperationRules {
  readonly scopes: ScopeRules
  readonly groups: GroupRules
}

/** @throws when a table under config/ is missing or broken */
export async function readOperationRules(): Promise<OperationRules> {
  const [scopes, groups] = await Promise.all([readScopeRules(), readGroupRules()])
  return { scopes, groups }
}

/** @returns the operations of the rows, each with the scope words that open it */
export const operationsOf = (
  rows: readonly OperationRow[],
  { scopes, groups }: OperationRules,
): readonly Operation[] =>
  rows.map((row) => ({
    id: row.id,
    method: row.method,
    path: row.path,
    scopes: scopes.accepted(row),
    isRead: scopes.isRead(row),
    takesAccountGroup: 'aid' in row.query,
    otherGroups: groups.of(row),
    bucket: bucketOf(row),
    query: Object.keys(row.query),
  }))

/**
 * The operations that the gateway lets through: the 323 of the official document and the few that the Splunk app calls beside them.
 * @throws when the tables under config/ are missing or broken
 */
export async function loadOperations(): Promise<readonly Operation[]> {
  return operationsOf(...(await Promise.all([readOperationRows(), readOperationRules()])))
}
