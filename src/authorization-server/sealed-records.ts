import type { Secrets } from '#secrets/secrets.ts'
import type { EngineTime } from './engine-time.ts'
import type { UnitOfWork, UnitsOfWork } from './unit-of-work.ts'

export type ModelPayload = Record<string, unknown>

/** Rows outlive what they describe, so that late callers are told "expired" and not "unknown" (RFC 8628 §3.5). */
const graceSeconds = 300

export interface SealedRecords {
  readonly units: UnitsOfWork
  keyOf(model: string, id: string): string
  read(key: string): Promise<ModelPayload | undefined>
  write(key: string, payload: ModelPayload, options: { readonly guarded: boolean }): void
  /** Points from a keyed hash of `text` to a record, for as long as that record lives. */
  point(model: string, text: string, target: { readonly key: string; readonly payload: ModelPayload }): void
  /** @returns the key of the record that `text` points to */
  follow(model: string, text: string): Promise<string | undefined>
  delete(key: string): void
  unpoint(model: string, text: string): void
}

/**
 * Plain records of the engine (sessions, interactions, device codes, clients): found by a keyed hash of their id, which is a
 * credential, and sealed as a whole, because oidc-provider repeats the credential in `payload.jti` (DECISIONS 3).
 */
export function sealedRecords(units: UnitsOfWork, secrets: Secrets, time: EngineTime): SealedRecords {
  const keyOf = (model: string, id: string): string => `${model}:${secrets.hash(model, id)}`
  const endOf = (payload: ModelPayload): number => (Number(payload['exp'] ?? 0) + graceSeconds) * 1000
  const written = (unit: UnitOfWork): Map<string, ModelPayload | null> => {
    const known = unit.notes.get('sealed') as Map<string, ModelPayload | null> | undefined
    const map = known ?? new Map<string, ModelPayload | null>()
    if (!known) unit.notes.set('sealed', map)
    return map
  }

  return {
    units,
    keyOf,

    async read(key) {
      const unit = units.current()
      const mine = written(unit).get(key)
      if (mine !== undefined) return mine ? time.toEngine(mine) : undefined
      const stored = await unit.read(key)
      const text = stored && secrets.unseal(key, stored.value)
      return text === undefined ? undefined : time.toEngine(JSON.parse(text) as ModelPayload)
    },

    write(key, payload, { guarded }) {
      const unit = units.current()
      const stored = time.toStored(payload)
      written(unit).set(key, stored)
      unit.put(key, () => ({
        value: secrets.seal(key, JSON.stringify(stored)),
        // A registered client has no end (RFC 7591: client_secret_expires_at 0).
        expiresAt: stored['exp'] === undefined ? Date.UTC(9999, 11, 31) : endOf(stored),
        guarded,
      }))
    },

    point(model, text, { key, payload }) {
      const expiresAt = endOf(time.toStored(payload))
      units.current().put(keyOf(model, text), () => ({ value: key, expiresAt, guarded: false }))
    },

    async follow(model, text) {
      return (await units.current().read(keyOf(model, text)))?.value
    },

    delete(key) {
      const unit = units.current()
      written(unit).set(key, null)
      unit.delete(key)
    },

    unpoint: (model, text) => units.current().delete(keyOf(model, text)),
  }
}
