import type { Broker } from '#broker/broker.ts'
import type { Awaitable } from '#domain/awaitable.ts'
import { type Refusal, refuse } from '#domain/refusal.ts'
import type { UpstreamCredential } from '#domain/upstream-credential.ts'
import type { Call } from './call.ts'

/** Borrows what the upstream wants to see for the caller of this call. */
export type Borrow = (call: Call) => Awaitable<UpstreamCredential | Refusal>

export const borrowFrom =
  (broker: Broker): Borrow =>
  ({ caller }) => {
    switch (caller.kind) {
      case 'integration':
        return broker.lend({ userId: caller.user.id })
      case 'user':
        return broker.lend({ userId: caller.user.id, presentedToken: caller.token })
      case 'nobody':
        return refuse('nobody', 'Nobody borrows nothing.')
      default:
        return caller satisfies never
    }
  }
