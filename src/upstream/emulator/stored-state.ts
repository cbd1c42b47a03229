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

/**
 * The region as the store has it. A store that never had it takes the seed first, together with the mark that it did, so that
 * what is deleted later does not come back at the next start.
 */
export async function openRegionState(
  store: Store,
  region: RegionId,
  seed: readonly NewEntry[],
): Promise<RegionState> {
  const [marker] = await store.read([markerKey(region)])
  if (!marker) {
    const entries = seed.map((entry, index): Entry => ({ ...entry, sequence: index + 1 }))
    const mark: Change = {
      kind: 'put',
      key: markerKey(region),
      value: '{}',
      expiresAt: never,
      expected: 'absent',
    }
    // A conflict means that another process has just seeded the store: what it wrote is read below.
    await store.commit([mark, ...entries.map((entry) => putEntry(region, entry))])
  }
  return regionState(region, await readEntries(store, region))
}

/** Writes a draft's changes in one commit. @throws when the store cannot answer */
export async function commitWritten(store: Store, region: RegionId, written: Written): Promise<void> {
  const changes: readonly Change[] = [
    ...written.entries.map((entry) => putEntry(region, entry)),
    ...written.removed.map((gone): Change => ({ kind: 'delete', key: keyOf(region, gone) })),
  ]
  if (changes.length > 0) await store.commit(changes)
}
