import type { Awaitable } from '#domain/awaitable.ts'
import { whenKnown } from '#domain/awaitable.ts'
import { isRefusal, type Refusal, refuse } from '#domain/refusal.ts'
import type { Change, Store, StoredRecord } from '#store/store.ts'
import type { KeyEncryption } from './key-encryption.ts'

const recordKey = 'key-encryption-keys'
/** The last instant of the year 9999. */
const never = Date.UTC(9999, 11, 31)
const contextOf = (keyId: string): string => `key-encryption key ${keyId}`
const mostTries = 10

/** Ids of key-encryption keys that records may refer to, each with something that it wrapped. */
type Registered = Readonly<Record<string, string>>

/** `keys_out_of_order`: a key that records refer to is missing, or is another one than it was. */
export type KeysRefusal = Refusal<'keys_out_of_order'>

/**
 * Which key-encryption keys records refer to, in one record. Whatever makes a record refer to a key commits this one too, at the
 * version that was read: so a key that is taken off the list after all records were looked at is referred to by none.
 */
export interface KeysInUse {
  /** @returns undefined when each key that records refer to is here and right @throws StoreFailure */
  problem(): Promise<KeysRefusal | undefined>
  /** The change that stands in each commit that makes records refer to the newest key. It conflicts like any other. */
  claim(): Promise<Change | KeysRefusal>
  ids(): Promise<readonly string[]>
  /** Takes keys off the list. @param isUnused asked anew when something was sealed meanwhile @returns those that went */
  retire(isUnused: () => Promise<ReadonlySet<string>>): Promise<readonly string[]>
}

const registeredIn = (stored: StoredRecord | undefined): Registered =>
  stored ? (JSON.parse(stored.value) as Registered) : {}

export function keysInUse(
  { store, keys }: { readonly store: Store; readonly keys: KeyEncryption },
  randomBytes: (size: number) => Buffer,
): KeysInUse {
  /** What was found of the version that was looked at last: every call asks, and a KMS would be asked each time. */
  let judged: { readonly version: string; readonly verdict: KeysRefusal | undefined } | undefined

  async function judge(registered: Registered): Promise<KeysRefusal | undefined> {
    for (const [keyId, wrapped] of Object.entries(registered)) {
      const opened = await keys.unwrap({ keyId, wrapped }, contextOf(keyId))
      if (isRefusal(opened)) {
        const what = opened.code === 'key_missing' ? 'is missing' : 'is another one than it was'
        return refuse(
          'keys_out_of_order',
          `The key-encryption key ${keyId} ${what}, and records refer to it.`,
        )
      }
    }
    return undefined
  }

  const read = (): Awaitable<StoredRecord | undefined> => whenKnown(store.read([recordKey]), ([one]) => one)

  async function verdictOn(stored: StoredRecord | undefined): Promise<KeysRefusal | undefined> {
    if (!stored) return undefined
    if (judged?.version !== stored.version)
      judged = { version: stored.version, verdict: await judge(registeredIn(stored)) }
    return judged.verdict
  }

  const put = (stored: StoredRecord | undefined, registered: Registered): Change => ({
    kind: 'put',
    key: recordKey,
    value: JSON.stringify(registered),
    expiresAt: never,
    expected: stored?.version ?? 'absent',
  })

  return {
    problem: async () => verdictOn(await read()),

    async claim() {
      const stored = await read()
      const wrong = await verdictOn(stored)
      if (wrong) return wrong
      const registered = registeredIn(stored)
      const [newest] = keys.ids
      if (Object.hasOwn(registered, newest)) return put(stored, registered)
      const { wrapped } = await keys.wrap(randomBytes(32), contextOf(newest))
      return put(stored, { ...registered, [newest]: wrapped })
    },

    ids: async () => Object.keys(registeredIn(await read())),

    async retire(isUnused) {
      for (let tries = 0; tries < mostTries; tries += 1) {
        const stored = await read()
        const unused = await isUnused()
        const all = Object.entries(registeredIn(stored))
        const gone = all.filter(([id]) => unused.has(id)).map(([id]) => id)
        if (gone.length === 0) return []
        const kept = Object.fromEntries(all.filter(([id]) => !unused.has(id)))
        if ((await store.commit([put(stored, kept)])) === 'committed') return gone
      }
      throw new Error('keys came into use ten times while unused ones were taken off the list')
    },
  }
}
