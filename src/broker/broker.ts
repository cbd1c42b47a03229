/**
 * Broker: lends the gateway what the upstream wants to see, and never shows it to an integration.
 * The gateway borrows per call; what is lent depends on the composition (own-standing.ts in the emulator, no-accounts.ts where nothing can be lent).
 */
import type { Awaitable } from '#domain/awaitable.ts'
import type { Refusal } from '#domain/refusal.ts'
import type { UserId } from '#domain/user.ts'

/** What an upstream accepts as proof of the caller. */
export type UpstreamCredential =
  /** The embedded upstream runs beside us and believes the gateway; `presented` is the User API Token of the call, if it was one. */
  { readonly kind: 'standing'; readonly userId: UserId; readonly presentedToken?: string }

export interface Broker {
  /** @returns the credential for one call of the user, or why there is none */
  lend(call: {
    readonly userId: UserId
    readonly presentedToken?: string
  }): Awaitable<UpstreamCredential | Refusal>
}
