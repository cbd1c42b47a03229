import type { Audit } from '#audit/audit.ts'
import type { LinkedAccounts } from './account-links.ts'
import type { CredentialRecords } from './credential-records.ts'
import type { EndedConnections } from './ended-connections.ts'

export interface StoredAccountsParts {
  readonly records: CredentialRecords
  readonly connections: EndedConnections
  readonly audit: Audit
}

export function storedAccounts({ records, connections, audit }: StoredAccountsParts): LinkedAccounts {
  return {
    async disconnect({ user, address }) {
      const found = await records.find(user.id)
      if (!found) return false
      // Connections first: those that were left would come to life again with the next link.
      await connections.endAll(user.id)
      const detail = found.record.token.fingerprint
      await records.remove(user.id, [
        audit.entry({ event: 'account-unlinked', actor: user.id, userId: user.id, address, detail }),
      ])
      // And those that were made meanwhile.
      await connections.endAll(user.id)
      return true
    },

    async setRenewal({ user, address }, isWanted) {
      await records.change(user.id, (before) => {
        if (!before || before.rotation.isWanted === isWanted) return undefined
        const detail = isWanted ? 'on' : 'off'
        const event = { event: 'renewal-changed', actor: user.id, userId: user.id, address, detail } as const
        const rotation = { ...before.rotation, isWanted }
        return { record: { ...before, rotation }, also: [audit.entry(event)] }
      })
    },
  }
}
