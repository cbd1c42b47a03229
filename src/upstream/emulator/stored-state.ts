import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Awaitable } from '#domain/awaitable.ts'
import type { RegionId } from '#domain/region.ts'
import { type Change, type Store, type StoredRecord, StoreFailure } from '#store/store.ts'
import type { Entry, NewEntry, RegionState, Written } from './state.ts'
import { regionState } from './state.ts'

/** v7 objects have no end of their own. */
const never = Number.MAX_SAFE_INTEGER

const keyOf = (region: RegionId, { collection, id }: Pick<Entry, 'collection' | 'id'>): string =>
  `v7:${region}:${collection}:${id}`

const markerKey = (region: RegionId): string => `v7:seeded:${region}`
const indexOf = (region: RegionId): string => `v7:${region}`

const putEntry = (region: RegionId, entry: Entry): Change => ({
  kind: 'put',
  key: keyOf(region, entry),
  value: JSON.stringify(entry),
  expiresAt: never,
  expected: 'any',
  indexes: [indexOf(region)],
})

/** How many objects are written out in one turn of the event loop: a deployment may have made a thousand, with their versions. */
const mostInTurn = 100

async function putEntries(region: RegionId, entries: readonly Entry[]): Promise<Change[]> {
  const changes: Change[] = []
  for (const entry of entries) {
    if (changes.length % mostInTurn === mostInTurn - 1) await nextTurn()
    changes.push(putEntry(region, entry))
  }
  return changes
}

/** Objects that the store has of a region, page by page. */
async function readEntries(
  store: Store,
  region: RegionId,
  known: ReadonlyMap<string, Entry>,
): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  let page: readonly StoredRecord[] = []
  do {
    const last = page.at(-1)
    page = await store.list(indexOf(region), { limit: 1000, ...(last && { after: last.key }) })
    entries.push(...page.map(({ value }) => known.get(value) ?? (JSON.parse(value) as Entry)))
  } while (page.length > 0)
  return entries
}

export interface RegionSeed {
  readonly region: RegionId
  /** Asked only of a store that never held the region. */
  readonly seed: () => readonly NewEntry[]
}

/** A store that never held the region takes the seed, with the mark that it did: what is deleted later does not come back. */
export async function seedOnce(store: Store, { region, seed }: RegionSeed): Promise<void> {
  const [marker] = await store.read([markerKey(region)])
  if (marker) return
  const mark: Change = {
    kind: 'put',
    key: markerKey(region),
    value: '{}',
    expiresAt: never,
    expected: 'absent',
  }
  const entries = seed().map((entry, index): Entry => ({ ...entry, sequence: index + 1 }))
  // A conflict means that another process has just seeded the store: what it wrote is read then.
  await store.commit([mark, ...entries.map((entry) => putEntry(region, entry))])
}

/** One region's objects in memory, and the way of a write to the store. */
export interface StoredRegion {
  /** The objects as the store has them. They are read anew after a write whose outcome is unknown. */
  current(): Awaitable<RegionState>
  /** Commits a draft's changes and shows them from then on. @throws when the store cannot answer */
  write(written: Written): Promise<void>
  /** Reads the objects anew, as the store was put back to another state. @throws when the store cannot answer; then with the next call */
  reload(): Promise<void>
}

/** The entries of an image of a store by their stored text: what `known` takes. */
export const entriesByText = (
  records: Iterable<{ readonly key: string; readonly value: string }>,
): ReadonlyMap<string, Entry> =>
  new Map(
    [...records]
      .filter(({ key }) => /^v7:(?!seeded:)/.test(key))
      .map(({ value }) => [value, JSON.parse(value) as Entry]),
  )

/** @param known entries by their stored text, which need not be parsed again @returns also while the store is away */
export async function openStoredRegion(
  store: Store,
  region: RegionId,
  known: ReadonlyMap<string, Entry>,
): Promise<StoredRegion> {
  let state = regionState(region, [], 0)
  /** What is shown may not be what the store has. */
  let isStale = true
  let reading: Promise<void> | undefined

  async function readAnew(): Promise<void> {
    state = regionState(region, await readEntries(store, region, known), state.revision + 1)
    isStale = false
  }
  await readAnew().catch((failure: unknown) => {
    if (!(failure instanceof StoreFailure)) throw failure
  })
  return {
    current() {
      if (!isStale) return state
      reading ??= readAnew().finally(() => {
        reading = undefined
      })
      return reading.then(() => state)
    },
    async write(written) {
      const changes: readonly Change[] = [
        ...(await putEntries(region, written.entries)),
        ...written.removed.map((gone): Change => ({ kind: 'delete', key: keyOf(region, gone) })),
      ]
      if (changes.length === 0) return
      try {
        await store.commit(changes)
      } catch (cause) {
        isStale = true
        throw cause
      }
      state.apply(written)
    },
    reload() {
      isStale = true
      return readAnew()
    },
  }
}
