/**
 * Port: key-encryption keys, each known by an id. What is kept sealed has a data key of its own, and only that one is wrapped here,
 * so that two calls are all that a KMS has to offer. A call of v7 waits for one of them: an adapter that asks somebody has a deadline.
 * Adapter: local-keys.ts.
 */
import type { Awaitable } from '#domain/awaitable.ts'
import type { Refusal } from '#domain/refusal.ts'

export interface WrappedKey {
  /** Of the key-encryption key. */
  readonly keyId: string
  readonly wrapped: string
}

/** `key_missing`: no key of that id is here. `key_wrong`: it is not the one that wrapped this, or this was changed. */
export type KeyRefusal = Refusal<'key_missing' | 'key_wrong'>

export interface KeyEncryption {
  /** Those that may be used, newest first, at least one: the first wraps, all unwrap. */
  readonly ids: readonly [newest: string, ...older: string[]]
  /** Wraps by the newest key. @param context authenticated: unwraps only with the same @throws when keys cannot be used now */
  wrap(dataKey: Buffer, context: string): Awaitable<WrappedKey>
  /** @throws when keys cannot be used now */
  unwrap(key: WrappedKey, context: string): Awaitable<Buffer | KeyRefusal>
}
