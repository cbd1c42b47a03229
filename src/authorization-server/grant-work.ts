import type { Audit, AuditEvent } from '#audit/audit.ts'
import type { AccountGroupId } from '#domain/account-group.ts'
import type { Clock } from '#domain/clock.ts'
import type { GrantTag } from '#domain/grant.ts'
import type { RegionId } from '#domain/region.ts'
import {
  type GrantRecord,
  grantIndexes,
  grantKey,
  grantUseKey,
  grantValue,
  pruned,
  type RecordedLimits,
  readGrantRecord,
  recordEnd,
} from '#grants/grant-record.ts'
import { visitIn } from './request-notes.ts'
import type { UnitOfWork, UnitsOfWork } from './unit-of-work.ts'

/** What the confirm step knows and the engine's Grant has no room for. */
export interface Confirmation {
  readonly region: RegionId
  readonly accountGroups: readonly AccountGroupId[]
  /** The integration's at that time, which the page told. */
  readonly limits?: RecordedLimits
  readonly sessionUid: string
}

/** Grant records within the running unit of work: loaded once, changed in memory, written at its commit. */
export interface GrantWork {
  load(tag: GrantTag): Promise<GrantRecord | undefined>
  /** What `load` found, for callers that cannot wait. */
  loaded(tag: GrantTag): GrantRecord | undefined
  /** Begins a grant; recorded in the audit. */
  create(tag: GrantTag, record: GrantRecord): void
  /** Changes a loaded record; without effect when the grant is gone or destroyed in this unit. */
  change(tag: GrantTag, how: (record: GrantRecord) => GrantRecord): void
  /** The same, where it takes a token back. */
  revoke(tag: GrantTag, how: (record: GrantRecord) => GrantRecord): void
  /** Ends the grant with all of its tokens; recorded in the audit. Idempotent. @param detail what the event leaves open */
  destroy(tag: GrantTag, event: AuditEvent['event'], detail?: string): Promise<void>
}

interface Held {
  record: GrantRecord | undefined
  readonly isNew: boolean
}

const heldOf = (unit: UnitOfWork): Map<GrantTag, Held> => {
  const held = (unit.notes.get('grants') as Map<GrantTag, Held> | undefined) ?? new Map<GrantTag, Held>()
  unit.notes.set('grants', held)
  return held
}

export function grantWork(units: UnitsOfWork, audit: Audit, clock: Clock): GrantWork {
  function keep(tag: GrantTag, held: Held): void {
    units.current().put(grantKey(tag), () => {
      if (!held.record) throw new Error('a destroyed grant is not written')
      const record = pruned(held.record, clock.now())
      return {
        value: grantValue(record),
        expiresAt: recordEnd(record),
        guarded: true,
        meaning: record,
        ...(held.isNew ? { indexes: grantIndexes(record) } : {}),
      }
    })
  }

  async function load(tag: GrantTag): Promise<GrantRecord | undefined> {
    const unit = units.current()
    const known = heldOf(unit).get(tag)
    if (known) return known.record
    const stored = await unit.read(grantKey(tag))
    const raced = heldOf(unit).get(tag)
    if (raced) return raced.record
    const record = stored && readGrantRecord(stored)
    heldOf(unit).set(tag, { record, isNew: false })
    return record
  }

  function change(tag: GrantTag, how: (record: GrantRecord) => GrantRecord): void {
    const held = heldOf(units.current()).get(tag)
    if (!held?.record) return
    held.record = how(held.record)
    keep(tag, held)
  }

  return {
    load,
    loaded: (tag) => heldOf(units.current()).get(tag)?.record,
    create(tag, record) {
      const held = { record, isNew: true }
      heldOf(units.current()).set(tag, held)
      keep(tag, held)
      const { userId, clientId, scopes } = record
      const who = { actor: userId, userId, clientId, grant: tag }
      const unit = units.current()
      // Without a browser there is no address of the person who said yes.
      const { address } = visitIn(unit)
      const where = address === '' ? {} : { address }
      unit.also(audit.entry({ event: 'grant-created', ...who, ...where, detail: scopes.join(' ') }))
    },
    change,
    revoke(tag, how) {
      units.current().revokes()
      change(tag, how)
    },
    async destroy(tag, event, detail) {
      await load(tag)
      const unit = units.current()
      // Only now: the engine ends one grant through four models side by side, and that is one event.
      const record = heldOf(unit).get(tag)?.record
      // That it is gone already is acknowledged too, and whoever ended it may not have been heard everywhere.
      unit.revokes()
      if (!record) return
      heldOf(unit).set(tag, { record: undefined, isNew: false })
      unit.end(grantKey(tag))
      unit.delete(grantUseKey(tag))
      const { userId, clientId } = record
      const more = detail === undefined ? {} : { detail }
      unit.also(audit.entry({ event, actor: clientId, userId, clientId, grant: tag, ...more }))
    },
  }
}
