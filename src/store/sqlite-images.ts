/** Images of the SQLite store: one statement takes one, one transaction puts it back, in order with the commits. */
import type { Clock } from '#domain/clock.ts'
import { imageChanges } from './changes.ts'
import type { GroupCommit } from './group-commit.ts'
import type { ImagedRecord, StoreImages } from './images.ts'
import type { Rows, Statement } from './sqlite-rows.ts'

export interface SqliteImagesParts {
  readonly clock: Clock
  readonly rows: Rows
  /** A prepared statement whose rows come as arrays. */
  readonly prepare: (sql: string) => Statement
  readonly group: GroupCommit
  readonly nextVersion: () => string
  /** Runs what reads any records, and answers once all it may have seen is durable. */
  readonly readAll: <Result>(work: () => Result) => Promise<Result>
  /** Told when an image was put back, before that is durable. */
  readonly restored: () => void
}

const select = `SELECT key, value, expires_at,
    (SELECT json_group_array(name) FROM record_index WHERE record_index.key = record.key)
  FROM record WHERE expires_at > ? ORDER BY key`

/** Both hold the event loop for their whole time: about 30 ms per 1,000 records to put back, a fifth of that to take. */
export function sqliteImages(parts: SqliteImagesParts): StoreImages {
  const { clock, rows, prepare, group, nextVersion, readAll, restored } = parts
  return {
    async take() {
      // Prepared when asked for: most processes never take one.
      const found = await readAll(() => prepare(select).all(clock.now()))
      return Object.freeze(found.map(imagedRecordOf))
    },
    async restore(image) {
      const commit = { changes: imageChanges(image, 'absent'), version: nextVersion() }
      await group.write({
        work() {
          // The index first, so that deleting a record has nothing to look for there.
          prepare('DELETE FROM record_index').run()
          prepare('DELETE FROM record').run()
          return rows.apply(commit, clock.now())
        },
        committed: restored,
      })
    },
  }
}

function imagedRecordOf(row: unknown): ImagedRecord {
  const [key, value, expiresAt, names] = row as [string, string, number, string]
  return Object.freeze({ key, value, expiresAt, indexes: Object.freeze(JSON.parse(names) as string[]) })
}
