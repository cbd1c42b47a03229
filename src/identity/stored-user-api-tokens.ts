import type { Audit, AuditEvent } from '#audit/audit.ts'
import { whenKnown } from '#domain/awaitable.ts'
import type { Clock } from '#domain/clock.ts'
import { refuse } from '#domain/refusal.ts'
import type { Change, Store, StoredRecord } from '#store/store.ts'
import {
  generatedAtIn,
  inTurn,
  ownerIn,
  tokenLifetimeMs,
  type UserApiTokenRecords,
} from './user-api-token-records.ts'
import type { Asking, HeldToken, HeldUserApiTokens, UserApiTokens } from './user-api-tokens.ts'

/** thousandeyes-facts 5.3: the renewed token lives 14 days more, or until its own end. */
const overlapMs = 14 * 86_400_000

export interface StoredUserApiTokensParts {
  readonly store: Store
  readonly records: UserApiTokenRecords
  readonly clock: Clock
  readonly audit: Audit
  /** A fresh random UUID, the form of a User API Token. */
  readonly newToken: () => string
}

const held = (stored: StoredRecord): HeldToken => ({
  generatedAt: generatedAtIn(stored),
  expiresAt: stored.expiresAt,
})

/** A token without a known beginning is from before that was kept, and so the older one. */
const newestFirst = (one: HeldToken, other: HeldToken): number =>
  (other.generatedAt ?? 0) - (one.generatedAt ?? 0) || other.expiresAt - one.expiresAt

/** User API Tokens as those see them who are called with one. */
export function storedUserApiTokens(parts: StoredUserApiTokensParts): UserApiTokens {
  const { store, records, clock, audit, newToken } = parts
  return {
    ownerOf: (token) => whenKnown(records.read(token, 'recent'), (stored) => stored && ownerIn(stored)),

    async install(userId, token, expiresAt) {
      await store.commit([records.put(token, userId, { at: clock.now(), expiresAt, expected: 'any' })])
    },

    async rotate(userId, presented) {
      const turn = await records.turnOf(userId)
      const active = await records.of(userId)
      const current = await records.read(presented)
      if (active.length > 1 || !current)
        return refuse('conflict', 'Two User API Tokens are active already; the older one has to end first.')
      const token = newToken()
      const at = clock.now()
      const expiresAt = at + tokenLifetimeMs
      const oldEnd = Math.min(current.expiresAt, at + overlapMs)
      const { key, value, version: expected } = current
      const outcome = await store.commit([
        records.put(token, userId, { at, expiresAt, expected: 'absent' }),
        { kind: 'put', key, value, expiresAt: oldEnd, expected },
        turn,
        audit.entry({ event: 'user-api-token-renewed', actor: userId, userId }),
      ])
      return outcome === 'committed'
        ? { token, expiresAt }
        : refuse('conflict', 'The User API Token is being renewed by another request.')
    },

    async revoke(token) {
      await store.commit([records.deletion(token)], 'everywhere')
    },
  }
}

/** User API Tokens as their users hold them. */
export function heldUserApiTokens(parts: StoredUserApiTokensParts): HeldUserApiTokens {
  const { records, clock, audit, newToken } = parts
  const entry = (event: AuditEvent['event'], { userId, address }: Asking): Change =>
    audit.entry({ event, actor: userId, userId, address })

  return {
    of: async (userId) => (await records.of(userId)).map(held).sort(newestFirst),

    async generate(asking) {
      const token = newToken()
      const at = clock.now()
      const expiresAt = at + tokenLifetimeMs
      const refusal = await inTurn(parts, asking.userId, (before) =>
        before.length > 0
          ? { result: refuse('conflict', 'There is a User API Token already.') }
          : [
              records.put(token, asking.userId, { at, expiresAt, expected: 'absent' }),
              entry('user-api-token-generated', asking),
            ],
      )
      return refusal ?? { token, expiresAt }
    },

    async revokeAll(asking) {
      const none = await inTurn(parts, asking.userId, (before) =>
        before.length === 0
          ? { result: false }
          : [
              ...before.map(({ key }): Change => ({ kind: 'delete', key })),
              entry('user-api-token-revoked', asking),
            ],
      )
      if (none === undefined) await parts.store.commit([], 'everywhere')
      return none ?? true
    },
  }
}
