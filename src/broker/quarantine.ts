import type { Audit } from '#audit/audit.ts'
import type { Clock } from '#domain/clock.ts'
import type { UserId } from '#domain/user.ts'
import { type CredentialRecord, type CredentialRecords, tokenInUse } from './credential-records.ts'

export interface QuarantineParts {
  readonly records: Pick<CredentialRecords, 'change'>
  readonly audit: Audit
  readonly clock: Clock
  readonly log: (entry: object) => void
}

/** @returns the record without the token that got a 401; undefined when that one is not in use any more */
function without(before: CredentialRecord, credential: string, now: number): CredentialRecord | undefined {
  const { token, next, ...rest } = before
  const inUse = tokenInUse(before, now)
  if (before.rejectedAt !== undefined || inUse?.fingerprint !== credential) return undefined
  // A renewed token was kept for such a moment.
  return next && inUse === token ? { ...rest, token: next } : { ...before, rejectedAt: now }
}

/** Takes a credential that got a 401 out of use on every node, before anybody hears of the answer (DECISIONS 9). */
export function quarantine({
  records,
  audit,
  clock,
  log,
}: QuarantineParts): (credential: { readonly userId: UserId; readonly credential: string }) => Promise<void> {
  return async ({ userId, credential }) => {
    const changed = await records.change(userId, (before) => {
      const record = before && without(before, credential, clock.now())
      const event = { event: 'upstream-credential-rejected', actor: 'thousandeyes', userId } as const
      return record && { record, also: [audit.entry({ ...event, detail: credential })] }
    })
    if (changed) log({ event: 'upstream-credential-rejected', user: userId, credential })
  }
}
