/** Records of a memory store: a base that never changes, and above it what was written since. Synchronous, hence atomic. */
import { writtenRecord } from './changes.ts'
import type { ImagedRecord, StoreImage } from './images.ts'
import type { Base } from './memory-bases.ts'
import { keyLists, mergedKeys } from './memory-keys.ts'
import type { Change, ListOptions, StoredRecord } from './store.ts'

export interface MemoryRecords {
  /** The record, also when it has expired; the same object as long as it stands. */
  find(key: string): StoredRecord | undefined
  /** Writes without asking what is expected. @param now decides whether a record is replaced or created anew */
  apply(change: Change, version: string, now: number): void
  list(index: string, options: ListOptions & { readonly now: number }): readonly StoredRecord[]
  /** @returns how many expired records went */
  purge(limit: number, now: number): number
  image(now: number): StoreImage
}

/** What was written over the base. */
interface Written {
  readonly record: StoredRecord
  readonly indexes: readonly string[]
}

/** Undefined where a record of the base was deleted. */
type WrittenOver = Map<string, Written | undefined>

const noKeys: readonly string[] = []

/** @param version what every record of the base counts as */
export function recordsOver(base: Base, version: string): MemoryRecords {
  const written: WrittenOver = new Map()
  /** The keys that were added to those of the base. */
  const added = keyLists()
  /** Records of the base that somebody read. They differ from store to store, as versions do; their values are shared. */
  const opened = new Map<string, StoredRecord>()

  function find(key: string): StoredRecord | undefined {
    const above = written.get(key)
    if (above) return above.record
    return written.has(key) ? undefined : (opened.get(key) ?? openBase(key))
  }

  function openBase(key: string): StoredRecord | undefined {
    const imaged = base.records.get(key)
    if (!imaged) return undefined
    const { value, expiresAt } = imaged
    const record = Object.freeze({ key, version, value, expiresAt })
    opened.set(key, record)
    return record
  }

  const indexesOf = (key: string): readonly string[] =>
    (written.get(key) ?? base.records.get(key))?.indexes ?? noKeys

  function remove(key: string): void {
    added.strike(key, written.get(key)?.indexes ?? noKeys)
    opened.delete(key)
    if (base.records.has(key)) written.set(key, undefined)
    else written.delete(key)
  }

  function write(record: StoredRecord, indexes: readonly string[]): void {
    written.set(record.key, { record, indexes })
    opened.delete(record.key)
  }

  return {
    find,
    apply(change, nextVersion, now) {
      if (change.kind === 'delete') return remove(change.key)
      const { key } = change
      const record = writtenRecord(change, nextVersion)
      const current = find(key)
      if (current && current.expiresAt > now) return write(record, indexesOf(key))
      if (current) remove(key)
      const indexes = [...new Set(change.indexes)]
      write(record, indexes)
      added.enlist(key, indexes)
    },
    list(index, { limit = 1_000, after, now }) {
      const found: StoredRecord[] = []
      if (limit <= 0) return found
      for (const key of mergedKeys(base.indexes.get(index) ?? noKeys, added.of(index), after)) {
        const record = find(key)
        // A key of the base may have been deleted, and come back without this index.
        if (record && record.expiresAt > now && indexesOf(key).includes(index)) found.push(record)
        if (found.length >= limit) break
      }
      return found
    },
    purge: purging(base, written, remove),
    image: (now) => imageOf(base, written, now),
  }
}

function purging(
  { byExpiry }: Base,
  written: WrittenOver,
  remove: (key: string) => void,
): MemoryRecords['purge'] {
  let next = 0

  function purgeBase(limit: number, now: number): number {
    let purged = 0
    for (; purged < limit; next += 1) {
      const record = byExpiry[next]
      if (!record || record.expiresAt > now) break
      if (written.has(record.key)) continue
      remove(record.key)
      purged += 1
    }
    return purged
  }

  return (limit, now) => {
    let purged = purgeBase(limit, now)
    for (const [key, above] of written) {
      if (purged >= limit) break
      if (!above || above.record.expiresAt > now) continue
      remove(key)
      purged += 1
    }
    return purged
  }
}

function imageOf({ image, byExpiry }: Base, written: WrittenOver, now: number): StoreImage {
  const nothingExpired = (byExpiry[0]?.expiresAt ?? Number.POSITIVE_INFINITY) > now
  if (written.size === 0 && nothingExpired) return image
  const left = image.filter(({ key, expiresAt }) => expiresAt > now && !written.has(key))
  const above = [...written.values()].filter((one) => one !== undefined).map(imagedRecordOf)
  return Object.freeze([...left, ...above.filter(({ expiresAt }) => expiresAt > now)])
}

function imagedRecordOf({ record: { key, value, expiresAt }, indexes }: Written): ImagedRecord {
  return Object.freeze({ key, value, expiresAt, indexes })
}
