import type { Change } from './store.ts'

/** @throws TypeError for what no adapter can keep: a key named twice, an expiry that is no safe integer */
export function assertKeepable(changes: readonly Change[]): void {
  if (changes.length > 1 && new Set(changes.map(({ key }) => key)).size < changes.length)
    throw new TypeError('a commit names each key once')
  for (const change of changes)
    if (change.kind === 'put' && !Number.isSafeInteger(change.expiresAt))
      throw new TypeError(`expiresAt is epoch milliseconds as a safe integer, not ${change.expiresAt}`)
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
