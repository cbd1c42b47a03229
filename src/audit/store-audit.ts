import type { Clock } from '#domain/clock.ts'
import type { Store, StoredRecord } from '#store/store.ts'
import type { Audit, AuditEvent, AuditTrail, RecordedEvent } from './audit.ts'

const retentionMs = 90 * 86_400_000
const index = 'audit'

/** What the keys of all entries of one millisecond begin with; keys stand in the order of time. */
const keyAt = (at: number): string => `audit:${String(Math.max(0, at)).padStart(15, '0')}:`

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
        key: `${keyAt(at)}${randomBytes(6).toString('hex')}`,
        value: JSON.stringify({ at: new Date(at).toISOString(), ...event }),
        expiresAt: at + retentionMs,
        expected: 'any',
        indexes: [index],
      }
    },
  }
}

const pageSize = 1_000

function recorded({ value }: StoredRecord): RecordedEvent {
  const { at, ...event } = JSON.parse(value) as AuditEvent & { readonly at: string }
  return { ...event, at: Date.parse(at) }
}

/** Reads the entries that `storeAudit` makes. */
export const storeAuditTrail = (store: Store): AuditTrail => ({
  async between(from, to) {
    const events: RecordedEvent[] = []
    const end = keyAt(to + 1)
    let after: string | undefined = keyAt(from)
    while (after !== undefined) {
      const page: readonly StoredRecord[] = await store.list(index, { limit: pageSize, after })
      const inTime = page.filter(({ key }) => key < end)
      events.push(...inTime.map(recorded))
      after = inTime.length === pageSize ? page.at(-1)?.key : undefined
    }
    return events
  },
})
