/**
 * Port: User API Tokens, the static bearer tokens of v7 (thousandeyes-facts 5.3). Kept as keyed hashes only.
 * Adapter: stored-user-api-tokens.ts.
 */
import type { Refusal } from '#domain/refusal.ts'
import type { UserId } from '#domain/user.ts'

export interface UserApiTokens {
  /** @returns the owner of a live token; undefined when it is unknown, expired or revoked */
  ownerOf(token: string): Promise<UserId | undefined>
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
