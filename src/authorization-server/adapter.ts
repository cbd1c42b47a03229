import type { Adapter, AdapterPayload } from 'oidc-provider'
import { type DeviceCodeAdapterParts, deviceCodeAdapter } from './device-code-adapter.ts'
import { type GrantAdapterParts, grantAdapter } from './grant-adapter.ts'
import { refreshTokenAdapter } from './refresh-token-adapter.ts'
import type { SealedRecords } from './sealed-records.ts'
import { type SessionAdapterParts, sessionAdapter } from './session-adapter.ts'
import { accessTokenAdapter, authorizationCodeAdapter, type TokenAdapterParts } from './token-adapter.ts'

export type AdapterParts = TokenAdapterParts &
  GrantAdapterParts &
  DeviceCodeAdapterParts &
  SessionAdapterParts

/** Interactions: of two presses of a button one decides. The rest: last write wins. All are found by id. */
function plainAdapter(model: string, records: SealedRecords): Adapter {
  const guarded = model === 'Interaction'
  return {
    async upsert(id, payload) {
      records.write(records.keyOf(model, id), payload, { guarded })
    },
    async find(id) {
      return (await records.read(records.keyOf(model, id))) as AdapterPayload | undefined
    },
    async destroy(id) {
      records.delete(records.keyOf(model, id))
    },
    async consume(id) {
      const key = records.keyOf(model, id)
      const payload = await records.read(key)
      if (payload) records.write(key, { ...payload, consumed: 1 }, { guarded: true })
    },
    revokeByGrantId: () => Promise.resolve(),
    findByUid: () => Promise.resolve(undefined),
    findByUserCode: () => Promise.resolve(undefined),
  }
}

/** The engine's storage: one adapter a model, all within the running unit of work. */
export function engineAdapter(parts: AdapterParts): (model: string) => Adapter {
  return (model) => {
    switch (model) {
      case 'Grant':
        return grantAdapter(parts)
      case 'AccessToken':
        return accessTokenAdapter(parts)
      case 'AuthorizationCode':
        return authorizationCodeAdapter(parts)
      case 'RefreshToken':
        return refreshTokenAdapter(parts)
      case 'DeviceCode':
        return deviceCodeAdapter(parts)
      case 'Session':
        return sessionAdapter(parts, plainAdapter(model, parts.records))
      default:
        return plainAdapter(model, parts.records)
    }
  }
}
