/**
 * Broker: lends the gateway what the upstream wants to see, and never shows it to an integration.
 * The gateway borrows per call; what is lent depends on the composition: lending.ts what users linked, own-standing.ts in the emulator.
 */
import type { Awaitable } from '#domain/awaitable.ts'
import type { Refusal } from '#domain/refusal.ts'
import type { UpstreamCredential } from '#domain/upstream-credential.ts'
import type { UserId } from '#domain/user.ts'

export interface Broker {
  /** @returns the credential for one call of the user, or why there is none */
  lend(call: {
    readonly userId: UserId
    readonly presentedToken?: string
  }): Awaitable<UpstreamCredential | Refusal>
}
