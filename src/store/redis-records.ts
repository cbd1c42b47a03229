/** Records as the scripts of redis-scripts.ts keep them. */
import type { ImagedRecord } from './images.ts'
import { graceMilliseconds } from './redis-scripts.ts'
import type { Change, StoredRecord } from './store.ts'

/** A span, not an instant: our clock may be a virtual one, and Redis keeps the machine's time. */
const lifetimeOf = (expiresAt: number, now: number): number =>
  Math.max(0, expiresAt - now) + graceMilliseconds

/** The six arguments by which commitScript knows a change. */
export function wordsOf(change: Change, now: number): (string | number)[] {
  if (change.kind === 'delete') return [change.key, change.isFinal ? 'end' : 'delete', 0, 0, '[]', '']
  const { key, value, expiresAt, expected, indexes = [] } = change
  return [key, expected, expiresAt, lifetimeOf(expiresAt, now), JSON.stringify(indexes), value]
}

/** The five arguments by which beginScript knows a record. */
export const beginningWords = (
  { key, value, expiresAt, indexes }: ImagedRecord,
  now: number,
): (string | number)[] => [key, expiresAt, lifetimeOf(expiresAt, now), JSON.stringify(indexes), value]

export const storedRecord = (key: string, stored: string | null | undefined): StoredRecord | undefined =>
  stored ? recordOf(key, stored) : undefined

/** The inverse of what commitScript stores. */
export function recordOf(key: string, stored: string): StoredRecord {
  const end = stored.indexOf('\n')
  const [version = '', expiresAt = ''] = stored.slice(0, end).split(' ', 2)
  return Object.freeze({ key, version, value: stored.slice(end + 1), expiresAt: Number(expiresAt) })
}
