/**
 * Images of the Redis store, in batches, because Redis serves nobody else during a command. So neither way is one moment:
 * a commit of another process may be half in an image, or half overwritten by one. Stop the others, or let them be idle.
 */
import { batches } from '#domain/batches.ts'
import type { Clock } from '#domain/clock.ts'
import { imageChanges } from './changes.ts'
import type { ImagedRecord, StoreImages } from './images.ts'
import type { Store } from './store.ts'

export interface RedisImagesParts {
  readonly store: Store
  readonly clock: Clock
  /** All keys that the store knows, live or not, some at a time; one may come several times. */
  readonly keys: () => AsyncIterable<readonly string[]>
  /** The records as Redis keeps them, in the order of the keys. */
  readonly stored: (keys: readonly string[]) => Promise<readonly (string | null)[]>
  /** Has every node forget what it keeps, also that something ended. */
  readonly forgetAll: () => Promise<void>
}

/** About 1 ms in which Redis does nothing else, for records of 2 kB. */
const batch = 100

export function redisImages({ store, clock, keys: known, stored, forgetAll }: RedisImagesParts): StoreImages {
  async function allKeys(): Promise<readonly string[]> {
    const found = new Set<string>()
    for await (const keys of known()) for (const key of keys) found.add(key)
    return [...found]
  }

  return {
    async take() {
      const image: ImagedRecord[] = []
      const now = clock.now()
      for (const keys of batches(await allKeys(), batch)) {
        const found = await stored(keys)
        for (const [position, key] of keys.entries()) {
          const record = imagedRecordOf(key, found[position] ?? null)
          if (record && record.expiresAt > now) image.push(record)
        }
      }
      return Object.freeze(image)
    },
    async restore(image) {
      const changes = imageChanges(image, 'any')
      // Deleted first, because a record that is replaced would keep its indexes.
      for (const keys of batches(await allKeys(), batch))
        await store.commit(keys.map((key) => ({ kind: 'delete', key })))
      // What ended for good comes back.
      await forgetAll()
      for (const some of batches(changes, batch)) await store.commit(some)
      await store.commit([], 'everywhere')
    },
  }
}

/** The inverse of what commitScript stores, indexes included. */
function imagedRecordOf(key: string, stored: string | null): ImagedRecord | undefined {
  if (stored === null) return undefined
  const end = stored.indexOf('\n')
  const [, expiresAt = '', json = ''] = /^\S+ (\S+) (.*)$/.exec(stored.slice(0, end)) ?? []
  const indexes = Object.freeze(JSON.parse(json) as string[])
  return Object.freeze({ key, value: stored.slice(end + 1), expiresAt: Number(expiresAt), indexes })
}
