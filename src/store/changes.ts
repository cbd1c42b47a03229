import type { StoreImage } from './images.ts'
import type { Change, StoredRecord } from './store.ts'

/** @throws TypeError for what no adapter can keep: a key named twice, an expiry that is no safe integer */
export function assertKeepable(changes: readonly Change[]): void {
  if (changes.length > 1 && new Set(changes.map(({ key }) => key)).size < changes.length)
    throw new TypeError('a commit names each key once')
  for (const change of changes)
    if (change.kind === 'put' && !Number.isSafeInteger(change.expiresAt))
      throw new TypeError(`expiresAt is epoch milliseconds as a safe integer, not ${change.expiresAt}`)
}

/**
 * The changes that write an image.
 * @param expected what must stand in the place of each record
 * @throws TypeError for what no adapter can keep, as `assertKeepable` does
 */
export function imageChanges(image: StoreImage, expected: 'absent' | 'any'): readonly Change[] {
  const changes = image.map((record) => ({ kind: 'put', ...record, expected }) as const)
  assertKeepable(changes)
  return changes
}

/** The record that a change writes, for an adapter that keeps it at hand. */
export function writtenRecord(change: Change & { kind: 'put' }, version: string): StoredRecord {
  const { key, value, expiresAt, meaning } = change
  return Object.freeze({ key, version, value, expiresAt, ...(meaning && { meaning }) })
}

/**
 * Versions that never come back: a random part for this source and a counter.
 * @param random gives so many random bytes
 * @returns a function that answers a new version at each call, of word characters and one dot
 */
export function versionSource(random: (size: number) => Uint8Array): () => string {
  const source = Buffer.from(random(12)).toString('base64url')
  let count = 0
  return () => {
    count += 1
    return `${source}.${count.toString(36)}`
  }
}
