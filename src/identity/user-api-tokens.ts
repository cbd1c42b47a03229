/**
 * Ports: User API Tokens, the static bearer tokens of v7 (thousandeyes-facts 5.3), as those see them who are called with one, and
 * as their users hold them. Kept as keyed hashes only. Adapter of both: stored-user-api-tokens.ts.
 */
import type { Awaitable } from '#domain/awaitable.ts'
import type { Refusal } from '#domain/refusal.ts'
import type { UserId } from '#domain/user.ts'

export interface UserApiTokens {
  /** @returns the owner of a live token; undefined when it is unknown, expired or revoked */
  ownerOf(token: string): Awaitable<UserId | undefined>
  /** Adds a token of a known value, valid until the instant given (seeds). */
  install(userId: UserId, token: string, expiresAt: number): Promise<void>
  /**
   * `POST /v7/api-tokens`: a new token of two years; the presented one lives 14 more days or until its own end, whichever is first.
   * @returns the new token with its end, or a refusal `conflict` while two tokens are already live
   */
  rotate(
    userId: UserId,
    presented: string,
  ): Promise<{ token: string; expiresAt: number } | Refusal<'conflict'>>
  /** Ends the token at once. Unknown tokens are no error. */
  revoke(token: string): Promise<void>
}

/** A live token as its user may see it: never its value. */
export interface HeldToken {
  /** Epoch ms; undefined for tokens from before this was kept. */
  readonly generatedAt: number | undefined
  /** Epoch ms. */
  readonly expiresAt: number
}

/** Who asks, for the audit trail: the user, from an address. */
export interface Asking {
  readonly userId: UserId
  readonly address: string
}

/** The one User API Token of a user, which any role may hold (product documentation 1.2, 1.4). */
export interface HeldUserApiTokens {
  /** The user's live tokens, the newest first: at most two, and two only in the 14 days after a renewal. */
  of(userId: UserId): Promise<readonly HeldToken[]>
  /**
   * Makes the user's token, of two years. Its value is in this answer and nowhere else.
   * @returns a refusal `conflict` while the user has one; of any number of parallel calls, on any process, one makes a token
   */
  generate(
    asking: Asking,
  ): Promise<{ readonly token: string; readonly expiresAt: number } | Refusal<'conflict'>>
  /** Ends all tokens of the user: once this resolves, none of them opens anything, on any process. @returns whether there was one */
  revokeAll(asking: Asking): Promise<boolean>
}
