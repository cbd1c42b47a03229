/**
 * Broker: lends the gateway what the upstream wants to see, and never shows it to an integration.
 * The gateway borrows per call; what is lent depends on the composition (own-standing.ts in the emulator, no-accounts.ts where there
 * is nothing to lend).
 */
import type { Awaitable } from '#domain/awaitable.ts'
import type { Refusal } from '#domain/refusal.ts'
import type { UserId } from '#domain/user.ts'

/** What an upstream accepts as proof of the caller. */
export type UpstreamCredential =
  /** The embedded upstream runs beside us and believes the gateway; `presented` is the User API Token of the call, if it was one. */
  | { readonly kind: 'standing'; readonly userId: UserId; readonly presentedToken?: string }
  /** What ThousandEyes itself gave the user. The token is for the upstream's Authorization header and for nothing else. */
  | {
      readonly kind: 'user-api-token'
      readonly userId: UserId
      readonly token: string
      /** Names the token without telling it, for budgets and logs: another token has another name. */
      readonly credential: string
    }

export interface Broker {
  /** @returns the credential for one call of the user, or why there is none */
  lend(call: {
    readonly userId: UserId
    readonly presentedToken?: string
  }): Awaitable<UpstreamCredential | Refusal>
}
