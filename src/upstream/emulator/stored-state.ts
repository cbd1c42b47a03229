import type { RegionId } from '#domain/region.ts'
import type { Change, Store, StoredRecord } from '#store/store.ts'
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

/** Objects that the store has of a region, page by page. */
async function readEntries(store: Store, region: RegionId): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  let page: readonly StoredRecord[] = []
  do {
    const last = page.at(-1)
    page = await store.list(indexOf(region), { limit: 1000, ...(last && { after: last.key }) })
    entries.push(...page.map(({ value }) => JSON.parse(value) as Entry))
  } while (page.length > 0)
  return entries
}

/** A store that never held the region takes the seed, with the mark that it did: what is deleted later does not come back. */
async function seedOnce(store: Store, region: RegionId, seed: readonly NewEntry[]): Promise<void> {
  const [marker] = await store.read([markerKey(region)])
  if (marker) return
  const mark: Change = {
    kind: 'put',
    key: markerKey(region),
    value: '{}',
    expiresAt: never,
    expected: 'absent',
  }
  const entries = seed.map((entry, index): Entry => ({ ...entry, sequence: index + 1 }))
  // A conflict means that another process has just seeded the store: what it wrote is read then.
  await store.commit([mark, ...entries.map((entry) => putEntry(region, entry))])
}

/** One region's objects in memory, and the way of a write to the store. */
export interface StoredRegion {
  /** The objects as the store has them. They are read anew after a write whose outcome is unknown. */
  current(): Promise<RegionState>
  /** Commits a draft's changes and shows them from then on. @throws when the store cannot answer */
  write(written: Written): Promise<void>
}

/** @throws when the store cannot answer */
export async function openStoredRegion(
  store: Store,
  region: RegionId,
  seed: readonly NewEntry[],
): Promise<StoredRegion> {
  await seedOnce(store, region, seed)
  let state = regionState(region, await readEntries(store, region), 0)
  let isStale = false
  let reading: Promise<void> | undefined

  async function readAnew(): Promise<void> {
    state = regionState(region, await readEntries(store, region), state.revision + 1)
    isStale = false
  }
  return {
    async current() {
      if (isStale) {
        reading ??= readAnew().finally(() => {
          reading = undefined
        })
        await reading
      }
      return state
    },
    async write(written) {
      const changes: readonly Change[] = [
        ...written.entries.map((entry) => putEntry(region, entry)),
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
  }
}
