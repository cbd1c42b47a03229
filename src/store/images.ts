/**
 * Port: images of a whole store, for the emulator's reset and snapshots. Apart from the store port, as nothing that serves a
 * request may take or put back everything. Implemented by each store adapter.
 */
import type { CheckpointFile } from './sqlite-checkpoint.ts'
import type { Store } from './store.ts'

/** One record with all that the store knows of it but its version. */
export interface ImagedRecord {
  readonly key: string
  readonly value: string
  /** Epoch ms. */
  readonly expiresAt: number
  readonly indexes: readonly string[]
}

/** Every record of a store at one moment. Immutable: it may be put back any number of times, also into another store. */
export type StoreImage = readonly ImagedRecord[]

export interface StoreImages {
  /** The live records, as of one moment where the adapter can. @throws StoreFailure when the store cannot answer */
  take(): Promise<StoreImage>
  /**
   * Makes the store hold exactly the image: what it held is gone, in one commit where the adapter can. Every record gets a new
   * version, so that whoever read before and commits after loses. What has expired since it was imaged stays hidden.
   * @throws StoreFailure when the store cannot answer @throws TypeError when the image names a key twice or an odd expiry
   */
  restore(image: StoreImage): Promise<void>
}

/** What opening an adapter gives: the store for whoever serves requests, its images for whoever controls the emulator. */
export interface OpenedStore {
  readonly store: Store
  readonly images: StoreImages
  /** Resolves with the reason once the store is of no use to this process any more, whatever happens: another start may help. */
  readonly lost?: Promise<Error>
  /** Where the store may be away at first: resolves once it can be used, rejects when it never will be. */
  readonly settled?: Promise<void>
  /** Whether other nodes have it too; left out, this process alone. */
  readonly isShared?: true
  /** Where a file outside of the records tells an older copy of them. */
  readonly checkpoint?: CheckpointFile
}

/** How a process goes on that must not end because its store is away. */
export interface Patience {
  /** Told in words why the store cannot be used, and undefined when it can. */
  readonly told: (reason: string | undefined) => void
  /** Told when all records are others than before, as the store had lost them. */
  readonly renewed: () => void
}
