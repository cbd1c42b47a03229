/** Rows: the prepared statements of the SQLite store. Synchronous; whoever calls holds the transaction. */
import type { Change, StoredRecord } from './store.ts'

type Value = string | number

/** What the rows need of node:sqlite, whose only home is sqlite.ts. */
export interface Statement {
  run(...values: Value[]): { readonly changes: number | bigint }
  get(...values: Value[]): unknown
  all(...values: Value[]): unknown[]
}

export interface Commit {
  readonly changes: readonly Change[]
  readonly version: string
}

export interface Listing {
  readonly index: string
  readonly after: string | undefined
  readonly limit: number
  readonly now: number
}

export interface PurgedSlice {
  /** The keys that went. */
  readonly gone: readonly string[]
  /** So many were removed or filed anew. */
  readonly changed: number
  /** Whether nothing that is due is left. */
  readonly isLast: boolean
}

export interface Rows {
  find(key: string, now: number): StoredRecord | undefined
  /** @returns undefined when an expectation does not hold; what was written until then must be taken back */
  apply(commit: Commit, now: number): 'committed' | undefined
  /** Whether `apply` runs a single statement, which changes something or nothing. */
  isOneStatement(commit: Commit): boolean
  list(listing: Listing): readonly StoredRecord[]
  /** Works for some milliseconds at most. */
  purge(limit: number, now: number): PurgedSlice
}

/** @param prepare a prepared statement whose rows come as arrays */
export function rowsOf(prepare: (sql: string) => Statement): Rows {
  const columns = 'record.key, version, value, expires_at'
  const find = prepare(`SELECT ${columns} FROM record WHERE key = ? AND expires_at > ?`)
  const list = prepare(`SELECT ${columns} FROM record_index JOIN record ON record.key = record_index.key
    WHERE name = ? AND record_index.key > ? AND expires_at > ? ORDER BY record_index.key LIMIT ?`)
  const apply = applying(prepare)
  return {
    find(key, now) {
      const row = find.get(key, now)
      return row === undefined ? undefined : recordOf(row)
    },
    apply: ({ changes, version }, now) =>
      changes.every((change) => apply(change, version, now)) ? 'committed' : undefined,
    isOneStatement: ({ changes: [first, ...more] }) =>
      more.length === 0 && first?.kind === 'put' && first.expected !== 'absent' && first.expected !== 'any',
    list: ({ index, after = '', limit, now }) =>
      // In SQLite a negative limit is none at all.
      list.all(index, after, now, Math.max(0, limit)).map(recordOf),
    purge: purging(prepare),
  }
}

/** Nobody is served meanwhile, and a row of a large file may have to be fetched from the disk with all its index entries. */
const purgeMilliseconds = 4
/** So many are looked up at once. */
export const purgeRows = 32

/** Deletes what has expired of the records that are due; files the others anew. */
function purging(prepare: (sql: string) => Statement): Rows['purge'] {
  const due = prepare('SELECT id, key, expires_at FROM record WHERE purge_at <= ? ORDER BY purge_at LIMIT ?')
  const remove = prepare('DELETE FROM record WHERE id = ?')
  const refile = prepare('UPDATE record SET purge_at = expires_at WHERE id = ?')
  return (limit, now) => {
    const endsAt = performance.now() + purgeMilliseconds
    const gone: string[] = []
    const asked = Math.min(Math.max(0, limit), purgeRows)
    const rows = due.all(now, asked) as [number, string, number][]
    let done = 0
    for (const [id, key, expiresAt] of rows) {
      if (expiresAt <= now) {
        remove.run(id)
        gone.push(key)
      } else refile.run(id)
      done += 1
      if (performance.now() >= endsAt) break
    }
    return { gone, changed: done, isLast: done === rows.length && rows.length < asked }
  }
}

/** @returns what does one change, and answers whether its expectation held */
function applying(
  prepare: (sql: string) => Statement,
): (change: Change, version: string, now: number) => boolean {
  const replace = 'UPDATE record SET version = ?, value = ?, expires_at = ? WHERE key = ? AND expires_at > ?'
  const replaceAny = prepare(replace)
  const replaceExpected = prepare(`${replace} AND version = ?`)
  const create = prepare(
    'INSERT INTO record (version, value, expires_at, key, purge_at) VALUES (?1, ?2, ?3, ?4, ?3) ON CONFLICT (key) DO NOTHING',
  )
  const enlist = prepare('INSERT OR IGNORE INTO record_index (name, key) VALUES (?, ?)')
  const remove = prepare('DELETE FROM record WHERE key = ?')
  const removeExpired = prepare('DELETE FROM record WHERE key = ? AND expires_at <= ?')
  const changed = (statement: Statement, ...values: Value[]): boolean =>
    statement.run(...values).changes === 1

  // An expired record counts as absent, but its index entries must go with it.
  function created(key: string, row: readonly Value[], now: number): boolean {
    return changed(create, ...row) || (changed(removeExpired, key, now) && changed(create, ...row))
  }

  function put(change: Change & { kind: 'put' }, version: string, now: number): boolean {
    const { key, value, expiresAt, expected, indexes = [] } = change
    const row = [version, value, expiresAt, key] as const
    if (expected !== 'absent' && expected !== 'any') return changed(replaceExpected, ...row, now, expected)
    if (expected === 'any' && changed(replaceAny, ...row, now)) return true
    if (!created(key, row, now)) return false
    for (const index of indexes) enlist.run(index, key)
    return true
  }

  return (change, version, now) => {
    if (change.kind === 'put') return put(change, version, now)
    remove.run(change.key)
    return true
  }
}

function recordOf(row: unknown): StoredRecord {
  const [key, version, value, expiresAt] = row as [string, string, string, number]
  return Object.freeze({ key, version, value, expiresAt })
}
