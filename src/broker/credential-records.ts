import type { AccountGroup, AccountGroupId } from '#domain/account-group.ts'
import { type Awaitable, whenKnown } from '#domain/awaitable.ts'
import { isRefusal } from '#domain/refusal.ts'
import { parseUserId, type UserId } from '#domain/user.ts'
import type { Change, Freshness, Store, StoredRecord } from '#store/store.ts'
import type { KeysInUse, KeysRefusal } from './keys-in-use.ts'
import type { Sealed } from './sealing.ts'

/** A User API Token under its seal. */
export interface SealedToken extends Sealed {
  /** Tells tokens apart without opening them, and is all that people see of one. */
  readonly fingerprint: string
  /** Epoch ms; undefined while nobody said so. */
  readonly validUntil?: number
}

/** Where the renewal of a token stands; see rotation.ts. */
export interface RotationState {
  readonly isWanted: boolean
  /** When a new token was asked for first; whether there is one is not known until it is kept, or refused. */
  readonly askedAt?: number
  /** Until then some node is at it. */
  readonly leasedUntil?: number
  /** Nobody tries again before. */
  readonly notBefore?: number
  /** There is a newer token, and nobody here has it. */
  readonly isLost?: true
}

/** What the broker holds for one user: one record, so that each step is one compare-and-set. */
export interface CredentialRecord {
  readonly schema: 1
  readonly kind: 'user-api-token'
  readonly token: SealedToken
  /** The renewed token, kept before anybody relies on it. */
  readonly next?: SealedToken
  /** Epoch ms of the 401 that it got. Nothing is lent from then on, until the token changes. */
  readonly rejectedAt?: number
  readonly linkedAt: number
  /** The upstream's user behind the token. */
  readonly owner: { readonly uid: string; readonly email: string; readonly name: string }
  /** All that the token reaches, as read last, the login account group first. */
  readonly reach: readonly AccountGroup[]
  readonly reachReadAt: number
  /** Those that the user chose: nothing else is ever granted. */
  readonly chosen: readonly AccountGroupId[]
  readonly rotation: RotationState
}

export interface FoundCredential {
  readonly userId: UserId
  readonly record: CredentialRecord
  readonly stored: StoredRecord
}

const index = 'upstream-credentials'
const prefix = 'upstream-credential:'
const keyOf = (userId: UserId): string => `${prefix}${userId}`
/** The last instant of the year 9999: a record ends with the link. */
const never = Date.UTC(9999, 11, 31)
const mostTries = 10

/** What a token is sealed for: nobody else's record opens it, no other region's, and nothing of another kind. */
export const sealContext = (userId: UserId): string =>
  `upstream-credential v1 ${parseUserId(userId)?.region ?? ''} ${userId} user-api-token`

const isLive = ({ validUntil }: SealedToken, now: number): boolean =>
  validUntil === undefined || validUntil > now

/** The token to use now: the renewed one only where the one before is over. */
export function tokenInUse({ token, next }: CredentialRecord, now: number): SealedToken | undefined {
  if (isLive(token, now)) return token
  return next && isLive(next, now) ? next : undefined
}

/** What becomes of a record, and what is committed with it. */
export interface CredentialChange {
  readonly record: CredentialRecord
  /** Whether it holds a token that was sealed just now, and so refers to the newest key. */
  readonly isSealedAnew?: boolean
  readonly also?: readonly Change[]
}

/** @returns what becomes of the record; undefined when nothing does */
export type Amend = (before: CredentialRecord | undefined) => Awaitable<CredentialChange | undefined>

export interface CredentialRecords {
  /** @throws StoreFailure */
  find(userId: UserId, freshness?: Freshness): Awaitable<FoundCredential | undefined>
  /** At most so many records after a key, in the order of keys. @throws StoreFailure */
  page(after: string, limit: number): Promise<readonly FoundCredential[]>
  /**
   * Changes the record, again when somebody was faster. A change to undefined writes nothing.
   * @returns what stands there now; undefined when nothing was written, or why nothing may be sealed @throws StoreFailure
   */
  change(userId: UserId, change: Amend): Promise<CredentialRecord | KeysRefusal | undefined>
  /** The change of one record that was read, for a commit of several. */
  replacement(found: FoundCredential, record: CredentialRecord): Change
  /** Deletes the record together with what else is to be committed. */
  remove(userId: UserId, also: readonly Change[]): Promise<void>
}

const put = (userId: UserId, stored: StoredRecord | undefined, record: CredentialRecord): Change => ({
  kind: 'put',
  key: keyOf(userId),
  value: JSON.stringify(record),
  expiresAt: never,
  expected: stored?.version ?? 'absent',
  indexes: [index],
  meaning: record,
})

const found = (stored: StoredRecord): FoundCredential => ({
  userId: stored.key.slice(prefix.length) as UserId,
  record: (stored.meaning ?? JSON.parse(stored.value)) as CredentialRecord,
  stored,
})

interface CredentialRecordsParts {
  readonly store: Store
  readonly inUse: Pick<KeysInUse, 'claim'>
}

/** Records of what the broker holds, on the store port alone. */
export function credentialRecords({ store, inUse }: CredentialRecordsParts): CredentialRecords {
  const find = (userId: UserId, freshness?: Freshness): Awaitable<FoundCredential | undefined> =>
    whenKnown(store.read([keyOf(userId)], freshness), ([stored]) => stored && found(stored))

  async function changeOnce(
    userId: UserId,
    change: Amend,
  ): Promise<CredentialRecord | KeysRefusal | 'conflict' | undefined> {
    const before = await find(userId)
    const after = await change(before?.record)
    if (!after) return undefined
    const changes = [put(userId, before?.stored, after.record), ...(after.also ?? [])]
    if (after.isSealedAnew === true) {
      const claim = await inUse.claim()
      if (isRefusal(claim)) return claim
      changes.push(claim)
    }
    return (await store.commit(changes)) === 'committed' ? after.record : 'conflict'
  }

  return {
    find,
    page: async (after, limit) =>
      (await store.list(index, { limit, ...(after === '' ? {} : { after }) })).map(found),
    replacement: ({ userId, stored }, record) => put(userId, stored, record),

    async change(userId, change) {
      for (let tries = 0; tries < mostTries; tries += 1) {
        const outcome = await changeOnce(userId, change)
        if (outcome !== 'conflict') return outcome
      }
      throw new Error('the credential of a user changed ten times during one change')
    },

    async remove(userId, also) {
      await store.commit([{ kind: 'delete', key: keyOf(userId) }, ...also], 'everywhere')
    },
  }
}
