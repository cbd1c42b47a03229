/** @param size at least 1 @returns the items in their order, so many at a time, the last ones perhaps fewer */
export function* batches<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size)
}
