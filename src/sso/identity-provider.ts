/** What a protocol of single sign-on is to the rest of this folder. Adapter: openid.ts. */

export interface Departure {
  /** Comes back with the answer. */
  readonly state: string
  readonly email: string
  readonly isFresh: boolean
}

/** What the answer is compared with; kept sealed meanwhile. */
export type Kept = Readonly<Record<string, string>>

/** Who the provider says it was. */
export interface Proof {
  readonly issuer: string
  /** The provider's name for the person, which never changes (OpenID Connect Core §5.7). */
  readonly subject: string
  readonly email: string | undefined
  /** Undefined when the provider does not say. */
  readonly isEmailVerified: boolean | undefined
  readonly name: string | undefined
  readonly claims: Readonly<Record<string, unknown>>
  readonly methods: readonly string[]
  /** What tells the provider whose session ends (RP-Initiated Logout 1.0 §2). */
  readonly logoutHint: string
}

export interface IdentityProvider {
  /** @throws ProviderUnreachable, AnswerRefused */
  depart(departure: Departure): Promise<{ readonly location: URL; readonly kept: Kept }>
  /** @throws ProviderUnreachable, AnswerRefused */
  prove(answer: URLSearchParams, departure: Departure, kept: Kept): Promise<Proof>
  /** @returns undefined when the provider has no such place, or cannot be asked for it */
  logout(hint: string): Promise<URL | undefined>
}

/** No answer, none in time, or one that says "not now". */
export class ProviderUnreachable extends Error {
  override readonly name = 'ProviderUnreachable'
}

/** An answer that proves nothing. The message is for the log. */
export class AnswerRefused extends Error {
  override readonly name = 'AnswerRefused'
  readonly problem: 'answer-refused' | 'cancelled'
  constructor(message: string, problem: 'answer-refused' | 'cancelled' = 'answer-refused') {
    super(message)
    this.problem = problem
  }
}
