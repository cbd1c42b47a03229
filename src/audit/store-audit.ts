import type { Clock } from '#domain/clock.ts'
import type { Audit } from './audit.ts'

const retentionMs = 90 * 86_400_000

/**
 * Audit entries as records of the store under the index `audit`, in the order of their time, kept for 90 days.
 * @param randomBytes keeps two entries of one millisecond apart
 */
export function storeAudit(clock: Clock, randomBytes: (size: number) => Buffer): Audit {
  return {
    entry(event) {
      const at = clock.now()
      return {
        kind: 'put',
        key: `audit:${String(at).padStart(15, '0')}:${randomBytes(6).toString('hex')}`,
        value: JSON.stringify({ at: new Date(at).toISOString(), ...event }),
        expiresAt: at + retentionMs,
        expected: 'any',
        indexes: ['audit'],
      }
    },
  }
}
