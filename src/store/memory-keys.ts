/** Lists of keys in the order of the store port: bytewise, as their UTF-8 text compares, and each key once. */

/** UTF-16 puts surrogates before U+E000 to U+FFFF; bytewise they come after all others. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)

/** @returns below 0 when `one` comes first, above 0 when `other` does, 0 when they are the same */
export function compareBytewise(one: string, other: string): number {
  const length = Math.min(one.length, other.length)
  for (let at = 0; at < length; at += 1) {
    const unit = one.charCodeAt(at)
    const against = other.charCodeAt(at)
    if (unit !== against) return rank(unit) - rank(against)
  }
  return one.length - other.length
}

/** Lists by name; those without keys cost nothing. */
export interface KeyLists {
  of(name: string): readonly string[]
  /** Puts the key into lists where it is not yet. */
  enlist(key: string, names: readonly string[]): void
  /** Takes the key out of those lists where it is. */
  strike(key: string, names: readonly string[]): void
}

/** @returns lists that are arrays: moving what stands behind a key costs less than a tree would, up to some 100,000 keys */
export function keyLists(): KeyLists {
  const lists = new Map<string, string[]>()
  return {
    of: (name) => lists.get(name) ?? [],
    enlist(key, names) {
      for (const name of names) {
        const keys = lists.get(name)
        if (keys) keys.splice(placeBehind(keys, key), 0, key)
        else lists.set(name, [key])
      }
    },
    strike(key, names) {
      for (const name of names) {
        const keys = lists.get(name) ?? []
        const place = placeBehind(keys, key) - 1
        if (keys[place] === key) keys.splice(place, 1)
        if (keys.length === 0) lists.delete(name)
      }
    },
  }
}

/** The keys of two lists as one. @param after begin behind this key */
export function* mergedKeys(
  one: readonly string[],
  other: readonly string[],
  after?: string,
): Generator<string, void, undefined> {
  let left = after === undefined ? 0 : placeBehind(one, after)
  let right = after === undefined ? 0 : placeBehind(other, after)
  for (;;) {
    const key = firstOf(one[left], other[right])
    if (key === undefined) return
    if (key === one[left]) left += 1
    if (key === other[right]) right += 1
    yield key
  }
}

function firstOf(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return compareBytewise(one, other) <= 0 ? one : other
}

/** @returns the place of the first key that comes behind this one */
function placeBehind(keys: readonly string[], key: string): number {
  const last = keys.at(-1)
  // Many keys begin with the time, so that most new ones are the last.
  if (last === undefined || compareBytewise(last, key) <= 0) return keys.length
  let low = 0
  let high = keys.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareBytewise(keys[middle] ?? '', key) <= 0) low = middle + 1
    else high = middle
  }
  return low
}
