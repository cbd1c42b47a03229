import type { Change, Store, StoredRecord } from '#store/store.ts'
import type { FakeClock } from '../support/fake-clock.ts'

export interface OpenedStore {
  readonly store: Store
  /** Another handle on the same records; the same one where there can be only one. */
  another(): Promise<Store>
  readonly clock: FakeClock
}

export type Put = Extract<Change, { kind: 'put' }>
export type MakePut = (key: string, change?: Partial<Put> & { seconds?: number }) => Put

/** What each fact of the contract begins with. */
export type Opened = () => Promise<OpenedStore & { readonly put: MakePut }>

/** A record that lives for a minute and may be there already, but for what is said otherwise. */
export const putFor =
  (clock: FakeClock): MakePut =>
  (key, { seconds = 60, ...change } = {}) => ({
    kind: 'put',
    key,
    value: `value of ${key}`,
    expiresAt: clock.now() + seconds * 1000,
    expected: 'any',
    ...change,
  })

export const keysOf = (records: readonly StoredRecord[]): readonly string[] => records.map(({ key }) => key)

export async function versionOf(store: Store, key: string): Promise<string> {
  const [record] = await store.read([key])
  if (!record) throw new Error(`no record ${key}`)
  return record.version
}

/** A log that begins anew: its header, and one page with the header of its frame (sqlite.org/fileformat2.html#the_write_ahead_log). */
export const emptyLogBytes: number = 32 + 24 + 4_096
