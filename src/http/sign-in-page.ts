/**
 * The two pages of sign-in: whose account and where, then the password. Here rather than with a surface, because the
 * authorization server and the account page both sign people in and may not import each other.
 */
import { type RegionChoice, regionIds, regionLabel } from '#domain/region.ts'
import type { Views } from './page.ts'

export type SignInProblem = 'region-unknown' | 'email-missing' | 'email-malformed' | 'form-expired'

/** `device`: the sign-in before is too old to confirm a device code. */
export type SignInReason = 'device'

/** Posts `csrf`, `region` (`default us1 us2 eu1`) and `email` to `action`. */
export interface SignInPage {
  readonly action: string
  readonly csrf: string
  /** The integration that asks; undefined when the user came by themselves. */
  readonly integration: string | undefined
  /** Preselected; `default` at first. */
  readonly region: RegionChoice
  /** Prefilled; empty at first. */
  readonly email: string
  readonly reason?: SignInReason | undefined
  readonly problem: SignInProblem | undefined
}

export type PasswordProblem = 'not-recognized' | 'password-missing' | 'form-expired'

/**
 * Posts `csrf`, `region`, `email` and `password` to `action`. Its button Change posts `csrf`, `region`, `email` and
 * `change=yes` there, which asks for the first page again with those values.
 */
export interface PasswordPage {
  readonly action: string
  readonly csrf: string
  readonly integration: string | undefined
  readonly region: RegionChoice
  readonly email: string
  readonly reason?: SignInReason | undefined
  readonly problem: PasswordProblem | undefined
  /** Whether the organization lets its people choose: the button Sign in with SSO posts `csrf`, `region`, `email` and `sso=yes`. */
  readonly offersSso: boolean
}

/** What went wrong, and the field that mends it if one does. */
interface ProblemWords {
  readonly text: string
  readonly field?: string
}

const formExpired: ProblemWords = { text: 'This form has expired. Please send it again.' }

const signInProblems: Readonly<Record<SignInProblem, ProblemWords>> = {
  'region-unknown': { text: 'Choose one of the regions in the list.', field: 'region' },
  'email-missing': { text: 'Enter your email address.', field: 'email' },
  'email-malformed': { text: 'Enter an email address such as name@company.example.', field: 'email' },
  'form-expired': formExpired,
}

// One text for every reason: a wrong password and an unknown user look alike (security-cases E15).
const passwordProblems: Readonly<Record<PasswordProblem, ProblemWords>> = {
  'not-recognized': {
    text: 'We do not recognize this combination of region, email address and password.',
    field: 'password',
  },
  'password-missing': { text: 'Enter your password.', field: 'password' },
  'form-expired': formExpired,
}

const reasons: Readonly<Record<SignInReason, string>> = {
  device: 'Sign in again: a device asks for access.',
}

const choiceLabel = (choice: RegionChoice): string => (choice === 'default' ? 'Default' : regionLabel(choice))

const choices: readonly RegionChoice[] = ['default', ...regionIds]

/** Step 1: fields Region and Email, button Continue. */
export const signInPage = (views: Views, page: SignInPage): string =>
  views.render('sign-in', {
    ...page,
    reason: page.reason && reasons[page.reason],
    problem: page.problem && signInProblems[page.problem],
    choices: choices.map((value) => ({
      value,
      label: choiceLabel(value),
      isSelected: value === page.region,
    })),
  })

/** Step 2: field Password, buttons Sign in and Change. */
export const passwordPage = (views: Views, page: PasswordPage): string =>
  views.render('password', {
    ...page,
    reason: page.reason && reasons[page.reason],
    problem: page.problem && passwordProblems[page.problem],
    regionLabel: choiceLabel(page.region),
  })
