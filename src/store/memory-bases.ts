/**
 * Bases: images made ready to be read in place. Any number of memory stores share one, and each keeps only what it changes.
 */
import { imageChanges } from './changes.ts'
import type { ImagedRecord, StoreImage } from './images.ts'
import { compareBytewise } from './memory-keys.ts'

/** Never changes. */
export interface Base {
  readonly image: StoreImage
  readonly records: ReadonlyMap<string, ImagedRecord>
  /** The keys of each index, in the order of the port. */
  readonly indexes: ReadonlyMap<string, readonly string[]>
  /** What expires first comes first. */
  readonly byExpiry: readonly ImagedRecord[]
}

export interface ImageBases {
  /** @throws TypeError when the image names a key twice or an odd expiry */
  of(image: StoreImage): Base
}

/** @returns bases that are made once for each image, and go with it; whoever opens several stores gives them the same one */
export function imageBases(): ImageBases {
  const made = new WeakMap<StoreImage, Base>()
  return {
    of(image) {
      const base = made.get(image) ?? baseOf(image)
      made.set(image, base)
      return base
    },
  }
}

/** About 5 ms for 1,500 records, once. */
function baseOf(image: StoreImage): Base {
  imageChanges(image, 'absent')
  const sorted = image.toSorted((one, other) => compareBytewise(one.key, other.key))
  const indexes = new Map<string, string[]>()
  for (const { key, indexes: names } of sorted)
    for (const name of new Set(names)) {
      const keys = indexes.get(name)
      if (keys) keys.push(key)
      else indexes.set(name, [key])
    }
  return {
    image,
    records: new Map(sorted.map((record) => [record.key, record])),
    indexes,
    byExpiry: image.toSorted((one, other) => one.expiresAt - other.expiresAt),
  }
}
