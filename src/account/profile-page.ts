/** The tab Profile: who the user is, and the User API Token (product documentation 1.2 to 1.5, 2.1, 2.2). */
import type { Views } from '#http/page.ts'
import { durationInWords, instantInWords } from '#http/time-in-words.ts'
import type { HeldToken } from '#identity/user-api-tokens.ts'
import { type AccountFrame, framed } from './frame-page.ts'

export type ProfileProblem = 'token-exists' | 'code-missing' | 'code-wrong' | 'code-void'

const problems: Readonly<Record<ProfileProblem, string>> = {
  'token-exists': 'There is a User API Token already. Revoke it first, then generate a new one.',
  'code-missing': 'Enter the code from the message.',
  'code-wrong': 'That is not the code. Look at the newest message.',
  'code-void': 'The code is used up or too old. Choose Generate to get a new one.',
}

/** What stands in the place of the token. */
export type TokenState =
  /** Generate is offered; with `isConfirmed` a code is mailed first. */
  | { readonly kind: 'none'; readonly isConfirmed: boolean }
  /** The code that was mailed is asked for. */
  | { readonly kind: 'code' }
  /** Newest first; the value of the newest stands on this page alone, or is undefined. */
  | { readonly kind: 'held'; readonly tokens: readonly HeldToken[]; readonly value: string | undefined }

/** Generate posts the frame's `csrf`, and `code` where it is asked for, to `generateAction`; Revoke leads to `revokeHref`. */
export interface ProfilePage {
  readonly frame: AccountFrame
  readonly generateAction: string
  readonly revokeHref: string
  /** Where tokens for less are made; undefined where they are not. */
  readonly apiTokensHref: string | undefined
  readonly loginAccountGroup: string | undefined
  readonly token: TokenState
  readonly codeSeconds: number
  readonly problem: ProfileProblem | undefined
  /** Whether the token was revoked just now. */
  readonly isRevoked: boolean
  /** Epoch ms. */
  readonly now: number
}

function heldInWords({ generatedAt, expiresAt }: HeldToken, now: number): object {
  return {
    generated: generatedAt === undefined ? undefined : instantInWords(generatedAt),
    expires: instantInWords(expiresAt),
    left: durationInWords(Math.ceil((expiresAt - now) / 86_400_000) * 86_400),
  }
}

function tokenInWords(token: TokenState, now: number): object {
  if (token.kind !== 'held') return token
  const [newest, before] = token.tokens.map((held) => heldInWords(held, now))
  return { kind: token.kind, value: token.value, newest, before }
}

export const profilePage = (views: Views, page: ProfilePage): string =>
  views.render('account-profile', {
    ...page,
    ...framed(page.frame),
    token: tokenInWords(page.token, page.now),
    codeLifetime: durationInWords(page.codeSeconds),
    problem: page.problem && { text: problems[page.problem], isOfCode: page.problem.startsWith('code') },
  })

export interface RevokeTokenPage {
  readonly frame: AccountFrame
  readonly revokeAction: string
  readonly cancelHref: string
  /** How many are live: two in the 14 days after a renewal. */
  readonly count: number
}

export const revokeTokenPage = (views: Views, page: RevokeTokenPage): string =>
  views.render('account-revoke-token', { ...page, ...framed(page.frame) })
