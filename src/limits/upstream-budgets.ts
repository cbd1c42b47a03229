/**
 * What may be asked of the real upstream, so that it never has a reason to refuse us as a whole (thousandeyes-facts 6.3, 6.4):
 * few answers of 401, no calls while it blocks our address, no more calls of an organization than it has left.
 * A port of its own beside limits.ts, whose limits are those that we set to our callers. Its reader is src/upstream/budgets.
 */
import type { Awaitable } from '#domain/awaitable.ts'

/** The right to one call that may be answered 401. One of the two ends it. */
export interface Slot {
  /** The answer was another one, or nothing was sent: the slot is there for the next call. */
  free(): void
  /** The answer was 401, or may have been. */
  spend(): void
}

/** Answers of 401 to all our nodes together: at most so many in every hour, whatever becomes of a node. */
export interface UnauthorizedBudget {
  /**
   * A slot, before anything is sent; at once while this node holds a free one, else after a short wait.
   * @returns the slot, or in how many seconds there may be one @throws StoreFailure
   */
  take(): Awaitable<Slot | number>
  /** Gives back what this node holds; no call is under way. */
  close(): Promise<void>
}
