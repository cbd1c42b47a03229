import type { Clock } from '#domain/clock.ts'
import type { OpenedStore, Patience, StoreImage } from './images.ts'
import { openMemoryStore } from './memory.ts'
import type { ImageBases } from './memory-bases.ts'
import type { RedisAddress } from './redis-address.ts'
import type { NewEpoch } from './sqlite-checkpoint.ts'

export type StoreSettings =
  /** Nothing outlives the process. */
  | { readonly kind: 'memory' }
  /** A file, or `:memory:`. */
  | {
      readonly kind: 'sqlite'
      readonly path: string
      /** The file of its checkpoint; left out, it is beside the database. */
      readonly checkpoint?: string | undefined
      /** Whether a new epoch begins, which ends what was allowed before. */
      readonly isEpochBumped?: boolean
    }
  | {
      readonly kind: 'redis'
      readonly address: RedisAddress
      /** So many replicas must have a commit before it is acknowledged. */
      readonly replicas: number
    }

export interface StoreParts {
  readonly clock: Clock
  /** Gives so many random bytes. */
  readonly random: (size: number) => Uint8Array
  /** For stores in memory that are restored from the same images; others make nothing of it. */
  readonly bases?: ImageBases
  /** For a store on another machine: what it begins with when it holds nothing, also when it lost all. Else nothing. */
  readonly beginning?: () => Promise<StoreImage>
  /** For a store on another machine: given, opening does not wait for it, nor fail when it is away. */
  readonly patience?: Patience
  /** How an epoch begins, for whoever serves: others begin none. */
  readonly newEpoch?: NewEpoch
  /** For a store with a checkpoint: told once why its file can no longer be written, and once, by undefined, that it can be again. */
  readonly checkpointTold?: (failure: unknown) => void
  /** Whether the store is only looked at: one on another machine that is empty stays so, a file on its disk gets no checkpoint. */
  readonly staysAsItIs?: boolean
  /** Whether the store may be opened beside records of an older version, which are being carried over into it. */
  readonly besideOlder?: boolean
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
      const { openUnlocked } = await import('./sqlite.ts')
      const { path, checkpoint, isEpochBumped = false } = settings
      return openUnlocked({ path, checkpoint, isEpochBumped, ...parts })
    }
    case 'redis': {
      const { openRedisStore } = await import('./redis.ts')
      return openRedisStore({ address: settings.address, replicas: settings.replicas, ...parts })
    }
    default:
      return settings satisfies never
  }
}

/**
 * Records of an older version that no store opens any more, to be carried over.
 * @returns undefined when there are none @throws StoreFailure when the server does not answer
 */
export async function openOlder(
  settings: StoreSettings,
  { clock }: Pick<StoreParts, 'clock'>,
): Promise<OpenedStore | undefined> {
  if (settings.kind !== 'redis') return undefined
  const { openOlderRedis } = await import('./redis-older-records.ts')
  return openOlderRedis(settings.address, clock)
}
