import type { Adapter, AdapterPayload } from 'oidc-provider'
import { errors, Provider } from 'oidc-provider'
import type { Clock } from '#domain/clock.ts'
import { grantTagOf } from '#grants/token-values.ts'
import { slower } from './device-polling.ts'
import type { EngineTime } from './engine-time.ts'
import { endingEvent } from './grant-adapter.ts'
import type { GrantWork } from './grant-work.ts'
import type { ModelPayload, SealedRecords } from './sealed-records.ts'

export interface DeviceCodeAdapterParts {
  readonly records: SealedRecords
  readonly work: GrantWork
  readonly clock: Clock
  readonly time: EngineTime
  /** RFC 8628 §3.2 `interval`. */
  readonly intervalSeconds: number
}

/**
 * A sign-in that was begun and abandoned holds a user code for so long, then another browser may take it over. The browser that
 * began it may begin again at any time: a button pressed twice, or the back button, must not lock its own user out.
 */
const leaseMs = 120_000
/** A parallel poll that comes just after the tokens were handed out is a loser, not a thief. */
const parallelMs = 5_000

const model = 'DeviceCode'
const userCodes = 'user-code'

const isDecided = (payload: ModelPayload): boolean =>
  payload['accountId'] !== undefined || payload['error'] !== undefined

/** The browser of the running request, by a name that stays while its session id changes. */
const browser = (): string | undefined => Provider.ctx?.oidc?.session?.uid

const claimOf = ({ claimedAt, claimedBy }: ModelPayload = {}): ModelPayload => ({
  ...(claimedAt === undefined ? {} : { claimedAt }),
  ...(claimedBy === undefined ? {} : { claimedBy }),
})

/** Device codes (RFC 8628): new, claimed by a browser, then approved or refused, then spent. Each change is compare-and-set. */
export function deviceCodeAdapter({
  records,
  work,
  clock,
  time,
  intervalSeconds,
}: DeviceCodeAdapterParts): Adapter {
  const pollKey = (key: string): string => `${key}:poll`

  /** RFC 8628 §3.5: a pending device that polls too fast is told to slow down. */
  async function pace(key: string): Promise<void> {
    const unit = records.units.current()
    const stored = await unit.read(pollKey(key))
    const now = clock.now()
    const outcome = slower(stored && JSON.parse(stored.value), { now, intervalSeconds })
    const value = JSON.stringify(outcome.polling)
    unit.put(pollKey(key), () => ({ value, expiresAt: now + 3_600_000, guarded: false }))
    if (outcome.tooFast) throw new errors.SlowDown('the device polls too fast')
  }

  async function findForToken(key: string, payload: ModelPayload): Promise<void> {
    // Only the owner of the code is paced and told its state; the engine refuses everybody else (CVE-2023-2585).
    if (payload['clientId'] !== Provider.ctx?.oidc?.client?.clientId) return
    const consumedAt = payload['consumedAt']
    if (typeof consumedAt === 'number' && clock.now() - consumedAt < parallelMs)
      throw new errors.InvalidGrant('device code already consumed')
    const isExpired = Number(time.toStored(payload)['exp']) <= time.nowSeconds()
    if (!isDecided(payload) && !isExpired && consumedAt === undefined) await pace(key)
  }

  return {
    async upsert(id, payload) {
      const key = records.keyOf(model, id)
      const before = await records.read(key)
      const isClaim = payload['inFlight'] === true && Provider.ctx?.oidc?.route === 'code_verification'
      const claim = isClaim ? { claimedAt: clock.now(), claimedBy: browser() } : claimOf(before)
      const stored = { ...payload, ...claim }
      records.write(key, stored, { guarded: true })
      if (!before) records.point(userCodes, String(payload.userCode), { key, payload: stored })
    },
    async find(id) {
      const key = records.keyOf(model, id)
      const payload = await records.read(key)
      const ctx = Provider.ctx
      if (payload && ctx?.oidc?.route === 'token') await findForToken(key, payload)
      if (!payload && ctx) ctx.state['isUnknownDeviceCode'] = true
      return payload as AdapterPayload | undefined
    },
    async findByUserCode(userCode) {
      const key = await records.follow(userCodes, userCode)
      const payload = key === undefined ? undefined : await records.read(key)
      if (!payload) return undefined
      const isStale = clock.now() - Number(payload['claimedAt'] ?? 0) >= leaseMs
      const isOwn = payload['claimedBy'] !== undefined && payload['claimedBy'] === browser()
      const { inFlight, ...rest } = payload
      return ((isStale || isOwn) && !isDecided(payload) ? rest : { ...rest, inFlight }) as AdapterPayload
    },
    async consume(id) {
      const key = records.keyOf(model, id)
      const payload = await records.read(key)
      if (!payload || payload['consumed'] !== undefined)
        throw new errors.InvalidGrant('device code already consumed')
      records.write(key, { ...payload, consumed: 1, consumedAt: clock.now() }, { guarded: true })
    },
    async destroy(id) {
      records.delete(records.keyOf(model, id))
    },
    revokeByGrantId: (grantId) => work.destroy(grantTagOf(grantId), endingEvent()),
    findByUid: () => Promise.resolve(undefined),
  }
}
