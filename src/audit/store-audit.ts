import type { Clock } from '#domain/clock.ts'
import { parseUserId, type UserId } from '#domain/user.ts'
import type { Store, StoredRecord } from '#store/store.ts'
import type { Audit, AuditEvent, AuditTrail, RecordedEvent } from './audit.ts'

const retentionMs = 90 * 86_400_000
const index = 'audit'
const indexOf = (user: string): string => `audit-of-user:${user}`

/** What the keys of all entries of one millisecond begin with; keys stand in the order of time. */
const keyAt = (at: number): string => `audit:${String(Math.max(0, at)).padStart(15, '0')}:`

/** Whom the event is about: the user it names, else the user who caused it. */
const subjectOf = ({ userId, actor }: AuditEvent): string | undefined => userId ?? parseUserId(actor)?.id

/**
 * Audit entries as records of the store under the index `audit` and that of their user, in the order of their time, kept for 90 days.
 * @param randomBytes keeps entries of two processes apart
 */
export function storeAudit(clock: Clock, randomBytes: (size: number) => Buffer): Audit {
  let count = 0
  /** Entries of one millisecond stand in the order in which this process made them, of which a clock that stands still has many. */
  const next = (): string => {
    count = (count + 1) % 0x1_00_00_00
    return count.toString(16).padStart(6, '0')
  }
  return {
    entry(event) {
      const at = clock.now()
      const user = subjectOf(event)
      return {
        kind: 'put',
        key: `${keyAt(at)}${next()}:${randomBytes(6).toString('hex')}`,
        value: JSON.stringify({ at: new Date(at).toISOString(), ...event }),
        expiresAt: at + retentionMs,
        expected: 'any',
        indexes: user === undefined ? [index] : [index, indexOf(user)],
      }
    },
  }
}

const pageSize = 1_000

function recorded({ value }: StoredRecord): RecordedEvent {
  const { at, ...event } = JSON.parse(value) as AuditEvent & { readonly at: string }
  return { ...event, at: Date.parse(at) }
}

/** How far back the newest events of a user are looked for, step by step: nobody's whole past is read for the last few. */
const steps = [1, 4, 16, 64, 256].map((hours) => hours * 3_600_000)

/** Reads the entries that `storeAudit` makes. */
export function storeAuditTrail(store: Store, clock: Clock): AuditTrail {
  /** The last entries of the index from an instant on, oldest first. */
  async function lastSince(name: string, from: number, count: number): Promise<readonly StoredRecord[]> {
    let last: readonly StoredRecord[] = []
    for (let after: string | undefined = keyAt(from); after !== undefined; ) {
      const page: readonly StoredRecord[] = await store.list(name, { limit: pageSize, after })
      last = [...last, ...page].slice(-count)
      after = page.length === pageSize ? page.at(-1)?.key : undefined
    }
    return last
  }

  return {
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

    async newestOf(userId: UserId, count) {
      const now = clock.now()
      for (const step of steps) {
        const last = await lastSince(indexOf(userId), now - step, count)
        if (last.length === count) return last.map(recorded).reverse()
      }
      return (await lastSince(indexOf(userId), now - retentionMs, count)).map(recorded).reverse()
    },
  }
}
