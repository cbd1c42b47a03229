/** A list of which a page shows the first ones; the rest stands behind a line that opens it. */
export interface Folded<Item> {
  readonly shown: readonly Item[]
  /** Empty when all are shown. */
  readonly further: readonly Item[]
}

/** @returns the list, folded when that hides at least three: one line more is not worth a press */
export function folded<Item>(items: readonly Item[], shown: number): Folded<Item> {
  const isShort = items.length <= shown + 2
  return isShort
    ? { shown: items, further: [] }
    : { shown: items.slice(0, shown), further: items.slice(shown) }
}
