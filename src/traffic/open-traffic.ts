import type { Clock } from '#domain/clock.ts'
import { openFaults, type StrikingFaults } from './faults.ts'
import { openJournal, type WritableJournal } from './journal.ts'
import { openPending, type Pending } from './pending.ts'
import type { Timers } from './timers.ts'
import type { JournalNote, NameOf, Traffic } from './traffic.ts'

export interface TrafficParts {
  /** The workspace's. */
  readonly clock: Clock
  readonly timers: Timers
  /** Keyed, base64url or hexadecimal: its first eight characters stand for a credential. */
  readonly hash: (text: string) => string
  readonly nameOf: NameOf
}

/** Traffic with what only the composition does. */
export interface OpenTraffic extends Traffic {
  /** Tells why something was refused. Lines of the log come before their answer, or right after it. */
  note(requestId: string, note: JournalNote): void
  /** Ends whatever a fault makes wait, at once; the connections concerned are closed. For a reset. */
  calm(): void
  /** For observe.ts. */
  readonly hooks: {
    readonly journal: WritableJournal
    readonly faults: StrikingFaults
    readonly pending: Pending
    readonly clock: Clock
    readonly timers: Timers
    readonly nameOf: NameOf
  }
}

/** @returns an empty journal and no faults */
export function openTraffic({ clock, timers, hash, nameOf }: TrafficParts): OpenTraffic {
  const journal = openJournal({ timers, hash, nameOf })
  const faults = openFaults(clock)
  const pending = openPending()
  return {
    journal,
    faults,
    note: journal.note,
    calm: pending.endAll,
    hooks: { journal, faults, pending, clock, timers, nameOf },
  }
}
