/**
 * Port: the link of a user to the own account at ThousandEyes, as those see it who ask people for it: the link-account step and the
 * account page. A token goes in and never comes out; what people see of it is a fingerprint. Adapter: stored-links.ts.
 */
import type { AccountGroup, AccountGroupId } from '#domain/account-group.ts'
import type { LinkProblem } from '#domain/link-problem.ts'
import type { Refusal } from '#domain/refusal.ts'
import type { User, UserId } from '#domain/user.ts'

/** What is linked, as its user may see it. */
export interface LinkedAccount {
  readonly fingerprint: string
  /** Epoch ms; undefined while ThousandEyes did not say so. */
  readonly validUntil: number | undefined
  readonly linkedAt: number
  /** The upstream's name and address of the user. */
  readonly owner: { readonly name: string; readonly email: string }
  /** All that the token reaches, the login account group first. */
  readonly reach: readonly AccountGroup[]
  /** Those that connections may ever get. */
  readonly chosen: readonly AccountGroupId[]
  readonly standing:
    | 'good'
    /** ThousandEyes refused it: nothing is lent until it is replaced. */
    | 'rejected'
    | 'expired'
  readonly renewal:
    | 'off'
    | 'on'
    /** A renewal was done, and its answer lost: this token ends with the overlap and has to be replaced by hand. */
    | 'lost'
}

/** A token that was checked and waits for the choice of its account groups. */
export interface CheckedToken {
  readonly fingerprint: string
  readonly reach: readonly AccountGroup[]
}

/** Who asks, and where: what is checked at one place is taken at that place alone. */
export interface LinkAsking {
  readonly user: User
  /** The interaction or the browser session. */
  readonly boundTo: string
  readonly address: string
}

export interface LinkRefusal extends Refusal<LinkProblem> {
  /** For `too-many`. */
  readonly retryAfterSeconds?: number
}

export interface AccountLinks {
  /** @throws StoreFailure */
  of(userId: UserId): Promise<LinkedAccount | undefined>
  /** Checks a token upstream, within the budget of failures, and keeps it sealed for the choice. */
  check(asking: LinkAsking, token: string): Promise<CheckedToken | LinkRefusal>
  /** The token that waits for its choice here, if any. */
  checked(asking: LinkAsking): Promise<CheckedToken | undefined>
  /**
   * Links the token that waits here, in the place of one that was there. Connections with an account group that is not chosen end.
   * @param chosen of those that were listed
   */
  link(asking: LinkAsking, chosen: readonly AccountGroupId[]): Promise<LinkedAccount | LinkRefusal>
}

/** What users do with an account that is linked. */
export interface LinkedAccounts {
  /**
   * Forgets the credential and ends every connection of the user: once this resolves, nothing is lent any more, on any node.
   * @returns whether there was one
   */
  disconnect(asking: Omit<LinkAsking, 'boundTo'>): Promise<boolean>
  /** Whether the broker renews the token by itself before it ends. */
  setRenewal(asking: Omit<LinkAsking, 'boundTo'>, isWanted: boolean): Promise<void>
}
