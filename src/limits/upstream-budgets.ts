/**
 * What may be asked of the real upstream, so that it never has a reason to refuse us as a whole (thousandeyes-facts 6.3, 6.4):
 * few answers of 401, no calls while it blocks our address, no more calls of an organization than it has left.
 * A port of its own beside limits.ts, whose limits are those that we set to our callers. Its reader is src/upstream/budgets.
 */
import type { Awaitable } from '#domain/awaitable.ts'
import type { Draw } from './limits.ts'

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
  /** For whoever watches: how many there are, how many are spent as far as this node knows, and how many it leased. */
  standing(): { readonly budget: number; readonly spent: number; readonly leased: number }
  /** Gives back what this node holds; no call is under way. */
  close(): Promise<void>
}

/** Whether a call may go out to an upstream that may have blocked our address: it may, it is the one that tries, or in how many seconds one may. */
export type Admission = 'open' | 'probe' | number

/** The block of our address by the upstream, known to all nodes together. */
export interface AddressBlock {
  /** At once, from memory at most about a second old, unless it is time to try. @throws StoreFailure */
  admit(): Awaitable<Admission>
  /** The upstream refused the address. @returns once all nodes can know, or never will */
  refused(): Promise<void>
  /** For whoever watches: whether it does, as far as this node knows. */
  isBlocked(): boolean
  /** It answered otherwise. */
  answered(admission: Admission): void
}

/** What the upstream says of an organization's window. */
export interface ToldWindow {
  readonly limit: number
  readonly remaining: number
  /** Epoch ms. */
  readonly resetAt: number
}

/** The calls of organizations, as far as this process knows: corrected by what the upstream says, and by what other nodes say of theirs. */
export interface OrganizationWindows {
  /** Draws a call that goes out when it is allowed. Clients share what is scarce. Never waits. */
  draw(organization: string, client: string): Draw
  /** A call that was drawn has ended. @param told undefined when the upstream said nothing of the window */
  ended(organization: string, told: ToldWindow | undefined): void
  /** For whoever watches: how many windows of this minute have calls left, few, or none. */
  standing(): { readonly open: number; readonly scarce: number; readonly exhausted: number }
}
