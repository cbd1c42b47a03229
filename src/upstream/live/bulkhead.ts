/** The places of a region for calls under way, shared so that no user and no client can take them all. */
export interface Bulkhead {
  /**
   * @param holders who takes the place, as the user and the client
   * @returns what gives it back, once; undefined when there is none for them
   */
  enter(holders: readonly string[]): (() => void) | undefined
}

/**
 * Whoever holds more than so many times what is free gets no more: one alone gets about three quarters, two get three sevenths each, and
 * some are always left for whoever comes next (the dynamic thresholds of shared buffers, Choudhury and Hahne 1998). The factor is ours.
 */
const timesFree = 3

/** @param most places */
export function openBulkhead(most: number): Bulkhead {
  const held = new Map<string, number>()
  let all = 0

  const add = (holder: string, places: number): void => {
    const own = (held.get(holder) ?? 0) + places
    if (own > 0) held.set(holder, own)
    else held.delete(holder)
  }

  return {
    enter(holders) {
      const free = most - all
      if (free <= 0) return undefined
      for (const holder of holders) if ((held.get(holder) ?? 0) > timesFree * free) return undefined
      all += 1
      for (const holder of holders) add(holder, 1)
      let isIn = true
      return () => {
        if (!isIn) return
        isIn = false
        all -= 1
        for (const holder of holders) add(holder, -1)
      }
    },
  }
}
