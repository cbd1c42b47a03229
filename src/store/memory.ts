/**
 * Memory store: the adapter of an emulator that keeps nothing, for one process. Restoring an image costs nothing: the image
 * stays where it is, and the store keeps what differs from it. Many stores in one process may so share one image.
 */
import type { Clock } from '#domain/clock.ts'
import { assertKeepable, versionSource } from './changes.ts'
import type { OpenedStore, StoreImages } from './images.ts'
import { type ImageBases, imageBases } from './memory-bases.ts'
import { type MemoryRecords, recordsOver } from './memory-records.ts'
import { type Change, type Store, type StoredRecord, StoreFailure } from './store.ts'

export interface MemoryStoreParts {
  readonly clock: Clock
  /** Gives so many random bytes. */
  readonly random: (size: number) => Uint8Array
  /** Shared by stores that are restored from the same images, so that each image is made ready once. */
  readonly bases?: ImageBases
}

/** @returns an empty store */
export function openMemoryStore({ clock, random, bases = imageBases() }: MemoryStoreParts): OpenedStore {
  const nextVersion = versionSource(random)
  let records: MemoryRecords | undefined = recordsOver(bases.of(Object.freeze([])), nextVersion())

  function open(): MemoryRecords {
    if (!records) throw closed()
    return records
  }

  const store: Store = {
    read(keys) {
      if (!records) return Promise.reject(closed())
      const { find } = records
      const now = clock.now()
      return keys.map((key) => live(find(key), now))
    },
    async commit(changes) {
      assertKeepable(changes)
      const { find, apply } = open()
      const now = clock.now()
      if (!changes.every((change) => holds(change, live(find(change.key), now)))) return 'conflict'
      const version = nextVersion()
      for (const change of changes) apply(change, version, now)
      return 'committed'
    },
    list: async (index, options) => open().list(index, { ...options, now: clock.now() }),
    purge: async (limit) => open().purge(limit, clock.now()),
    async close() {
      records = undefined
    },
  }
  const images: StoreImages = {
    take: async () => open().image(clock.now()),
    async restore(image) {
      open()
      // One version for all, and a new one each time: whoever read before and commits after loses.
      records = recordsOver(bases.of(image), nextVersion())
    },
  }
  return { store, images }
}

const closed = (): StoreFailure => new StoreFailure('the store was closed')

const live = (record: StoredRecord | undefined, now: number): StoredRecord | undefined =>
  record && record.expiresAt > now ? record : undefined

function holds(change: Change, record: StoredRecord | undefined): boolean {
  if (change.kind === 'delete' || change.expected === 'any') return true
  return change.expected === 'absent' ? !record : record?.version === change.expected
}
