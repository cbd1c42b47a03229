import type { StoredRecord } from './store.ts'

/** Records read lately, as the very objects they were read into, so that readers can keep what they parsed in a WeakMap. */
export interface RecordCache {
  find(key: string): StoredRecord | undefined
  keep(record: StoredRecord): void
  forget(key: string): void
  clear(): void
}

/** Most of what is read dies without a word of it, as its connection did: so that it does not stay until the room is used up. */
const generationMs = 60_000

/**
 * Two generations: when the young one has half the size, or is a minute old, it becomes the old one, and what is used moves back.
 * A single Map kept in order of use cost 2 µs a read, because each hit deletes and inserts, and V8 then rebuilds the Map often.
 * @param most how many UTF-16 units of keys and values it may hold; what was not used for longest goes first
 * @param now machine time in ms
 * @returns an empty cache
 */
export function recordCache(most: number, now: () => number): RecordCache {
  let young = new Map<string, StoredRecord>()
  let old = new Map<string, StoredRecord>()
  let youngSize = 0
  let youngSince = now()

  function keep(record: StoredRecord): void {
    forget(record.key)
    youngSize += sizeOf(record)
    if (youngSize > most / 2 || now() - youngSince > generationMs) {
      old = young
      young = new Map()
      youngSize = sizeOf(record)
      youngSince = now()
    }
    young.set(record.key, record)
  }

  function forget(key: string): void {
    const record = young.get(key)
    if (record) youngSize -= sizeOf(record)
    young.delete(key)
    old.delete(key)
  }

  return {
    find(key) {
      const record = young.get(key)
      if (record) return record
      const aged = old.get(key)
      if (aged) keep(aged)
      return aged
    },
    keep,
    forget,
    clear() {
      young = new Map()
      old = new Map()
      youngSize = 0
    },
  }
}

/** The fixed part stands for the objects themselves, so that many small records are bounded too. */
const sizeOf = (record: StoredRecord): number => record.key.length + record.value.length + 100

/** Keys under which nothing will be written again. */
export interface EndedKeys {
  has(key: string): boolean
  add(key: string): void
  delete(key: string): void
  clear(): void
}

/** @param most how many it may hold, half of which it keeps when it is full: the latest @returns none yet */
export function endedKeys(most: number): EndedKeys {
  let young = new Set<string>()
  let old = new Set<string>()
  return {
    has: (key) => young.has(key) || old.has(key),
    add(key) {
      if (young.has(key)) return
      if (young.size >= most / 2) {
        old = young
        young = new Set()
      }
      young.add(key)
    },
    delete(key) {
      young.delete(key)
      old.delete(key)
    },
    clear() {
      young = new Set()
      old = new Set()
    },
  }
}
