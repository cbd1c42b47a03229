import type { JournalNote } from './traffic.ts'

/** Notes that came before the answer that they are about: the latest requests' alone, as most are claimed at once. */
export interface UnclaimedNotes {
  any(): boolean
  keep(requestId: string, note: JournalNote): void
  /** @returns those of a request, which are then forgotten here */
  claim(requestId: string): readonly JournalNote[]
}

const requestLimit = 100
/** Of one request. */
const noteLimit = 20

export function unclaimedNotes(): UnclaimedNotes {
  const notes = new Map<string, readonly JournalNote[]>()
  return {
    any: () => notes.size > 0,
    keep(requestId, note) {
      const before = notes.get(requestId) ?? []
      if (before.length >= noteLimit) return
      notes.set(requestId, [...before, note])
      const [oldest] = notes.keys()
      if (notes.size > requestLimit && oldest !== undefined) notes.delete(oldest)
    },
    claim(requestId) {
      const claimed = notes.get(requestId) ?? []
      notes.delete(requestId)
      return claimed
    },
  }
}
