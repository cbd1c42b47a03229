import type { ImagedRecord, StoreImage, OpenedStore as StoreWithImages } from '#store/images.ts'
import type { Store } from '#store/store.ts'
import type { FakeClock } from '../support/fake-clock.ts'
import type { MakePut } from './store-handles.ts'

export interface OpenedImages extends StoreWithImages {
  /** Another handle on the same records; the same one where there can be only one. */
  another(): Promise<Store>
  readonly clock: FakeClock
}

/** What each fact of the contract begins with. */
export type OpenedWithPut = () => Promise<OpenedImages & { readonly put: MakePut }>

/** As adapters give records and their indexes in the order that suits them. */
export const sortedImage = (image: StoreImage): readonly ImagedRecord[] =>
  image
    .map((record) => ({ ...record, indexes: record.indexes.toSorted() }))
    .toSorted((one, other) => (one.key < other.key ? -1 : 1))
