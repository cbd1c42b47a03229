/**
 * Audit: what was granted, revoked, refused and by whom. An entry is a change of the store, so that it is committed together
 * with the act it records (DECISIONS 15). Holds pseudonymous ids and addresses, never tokens, codes or passwords.
 */
import type { UserId } from '#domain/user.ts'
import type { Change } from '#store/store.ts'

export interface AuditEvent {
  readonly event:
    | 'sign-in'
    | 'sign-in-refused'
    | 'user-created'
    | 'session-ended'
    | 'user-locked'
    | 'password-changed'
    | 'password-reset'
    | 'grant-created'
    | 'grant-refused'
    | 'grant-revoked'
    | 'refresh-reuse-detected'
    | 'code-replay-detected'
    | 'user-api-token-generated'
    | 'user-api-token-renewed'
    | 'user-api-token-revoked'
    | 'api-token-generated'
    | 'api-token-revoked'
    | 'account-linked'
    | 'account-link-replaced'
    | 'account-link-refused'
    | 'account-unlinked'
    | 'renewal-changed'
    | 'upstream-credential-rejected'
    | 'upstream-credential-renewed'
    | 'upstream-credential-renewal-lost'
    | 'operator-action'
  /** A user id, a client id, `operator`, or an address. */
  readonly actor: string
  readonly clientId?: string
  readonly userId?: string
  readonly grant?: string
  readonly detail?: string
  /** From where, where whom it concerns should know it. */
  readonly address?: string
}

export interface Audit {
  /** The store change that records the event; the caller commits it with the act itself. */
  entry(event: AuditEvent): Change
}

/** An event with the instant at which it was recorded, epoch ms. */
export interface RecordedEvent extends AuditEvent {
  readonly at: number
}

/** Reading what was recorded. */
export interface AuditTrail {
  /** The events of a span of time, both ends included, oldest first. Epoch ms. @throws StoreFailure */
  between(from: number, to: number): Promise<readonly RecordedEvent[]>
  /** The newest events of one user, newest first: those that name the user, or that the user caused. @throws StoreFailure */
  newestOf(userId: UserId, count: number): Promise<readonly RecordedEvent[]>
}
