import { storeAudit } from '#audit/store-audit.ts'
import type { Clock } from '#domain/clock.ts'
import type { NewEpoch } from '#store/sqlite-checkpoint.ts'

/**
 * What outlives the end of an epoch (`--bump-epoch`): who there is, what an administrator set, what happened, and what counts against
 * somebody. All else goes, as of an older copy nobody can tell what has ended since: connections, tokens, sessions, codes, links.
 */
const outlivedBy: readonly string[] = [
  'user',
  'user-email',
  'seeded-people',
  'sso-subject',
  'sso-user',
  'Client',
  'v7',
  'audit',
  'outbox',
  'key-encryption-keys',
  'limits',
  'source',
  'upstream',
  'spent-password-proof',
]

/** The epoch that a start begins, when it is asked to. */
export const newEpoch = (clock: Clock, randomBytes: (size: number) => Buffer): NewEpoch => ({
  outlivedBy,
  entry: () =>
    storeAudit(clock, randomBytes).entry({
      event: 'operator-action',
      actor: 'operator',
      detail: 'began a new epoch: all connections, tokens and sessions ended',
    }),
})
