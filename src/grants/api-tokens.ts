/**
 * Port: scoped API tokens, which users make for clients that cannot do OAuth. Each is a grant of its own, with one access token
 * that lives as long as the grant does: it is read, listed and ended as any other (grants.ts). Adapter: stored-api-tokens.ts.
 */
import type { AccountGroupId } from '#domain/account-group.ts'
import type { CallLimits } from '#domain/call-limits.ts'
import type { GrantTag } from '#domain/grant.ts'
import type { Refusal } from '#domain/refusal.ts'
import type { User } from '#domain/user.ts'

export interface WantedApiToken {
  /** Tells it from the user's others. */
  readonly name: string
  readonly scopes: readonly string[]
  readonly accountGroups: readonly AccountGroupId[]
  readonly limits: CallLimits | undefined
  /** Epoch ms. */
  readonly endsAt: number
}

/** Who asks, for the record and the audit trail. */
export interface ApiTokenAsking {
  readonly user: Pick<User, 'id' | 'region'>
  /** The browser session in which it is asked for. */
  readonly sessionUid: string
  readonly address?: string
}

export interface ApiTokens {
  /**
   * Makes a token. Its value is in this answer and nowhere else.
   * @returns a refusal when the user has as many as are allowed, or one of that name; of parallel calls, on any process, no more succeed
   */
  generate(
    wanted: WantedApiToken,
    asking: ApiTokenAsking,
  ): Promise<{ readonly token: string; readonly tag: GrantTag } | Refusal<'too_many' | 'name_taken'>>
}
