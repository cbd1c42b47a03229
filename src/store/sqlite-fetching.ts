/** Fetching: has the pages of the records that a purge removes next at hand before SQLite reads them (sqlite-pages.ts; DECISIONS 163). */
import { read as readFile } from 'node:fs'
import { promisify } from 'node:util'
import { batches } from '#domain/batches.ts'
import { type Pages, pagesOf } from './sqlite-pages.ts'
import type { Statement } from './sqlite-rows.ts'

const read = promisify(readFile)

export interface FetchingParts {
  /** Of the database. */
  readonly descriptor: number
  readonly prepare: (sql: string) => Statement
  /** Epoch ms. */
  readonly now: () => number
}

/** Records whose pages are looked for in one turn of the event loop: a walk to a leaf is work too, most of all before V8 has compiled it. */
const together = 8
/** What leads to leaves changes as these are emptied, so it is read anew after so many slices. */
const slicesAlike = 32

/** @returns fetches what stands of the next so many records that are due; it never fails, as nobody needs it */
export function fetchingDue({ descriptor, prepare, now }: FetchingParts): (count: number) => Promise<void> {
  const due = prepare('SELECT id FROM record WHERE purge_at <= ? ORDER BY purge_at LIMIT ?')
  const keyOf = prepare('SELECT key FROM record WHERE id = ?')
  const namesOf = prepare('SELECT name FROM record_index WHERE key = ?')
  const rootOf = prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?')
  const pageSize = prepare('PRAGMA page_size')
  const rootPage = (name: string): number => (rootOf.get(name) as [number])[0]
  let pages: Pages | undefined
  let slices = 0

  function open(): Pages {
    return pagesOf({
      pageBytes: (pageSize.get() as [number])[0],
      read: (into, position) => read(descriptor, into, 0, into.length, position),
    })
  }

  async function bring(count: number): Promise<void> {
    const ids = (due.all(now(), count) as [number][]).map(([id]) => id)
    if (slices % slicesAlike === 0) pages?.forget()
    slices += 1
    const at = pages ?? open()
    // Nothing is kept between rounds.
    pages = ids.length < count ? undefined : at
    if (ids.length === 0) return
    const [records, byKey] = [rootPage('record'), rootPage('sqlite_autoindex_record_1')]
    const [entries, entriesByKey] = [rootPage('record_index'), rootPage('record_index_by_key')]
    for (const some of batches(ids, together)) {
      await Promise.all(some.map((id) => at.row(records, id)))
      const keys = some.flatMap((id) => (keyOf.all(id) as [string][]).map(([key]) => key))
      await Promise.all(keys.flatMap((key) => [at.entry(byKey, [key]), at.entry(entriesByKey, [key])]))
      const listed = keys.flatMap((key) => (namesOf.all(key) as [string][]).map(([name]) => [name, key]))
      await Promise.all(listed.map((columns) => at.entry(entries, columns)))
    }
  }

  return (count) => bring(count).catch(() => undefined)
}
