/** The page that asks for a new password before a sign-in is done; here for the same reason as the pages of sign-in. */
import { passwordRules } from '#domain/password-rules.ts'
import type { Views } from './page.ts'

/** Why the password has to change: it failed too often, or somebody else set it. */
export type NewPasswordReason = 'locked' | 'expired'

export interface NewPasswordProblem {
  readonly text: string
  readonly field: 'new-password' | 'repeat-password'
}

/** Posts `csrf`, `region`, `email`, `proof-token`, `new-password` and `repeat-password` to `action`. */
export interface NewPasswordPage {
  readonly action: string
  readonly csrf: string
  /** Says, for this form and a short time, that the right password was given. */
  readonly proof: string
  readonly region: string
  readonly email: string
  readonly reason: NewPasswordReason
  readonly problem: NewPasswordProblem | undefined
}

const reasons: Readonly<Record<NewPasswordReason, string>> = {
  locked:
    'Your account was locked after too many failed sign-ins. Choose a new password to unlock it; your connections then work again.',
  expired: 'Your password was set for you. Choose one that only you know.',
}

/** Fields New password and Repeat new password, button Change password. */
export const newPasswordPage = (views: Views, page: NewPasswordPage): string =>
  views.render('new-password', { ...page, reason: reasons[page.reason], rules: passwordRules })
