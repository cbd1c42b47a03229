import type { Clock } from '#domain/clock.ts'
import { openSqliteStore } from './sqlite.ts'
import type { Store } from './store.ts'

export type StoreSettings =
  /** A file, or `:memory:`. */
  { readonly kind: 'sqlite'; readonly path: string } | { readonly kind: 'redis'; readonly url: URL }

export interface StoreParts {
  readonly clock: Clock
  /** Gives so many random bytes. */
  readonly random: (size: number) => Uint8Array
}

/** @throws Error, in one line that names the file or the server, when the store cannot be used */
export async function openStore(settings: StoreSettings, parts: StoreParts): Promise<Store> {
  switch (settings.kind) {
    case 'sqlite':
      return openSqliteStore({ path: settings.path, ...parts })
    case 'redis': {
      // Loaded when it is asked for: the client costs memory and start time that the embedded store does not need.
      const { openRedisStore } = await import('./redis.ts')
      return openRedisStore({ url: settings.url, ...parts })
    }
    default:
      return settings satisfies never
  }
}
