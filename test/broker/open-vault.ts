import { randomBytes } from 'node:crypto'
import { onTestFinished } from 'vitest'
import {
  type CredentialRecord,
  type CredentialRecords,
  credentialRecords,
  sealContext,
} from '#broker/credential-records.ts'
import type { KeyWork } from '#broker/key-work.ts'
import { type KeysInUse, keysInUse } from '#broker/keys-in-use.ts'
import { type LocalKey, type LocalKeys, localKeys } from '#broker/local-keys.ts'
import { rewrapping } from '#broker/rewrapping.ts'
import { openSealing, type Sealing } from '#broker/sealing.ts'
import type { AccountGroupId } from '#domain/account-group.ts'
import { type UserId, userIdOf } from '#domain/user.ts'
import { openStore } from '#store/open-store.ts'
import type { Change, Store } from '#store/store.ts'
import { fakeClock } from '../support/fake-clock.ts'

/** A key of an id that says which one it is: the same bytes each time. */
export const keyNamed = (id: string, fill?: number): LocalKey => ({
  id,
  key: Buffer.alloc(32, fill ?? id.charCodeAt(id.length - 1)),
})

export interface OpenedVault {
  readonly store: Store
  readonly sealing: Sealing
  readonly inUse: KeysInUse
  readonly records: CredentialRecords
  readonly work: KeyWork
}

/** What one node has over a store, with its keys. */
export function vaultOn(store: Store, keys: LocalKeys): OpenedVault {
  const encryption = localKeys(keys, randomBytes)
  const sealing = openSealing(encryption, randomBytes)
  const inUse = keysInUse({ store, keys: encryption }, randomBytes)
  const records = credentialRecords({ store, inUse })
  return {
    ...{ store, sealing, inUse, records },
    work: rewrapping({ store, keys: encryption, inUse, sealing, records }),
  }
}

export async function memoryStore(): Promise<Store> {
  const { store } = await openStore({ kind: 'memory' }, { clock: fakeClock(), random: randomBytes })
  onTestFinished(() => store.close())
  return store
}

export const tokenOf = (uid: number): string => `00000000-0000-4000-8000-${String(uid).padStart(12, '0')}`

async function recordOf(sealing: Sealing, userId: UserId, token: string): Promise<CredentialRecord> {
  return {
    schema: 1,
    kind: 'user-api-token',
    token: { ...(await sealing.seal(sealContext(userId), token)), fingerprint: `of ${token}` },
    linkedAt: 0,
    owner: { uid: '1', email: 'someone@example.com', name: 'Someone' },
    reach: [{ aid: '1' as AccountGroupId, name: 'One', isLogin: true }],
    reachReadAt: 0,
    chosen: ['1' as AccountGroupId],
    rotation: { isWanted: false },
  }
}

/** Holds a token of its own for each of so many users. */
export async function holdTokens({ sealing, records }: OpenedVault, count: number): Promise<void> {
  for (let uid = 1; uid <= count; uid += 1) {
    const userId = userIdOf('us1', String(uid))
    const record = await recordOf(sealing, userId, tokenOf(uid))
    await records.change(userId, () => ({ record, isSealedAnew: true }))
  }
}

/** The same for many, in commits of hundreds. */
export async function holdManyTokens(vault: OpenedVault, count: number): Promise<void> {
  const { store, sealing, records } = vault
  await holdTokens(vault, 1)
  const changes: Change[] = []
  for (let uid = 2; uid <= count; uid += 1) {
    const userId = userIdOf('us1', String(uid))
    const record = await recordOf(sealing, userId, tokenOf(uid))
    const stored = { key: '', version: 'absent', value: '', expiresAt: 0 }
    changes.push(records.replacement({ userId, record, stored }, record))
  }
  for (let at = 0; at < changes.length; at += 500) await store.commit(changes.slice(at, at + 500))
}

/** What each record opens to, by user id. */
export async function openedTokens({ sealing, records }: OpenedVault): Promise<Map<string, unknown>> {
  const opened = new Map<string, unknown>()
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: Awaited<ReturnType<CredentialRecords['page']>> = await records.page(after, 500)
    for (const { userId, record } of page)
      opened.set(userId, await sealing.unseal(sealContext(userId), record.token))
    after = page.length < 500 ? undefined : page.at(-1)?.stored.key
  }
  return opened
}

export const tokensHeld = (count: number): Map<string, unknown> =>
  new Map(
    Array.from({ length: count }, (_, index): [string, string] => [`us1.${index + 1}`, tokenOf(index + 1)]),
  )
