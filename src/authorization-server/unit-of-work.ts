import { AsyncLocalStorage } from 'node:async_hooks'
import type { Change, Reach, Store, StoredRecord } from '#store/store.ts'

/** A record that the request replaces: what it becomes, and until when it counts. */
export interface Replacement {
  readonly value: string
  readonly expiresAt: number
  readonly indexes?: readonly string[]
  /** What the value says, for whoever reads the record next in this process. */
  readonly meaning?: object
  /** Whether the request must lose when another changed the record since it was read here. */
  readonly guarded: boolean
}

type Pending =
  | { readonly kind: 'put'; readonly make: () => Replacement }
  | { readonly kind: 'delete'; readonly isFinal?: true }

/** One protocol step: the records it read, and the changes it will commit at once (DECISIONS 5). */
export interface UnitOfWork {
  /** The live record as this request sees it when it was first read. */
  read(key: string): Promise<StoredRecord | undefined>
  /** Replaces the record at the end of the request; `make` runs at commit time. */
  put(key: string, make: () => Replacement): void
  delete(key: string): void
  /** Deletes it for good: nothing is written under the key again. */
  end(key: string): void
  /** Adds a change as it stands, such as an audit entry. */
  also(change: Change): void
  /** What it commits takes something away from whoever has it: no process may go on without knowing. */
  revokes(): void
  /** Things that belong to the request and not to the store (the decoded form of a record, say). */
  readonly notes: Map<string, unknown>
}

interface OpenUnit extends UnitOfWork {
  commit(): Promise<'committed' | 'conflict'>
}

function openUnit(store: Store): OpenUnit {
  const seen = new Map<string, Promise<StoredRecord | undefined>>()
  const found = new Map<string, StoredRecord | undefined>()
  const pending = new Map<string, Pending>()
  const extra: Change[] = []
  let reach: Reach = 'here'

  function changeOf(key: string, what: Pending): Change {
    if (what.kind === 'delete') return { key, ...what }
    const { guarded, ...made } = what.make()
    const expected = guarded ? (found.get(key)?.version ?? 'absent') : 'any'
    return { kind: 'put', key, expected, ...made }
  }

  return {
    notes: new Map(),
    read(key) {
      const known = seen.get(key)
      if (known !== undefined) return known
      const reading = Promise.resolve(store.read([key])).then(([stored]) => {
        found.set(key, stored)
        return stored
      })
      seen.set(key, reading)
      return reading
    },
    put: (key, make) => void pending.set(key, { kind: 'put', make }),
    delete: (key) => void pending.set(key, { kind: 'delete' }),
    end: (key) => void pending.set(key, { kind: 'delete', isFinal: true }),
    also: (change) => void extra.push(change),
    revokes() {
      reach = 'everywhere'
    },
    async commit() {
      // What rests on records, as that a token is gone, is acknowledged too: they must be as safe as what this would have written.
      if (pending.size === 0 && extra.length === 0)
        return seen.size > 0 ? store.commit([], reach) : 'committed'
      for (const key of pending.keys()) if (seen.has(key) && !found.has(key)) await seen.get(key)
      const changes = [...pending].map(([key, what]) => changeOf(key, what))
      return store.commit([...changes, ...extra], reach)
    },
  }
}

/** Runs each request as one unit of work. */
export interface UnitsOfWork {
  /** The unit of the running request. @throws outside of one: that is a defect */
  current(): UnitOfWork
  /**
   * Runs `work` in a new unit and commits what it changed when `keeps` says so. `conflict` means another request won a
   * record that this one was built on, and nothing of it was kept.
   */
  run(work: () => Promise<void>, keeps: () => boolean): Promise<'committed' | 'conflict' | 'dropped'>
}

export function unitsOfWork(store: Store): UnitsOfWork {
  const running = new AsyncLocalStorage<OpenUnit>()
  return {
    current() {
      const unit = running.getStore()
      if (!unit) throw new Error('no unit of work is open here')
      return unit
    },
    run(work, keeps) {
      const unit = openUnit(store)
      return running.run(unit, async () => {
        await work()
        return keeps() ? unit.commit() : 'dropped'
      })
    },
  }
}
