/** Schema: what the SQLite file looks like, and which files are refused. */

/** What opening needs of node:sqlite, whose only home is sqlite.ts. */
export interface SchemaDatabase {
  readonly isTransaction: boolean
  exec(sql: string): void
  prepare(sql: string): { get(): Record<string, unknown> | undefined }
}

/** Raise it with every change of the tables, together with the steps that carry an older file over. */
const schemaVersion = 2

/** `PANO`, so that another program's database is never mistaken for ours. */
const applicationId = 0x50414e4f

/**
 * When the purge looks at a record: not later than its expiry, mostly earlier. A record that lives on is filed anew then, and
 * not with each write, which would touch two more pages of a large file (DECISIONS 83).
 */
const purging = `
  CREATE INDEX record_by_purge ON record (purge_at);
  CREATE TRIGGER record_ends_sooner AFTER UPDATE OF expires_at ON record WHEN new.expires_at < new.purge_at
    BEGIN UPDATE record SET purge_at = new.expires_at WHERE id = new.id; END;
`

/**
 * A table with row ids, because without them SQLite moves values above 1 kB out of the leaf, and a grant's record has about
 * 2 kB: a point read takes 9 µs instead of 28. Text compares bytewise, as the port's order of keys demands.
 */
const tables = `
  CREATE TABLE record (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    version TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    value TEXT NOT NULL,
    purge_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE record_index (
    name TEXT NOT NULL,
    key TEXT NOT NULL REFERENCES record (key) ON DELETE CASCADE,
    PRIMARY KEY (name, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX record_index_by_key ON record_index (key);
  ${purging}
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`

/** From version 1: its records are looked at when they expire. */
const secondVersion = `
  ALTER TABLE record ADD COLUMN purge_at INTEGER NOT NULL DEFAULT 0;
  UPDATE record SET purge_at = expires_at;
  DROP INDEX record_by_expiry;
  ${purging}
  PRAGMA user_version = 2;
`

/**
 * @param created called within the transaction that has created the tables of a new file
 * @throws Error when the file belongs to a newer Panoptes or to another program
 */
export function createOrCheckTables(database: SchemaDatabase, created: () => void): void {
  // Immediate: of two processes that start on one new file, one creates the tables and the other finds them.
  database.exec('BEGIN IMMEDIATE')
  try {
    if (!isOurs(database)) {
      database.exec(tables)
      created()
    } else if (answerOf(database, 'PRAGMA user_version') === 1) database.exec(secondVersion)
    database.exec('COMMIT')
  } catch (failure) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw failure
  }
}

/** @returns whether it has tables of ours yet @throws Error when the file belongs to a newer Panoptes or to another program */
export function isOurs(database: SchemaDatabase): boolean {
  if (answerOf(database, 'SELECT count(*) FROM sqlite_schema') === 0) return false
  assertOurs(database)
  return true
}

function assertOurs(database: SchemaDatabase): void {
  if (answerOf(database, 'PRAGMA application_id') !== applicationId)
    throw new Error('it belongs to another program')
  const found = Number(answerOf(database, 'PRAGMA user_version'))
  if (found < 1 || found > schemaVersion)
    throw new Error(`its schema version is ${found}, this Panoptes supports ${schemaVersion}`)
}

/** @throws Error when pages of the file are damaged */
export function assertUndamaged(database: SchemaDatabase): void {
  const verdict = answerOf(database, 'PRAGMA quick_check(1)')
  if (verdict !== 'ok') throw new Error(`it is damaged (${String(verdict).replace(/\s+/g, ' ')})`)
}

const answerOf = (database: SchemaDatabase, question: string): unknown =>
  Object.values(database.prepare(question).get() ?? {})[0]
