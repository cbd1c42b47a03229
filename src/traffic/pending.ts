/** What faults make wait, so that it can be ended all at once. */
export interface Pending {
  /** @param end called off by `endAll` @returns what takes it off the list, when it came to its end by itself */
  add(end: () => void): () => void
  endAll(): void
}

export function openPending(): Pending {
  const ends = new Set<() => void>()
  return {
    add(end) {
      ends.add(end)
      return () => void ends.delete(end)
    },
    endAll() {
      for (const end of [...ends]) end()
      ends.clear()
    },
  }
}
