import type { Audit, AuditEvent } from '#audit/audit.ts'
import type { Change } from '#store/store.ts'
import { openCounts } from './counts.ts'
import type { Metric } from './series.ts'

export interface WatchedAudit {
  readonly metrics: readonly Metric[]
  audit(audit: Audit): Audit
  /** The changes are durable now, and with them the events that they record. */
  committed(changes: readonly Change[]): void
}

const doors = ['integration', 'logout', 'account', 'operator', 'reuse', 'code_replay'] as const

/** The ways in which a connection ends (ARCHITECTURE, Leaving), and the two in which we end it ourselves. */
function doorOf({ event, actor, clientId, detail }: AuditEvent): (typeof doors)[number] | undefined {
  switch (event) {
    case 'refresh-reuse-detected':
      return 'reuse'
    case 'code-replay-detected':
      return 'code_replay'
    case 'grant-revoked':
      if (actor === 'operator') return 'operator'
      if (actor !== clientId) return 'account'
      return detail === 'logout' ? 'logout' : 'integration'
    default:
      return undefined
  }
}

/** Counts what the audit records, when it is recorded: a step that lost its race, or failed, counts nothing. */
export function watchedAudit(): WatchedAudit {
  const events = openCounts({
    name: 'panoptes_audit_events_total',
    help: 'Events that the audit recorded.',
    labels: ['event'],
  })
  const ended = openCounts({
    name: 'panoptes_connections_ended_total',
    help: 'Connections that were ended, by the door: who ended them, and how.',
    labels: ['door'],
    from: doors.map((door) => [door]),
  })
  const entries = new WeakMap<Change, AuditEvent>()
  return {
    metrics: [events, ended],
    audit: (audit) => ({
      ...audit,
      entry(event) {
        const change = audit.entry(event)
        entries.set(change, event)
        return change
      },
    }),
    committed(changes) {
      for (const change of changes) {
        const event = entries.get(change)
        if (!event) continue
        events.of(event.event).value += 1
        const door = doorOf(event)
        if (door) ended.of(door).value += 1
      }
    },
  }
}
