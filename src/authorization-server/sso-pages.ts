/** The pages around an identity provider: on the way to it, and when nothing came of it. */
import type { RegionChoice } from '#domain/region.ts'
import type { Views } from '#http/page.ts'
import type { SsoProblem } from '#sso/sso.ts'

export interface SsoLeavePage {
  readonly destination: URL
  /** What people call it. */
  readonly provider: string
}

/** Goes on by meta refresh, so that `form-action 'self'` holds (security-cases T11); a plain link stands beside it. */
export const ssoLeavePage = (views: Views, { destination, provider }: SsoLeavePage): string =>
  views.render('sso-leave', { href: destination.href, provider })

/** How it goes on: from the beginning, or with what was typed already. */
export type SsoRetry =
  | { readonly kind: 'start'; readonly href: string }
  | {
      /** Posts `csrf`, `region`, `email` and `sso=yes` to `action`; Use your password posts the same with `sso=no`. */
      readonly kind: 'again'
      readonly action: string
      readonly csrf: string
      readonly region: RegionChoice
      readonly email: string
      readonly offersPassword: boolean
    }

export interface SsoProblemPage {
  readonly problem: SsoProblem
  readonly provider: string | undefined
  readonly retry: SsoRetry | undefined
  readonly requestId: string
}

interface ProblemWords {
  readonly heading: string
  readonly text: string
  readonly nextStep: string
}

const askAdministrator = 'Ask the administrator of your organization.'

const words: Readonly<Record<SsoProblem, (provider: string) => ProblemWords>> = {
  unreachable: (provider) => ({
    heading: 'Your sign-in page does not answer',
    text: `${provider} cannot be reached at the moment, so nobody can sign in by it.`,
    nextStep: 'Try again in a minute.',
  }),
  'answer-refused': (provider) => ({
    heading: 'You are not signed in',
    text: `What came from ${provider} does not prove that you are meant.`,
    nextStep: 'Try again. If it happens again, give the request id below to your administrator.',
  }),
  'not-under-way': () => ({
    heading: 'This sign-in is over',
    text: 'It took too long, was finished already, or began in another browser.',
    nextStep: 'Go back to where you came from and start again from there.',
  }),
  cancelled: (provider) => ({
    heading: 'You are not signed in',
    text: `The sign-in at ${provider} was not completed.`,
    nextStep: 'Try again when you want to.',
  }),
  'email-missing': (provider) => ({
    heading: 'You are not signed in',
    text: `${provider} does not say your email address, and we find users by it.`,
    nextStep: askAdministrator,
  }),
  'email-unverified': (provider) => ({
    heading: 'You are not signed in',
    text: `${provider} has not verified your email address.`,
    nextStep: 'Verify it there and try again.',
  }),
  'email-elsewhere': (provider) => ({
    heading: 'You are not signed in',
    text: `${provider} says an email address for which it does not speak here.`,
    nextStep: 'Sign in there with the address of your organization.',
  }),
  'no-user': (provider) => ({
    heading: 'You have no user here',
    text: `${provider} knows you, but nobody added you to the organization, and users are not made by themselves.`,
    nextStep: askAdministrator,
  }),
  'another-user': (provider) => ({
    heading: 'You are not signed in',
    text: `The user with your email address signed in before as somebody else at ${provider}.`,
    nextStep: askAdministrator,
  }),
  'user-inactive': () => ({
    heading: 'Your user is locked or disabled',
    text: 'It can sign in nowhere until that ends.',
    nextStep: askAdministrator,
  }),
  'not-permitted': () => ({
    heading: 'You may not sign in this way',
    text: 'None of your roles has the permission Login via Single Sign-On.',
    nextStep: askAdministrator,
  }),
}

/** Link or button Try again, and the button Use your password where the organization allows both. */
export const ssoProblemPage = (
  views: Views,
  { problem, provider, retry, requestId }: SsoProblemPage,
): string =>
  views.render('sso-problem', { ...words[problem](provider ?? 'Your sign-in page'), retry, requestId })
