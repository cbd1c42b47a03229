import type { Adapter, AdapterPayload } from 'oidc-provider'
import { Provider } from 'oidc-provider'
import type { AuditEvent } from '#audit/audit.ts'
import type { Clock } from '#domain/clock.ts'
import { scopeList } from '#domain/scope.ts'
import type { UserId } from '#domain/user.ts'
import { grantTagOf } from '#grants/token-values.ts'
import type { EngineTime } from './engine-time.ts'
import type { Confirmation, GrantWork } from './grant-work.ts'
import { noteReused } from './token-outcome.ts'
import type { UnitsOfWork } from './unit-of-work.ts'

export interface GrantAdapterParts {
  readonly units: UnitsOfWork
  readonly work: GrantWork
  readonly time: EngineTime
  readonly clock: Clock
  /** How long a confirmed grant waits for its first token exchange. */
  readonly pendingSeconds: number
}

/** The engine ends a grant for three reasons; only the route and the grant type tell them apart. */
export function endingEvent(): AuditEvent['event'] {
  const ctx = Provider.ctx
  if (ctx?.oidc?.route !== 'token') return 'grant-revoked'
  noteReused(ctx)
  return ctx.oidc.params?.['grant_type'] === 'refresh_token'
    ? 'refresh-reuse-detected'
    : 'code-replay-detected'
}

const noteName = 'confirmation'

/** Tells the Grant that is saved next in this unit what the user confirmed. */
export const noteConfirmation = (units: UnitsOfWork, confirmation: Confirmation): void =>
  void units.current().notes.set(noteName, confirmation)

/** The engine's Grant on the grant record. A grant is written once, by the confirm step, and never brought back. */
export function grantAdapter({ units, work, time, clock, pendingSeconds }: GrantAdapterParts): Adapter {
  const destroy = (id: string): Promise<void> => work.destroy(grantTagOf(id), endingEvent())
  return {
    async upsert(id, payload) {
      const confirmation = units.current().notes.get(noteName) as Confirmation | undefined
      if (!confirmation) throw new Error('a grant is saved by the confirm step only')
      const stored = time.toStored({ ...payload, jti: id })
      const now = clock.now()
      work.create(grantTagOf(id), {
        ...confirmation,
        userId: String(payload.accountId) as UserId,
        clientId: String(payload.clientId),
        scopes: scopeList(
          String(payload['openid'] ? ((payload['openid'] as { scope?: string }).scope ?? '') : ''),
        ),
        createdAt: now,
        lastUsedAt: now,
        endsAt: Number(stored.exp) * 1000,
        pendingUntil: now + pendingSeconds * 1000,
        grant: stored,
        access: [],
      })
    },
    async find(id) {
      const record = await work.load(grantTagOf(id))
      // The tag is 96 bits of a hash of the id: the id itself decides.
      return record?.grant['jti'] === id ? (time.toEngine(record.grant) as AdapterPayload) : undefined
    },
    destroy,
    revokeByGrantId: destroy,
    consume: () => Promise.reject(new Error('a grant is not consumed')),
    findByUid: () => Promise.resolve(undefined),
    findByUserCode: () => Promise.resolve(undefined),
  }
}
