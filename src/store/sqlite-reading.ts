/**
 * Reading: what the SQLite store answers, from its cache or from one snapshot of the file.
 * Owns two promises. The cache is exact: own commits change it, and before a read `PRAGMA data_version` tells whether
 * another connection wrote. And nobody hears of a commit, own or another's, that is not durable yet (DECISIONS 54).
 */
import { nextTick } from 'node:process'
import type { Awaitable } from '#domain/awaitable.ts'
import type { RecordCache } from './record-cache.ts'
import type { Log } from './sqlite-log.ts'
import type { Rows, Statement } from './sqlite-rows.ts'
import type { StoredRecord } from './store.ts'

export interface ReadingParts {
  readonly rows: Rows
  readonly cache: RecordCache
  readonly log: Log
  /** A prepared statement whose rows come as arrays. */
  readonly prepare: (sql: string) => Statement
  /** Tries again while another connection holds the lock. */
  readonly patiently: <Result>(work: () => Result | Promise<Result>) => Promise<Result>
}

export interface Reading {
  /** At once when all of them are in the cache, and durable. */
  records(keys: readonly string[], now: number): Awaitable<readonly (StoredRecord | undefined)[]>
  /** Runs what reads any records, and answers once all it may have seen is durable. */
  all<Result>(work: () => Result): Promise<Result>
}

export function readingOf({ rows, cache, log, prepare, patiently }: ReadingParts): Reading {
  const dataVersion = prepare('PRAGMA data_version')
  const begin = prepare('BEGIN')
  const end = prepare('COMMIT')
  let seen: unknown
  let isFresh = false
  const expire = (): void => {
    isFresh = false
  }

  function noticeForeignCommits(): void {
    const [version] = dataVersion.get() as [number]
    if (version === seen) return
    seen = version
    cache.clear()
    // Whether the other process has brought them to the disk is unknown, and what they changed too.
    log.hold('all')
  }

  /**
   * Once for all that runs before the next input: only by input can this process know of a commit that another has
   * acknowledged, and ticks run before that.
   */
  function noticeBeforeReading(): void {
    if (isFresh) return
    noticeForeignCommits()
    isFresh = true
    nextTick(expire)
  }

  /** Nobody sees half of another process's commit there, nor one that was not noticed. */
  function inSnapshot<Result>(work: () => Result): Result {
    begin.run()
    try {
      noticeForeignCommits()
      return work()
    } finally {
      end.run()
    }
  }

  function cachedRecord(key: string, now: number): StoredRecord | undefined {
    const record = cache.find(key)
    return record && record.expiresAt > now ? record : undefined
  }

  function fetchRecord(key: string, now: number): StoredRecord | undefined {
    const record = rows.find(key, now)
    if (record) cache.keep(record)
    return record
  }

  /** @returns undefined when one of them is not in the cache, or not durable yet */
  function findAtOnce(keys: readonly string[], now: number): readonly StoredRecord[] | undefined {
    if (!log.isUsable()) return undefined
    try {
      noticeBeforeReading()
    } catch {
      return undefined // the patient way tries again, or tells why not
    }
    const found: StoredRecord[] = []
    for (const key of keys) {
      const record = cachedRecord(key, now)
      if (!record) return undefined
      found.push(record)
    }
    return log.durable(keys) === undefined ? found : undefined
  }

  function find(keys: readonly string[], now: number): readonly (StoredRecord | undefined)[] {
    noticeBeforeReading()
    const cached = keys.map((key) => cachedRecord(key, now))
    if (!cached.includes(undefined)) return cached
    return inSnapshot(() => keys.map((key) => cachedRecord(key, now) ?? fetchRecord(key, now)))
  }

  return {
    records: (keys, now) =>
      findAtOnce(keys, now) ??
      patiently(() => {
        log.assertUsable()
        const found = find(keys, now)
        return afterwards(log.durable(keys), found)
      }),
    all: (work) =>
      patiently(() => {
        log.assertUsable()
        const found = inSnapshot(work)
        return afterwards(log.durable('all'), found)
      }),
  }
}

const afterwards = <Result>(durable: Promise<void> | undefined, result: Result): Result | Promise<Result> =>
  durable === undefined ? result : durable.then(() => result)
