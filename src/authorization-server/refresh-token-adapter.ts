import type { Adapter, AdapterPayload } from 'oidc-provider'
import { errors, Provider } from 'oidc-provider'
import type { GrantTag } from '#domain/grant.ts'
import type { GrantRecord, IssuedRefreshToken } from '#grants/grant-record.ts'
import { claimedRefreshTokenParts, grantTagOf, refreshTokenParts } from '#grants/token-values.ts'
import { endingEvent } from './grant-adapter.ts'
import { noteReplay, refreshingWith, replayFor } from './refresh-replay.ts'
import { compact, liveRecord, restore, type TokenAdapterParts } from './token-adapter.ts'
import type { UnitsOfWork } from './unit-of-work.ts'

/** An old token of the connection as the engine sees reuse: the current payload, marked as consumed. */
const asConsumed = (record: GrantRecord, current: IssuedRefreshToken, id: string): AdapterPayload => ({
  ...restore(record, current, { id, kind: 'RefreshToken' }),
  consumed: 1,
})

/** Throws what a spent token in a refresh deserves, unless it is reuse: then the engine ends the grant. */
function answerSpent(
  { units, clock }: Pick<RefreshTokenAdapterParts, 'units' | 'clock'>,
  record: GrantRecord,
  token: { readonly tag: GrantTag; readonly id: string; readonly hash: string },
): void {
  const oidc = Provider.ctx?.oidc
  // Only in a refresh does an old token mean a retry or a theft.
  if (refreshingWith() === undefined || oidc?.client?.clientId !== record.clientId) return
  const replay = replayFor({ record, hash: token.hash, scope: oidc.params?.['scope'], now: clock.now() })
  if (replay === 'closed') return
  if (replay === 'open' && record.spent)
    noteReplay(units, { tag: token.tag, spent: record.spent, presented: token.id })
  throw new errors.InvalidGrant('refresh token already used')
}

export type RefreshTokenAdapterParts = TokenAdapterParts & { readonly units: UnitsOfWork }

/**
 * Refresh tokens: the current one and the mark of the one before. An older generation with a valid MAC is reuse and ends the
 * grant (RFC 9700 §4.14.2); a retry or a parallel twin inside the window is told apart first (DECISIONS 6).
 */
export function refreshTokenAdapter(parts: RefreshTokenAdapterParts): Adapter {
  const { work, time, secrets } = parts

  async function find(id: string): Promise<AdapterPayload | undefined> {
    const token = claimedRefreshTokenParts(id)
    const record = token && (await work.load(token.tag))
    const current = record?.refresh
    if (!token || !current) return undefined
    const hash = secrets.hash('refresh-token', id)
    if (current.hash === hash) return time.toEngine(restore(record, current, { id, kind: 'RefreshToken' }))
    // Its hash proves the current token; of any other the MAC tells whether it ever was ours.
    if (!refreshTokenParts(secrets, id)) return undefined
    if (token.generation >= current.generation) return undefined // signed by us but never released: a lost race
    answerSpent(parts, record, { tag: token.tag, id, hash })
    return time.toEngine(asConsumed(record, current, id))
  }

  return {
    find,
    async upsert(id, payload) {
      const token = claimedRefreshTokenParts(id)
      if (!token) throw new Error('the refresh token names no grant')
      const { tag, generation } = token
      await liveRecord(work, tag)
      const stored = time.toStored(payload)
      const refresh = {
        hash: secrets.hash('refresh-token', id),
        generation,
        exp: Number(stored.exp),
        payload: compact(stored),
      }
      work.change(tag, (record) => {
        const { refresh: before } = record
        // Only a rotation leaves a spent token, so the first one has none to take away.
        return before
          ? { ...record, refresh, spent: { hash: before.hash, generation: before.generation } }
          : { ...record, refresh }
      })
    },
    async consume(id) {
      // `find` has just proved the token in this unit; here only a rotation since then could have spent it.
      const token = claimedRefreshTokenParts(id)
      const record = token && (await work.load(token.tag))
      if (!token || record?.refresh?.generation !== token.generation)
        throw new errors.InvalidGrant('refresh token already used')
    },
    // The engine destroys a reused token and revokes its grant side by side: the second does it all.
    destroy: () => Promise.resolve(),
    revokeByGrantId: (grantId) => work.destroy(grantTagOf(grantId), endingEvent()),
    findByUid: () => Promise.resolve(undefined),
    findByUserCode: () => Promise.resolve(undefined),
  }
}
