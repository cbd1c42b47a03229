import type { Clock } from '#domain/clock.ts'
import type { OpenedStore } from './images.ts'
import { openMemoryStore } from './memory.ts'
import type { ImageBases } from './memory-bases.ts'

export type StoreSettings =
  /** Nothing outlives the process. */
  | { readonly kind: 'memory' }
  /** A file, or `:memory:`. */
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'redis'; readonly url: URL }

export interface StoreParts {
  readonly clock: Clock
  /** Gives so many random bytes. */
  readonly random: (size: number) => Uint8Array
  /** For stores in memory that are restored from the same images; others make nothing of it. */
  readonly bases?: ImageBases
}

/**
 * Adapters that keep something are loaded when asked for: they cost memory and start time that a store in memory does not need.
 * @throws Error, in one line that names the file or the server, when the store cannot be used
 */
export async function openStore(settings: StoreSettings, parts: StoreParts): Promise<OpenedStore> {
  switch (settings.kind) {
    case 'memory':
      return openMemoryStore(parts)
    case 'sqlite': {
      const { openSqliteStore } = await import('./sqlite.ts')
      return openSqliteStore({ path: settings.path, ...parts })
    }
    case 'redis': {
      const { openRedisStore } = await import('./redis.ts')
      return openRedisStore({ url: settings.url, ...parts })
    }
    default:
      return settings satisfies never
  }
}
