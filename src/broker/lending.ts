import type { Clock } from '#domain/clock.ts'
import { isRefusal, type Refusal, refuse } from '#domain/refusal.ts'
import type { UserId } from '#domain/user.ts'
import type { Broker } from './broker.ts'
import {
  type CredentialRecord,
  type CredentialRecords,
  type SealedToken,
  sealContext,
  tokenInUse,
} from './credential-records.ts'
import type { Sealing } from './sealing.ts'

export interface LendingParts {
  readonly records: Pick<CredentialRecords, 'find'>
  readonly sealing: Pick<Sealing, 'unseal'>
  readonly clock: Clock
  readonly log: (entry: object) => void
}

const notLinked = refuse(
  'account_not_linked',
  'The user of this connection has not linked an account at ThousandEyes, or not in a way that still holds.',
)
const rejected = refuse(
  'upstream_credential_rejected',
  'ThousandEyes refused the credential that stands behind this connection; its user has to replace it.',
)
const expired = refuse(
  'upstream_credential_expired',
  'The credential that stands behind this connection is over; its user has to replace it.',
)
const closed = refuse(
  'upstream_credential_closed',
  'The credential behind this connection cannot be opened now.',
)

/** The broker of linked accounts: opens what is sealed for one call, and keeps nothing of it. */
export function lendingBroker({ records, sealing, clock, log }: LendingParts): Broker {
  function usable(record: CredentialRecord | undefined): SealedToken | Refusal {
    if (!record) return notLinked
    // A 401 counts against our address: one that is certain is never asked for (DECISIONS 9).
    if (record.rejectedAt !== undefined) return rejected
    return tokenInUse(record, clock.now()) ?? expired
  }

  /** A KMS that does not answer is no reason for anything but 502. */
  const unsealed = (userId: UserId, sealed: SealedToken): Promise<string | Refusal> =>
    sealing
      .unseal(sealContext(userId), sealed)
      .catch((failure: unknown) => refuse('keys_away', String(failure)))

  async function open(userId: UserId, sealed: SealedToken) {
    const token = await unsealed(userId, sealed)
    if (!isRefusal(token))
      return { kind: 'user-api-token', userId, token, credential: sealed.fingerprint } as const
    const { code: why, description: words } = token
    log({ event: 'credential-closed', user: userId, credential: sealed.fingerprint, why, words })
    return closed
  }

  return {
    async lend({ userId }) {
      const found = await records.find(userId, 'recent')
      const sealed = usable(found?.record)
      return isRefusal(sealed) ? sealed : open(userId, sealed)
    },
  }
}
