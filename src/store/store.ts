/**
 * Store: memory that outlives a request, as records under text keys. Five methods; atomicity is stated on each.
 * Knows nothing of tokens or users: what a record means is its owner's affair, and so is keeping secrets out of it.
 * Adapters: memory.ts (one process, nothing kept), sqlite.ts (embedded, also two processes on one file) and redis.ts. All pass
 * test/contract/store.contract.ts.
 */

import type { Awaitable } from '#domain/awaitable.ts'

export interface StoredRecord {
  readonly key: string
  /** Opaque; differs after every write of this key, and never comes back, not even after delete and re-creation. */
  readonly version: string
  readonly value: string
  /** Epoch ms, a safe integer. From that instant on the record is neither read nor listed. */
  readonly expiresAt: number
  /** What the writer said that the value means, if this process wrote it and the adapter still has it. */
  readonly meaning?: object
}

/**
 * The store cannot answer. Whether a commit that ended so took effect is unknown.
 * Surfaces answer 503, never 401: clients throw their tokens away on 401 (DECISIONS 13).
 */
export class StoreFailure extends Error {
  override readonly name = 'StoreFailure'
  readonly code = 'store_failure'
}

export type Change =
  | {
      readonly kind: 'put'
      readonly key: string
      readonly value: string
      readonly expiresAt: number
      /** The version that must still stand, `absent` for "there must be no live record", `any` for last write wins. */
      readonly expected: string | 'absent' | 'any'
      /** Names under which `list` finds the record. Fixed at creation: ignored when the record is replaced. */
      readonly indexes?: readonly string[]
      /** What the value says, so that a reader in this process need not parse it. It must not change any more. */
      readonly meaning?: object
    }
  | {
      readonly kind: 'delete'
      readonly key: string
      /** Nothing but an image of before writes under the key again, so whoever hears of it may remember that there is none. */
      readonly isFinal?: true
    }

/**
 * `recent` may be behind commits of other processes by as long as their announcement takes, some milliseconds, and never behind
 * those of this process: enough to judge a token, and no ground for a change, which says what it expects.
 */
export type Freshness = 'exact' | 'recent'

/**
 * By when a change is seen: `here`, in this process, or also `everywhere`, by recent reads of other processes. That is what a revocation
 * asks for. A process that does not say so within a quarter of a second is not waited for.
 */
export type Reach = 'here' | 'everywhere'

export interface ListOptions {
  /** At most so many records (default 1,000). */
  readonly limit?: number
  /** Continue after this key; records come in ascending order of their keys (bytewise). */
  readonly after?: string
}

export interface Store {
  /**
   * The live records of the keys, in the order asked; undefined where there is none. A read sees every acknowledged commit,
   * and of one commit all or nothing. Records are frozen. What is in memory is answered at once.
   * @param freshness `exact` when left out @throws StoreFailure when the store cannot answer
   */
  read(keys: readonly string[], freshness?: Freshness): Awaitable<readonly (StoredRecord | undefined)[]>
  /**
   * All of the changes or none, durably, before the promise resolves; against parallel commits, also of other processes,
   * exactly one of two that expect the same version wins. `delete` never conflicts. A commit that the adapter had to send
   * twice counts once. A commit names each key once. One of nothing resolves once all that could be read before is as safe as what is committed.
   * @param reach `here` when left out; of `everywhere`, so is whatever was committed here before
   * @returns `conflict` when an expectation does not hold @throws StoreFailure when the store cannot answer
   */
  commit(changes: readonly Change[], reach?: Reach): Promise<'committed' | 'conflict'>
  /** The live records that carry the index. */
  list(index: string, options?: ListOptions): Promise<readonly StoredRecord[]>
  /** Removes at most `limit` expired records, in a slice short enough not to stop requests. @returns how many went */
  purge(limit: number): Promise<number>
  close(): Promise<void>
}
