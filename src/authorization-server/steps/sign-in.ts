/**
 * Steps: what the browser is asked between an authorization request and its answer. A step shows a page and turns its form into
 * a result; which step comes next is policy.ts's affair alone.
 */
import { parseRegionChoice, type RegionChoice } from '#domain/region.ts'
import { needsNewPassword, type User } from '#domain/user.ts'
import { tooManyAttemptsPage } from '#http/error-page.ts'
import {
  type PasswordProblem,
  passwordPage,
  type SignInProblem,
  type SignInReason,
  signInPage,
} from '#http/sign-in-page.ts'
import type { AuthorizationServerParts } from '../parts.ts'
import { newPasswordStep } from './new-password.ts'
import { passwordAttempt } from './password-attempt.ts'
import { openPasswordGuards } from './password-guards.ts'
import type { Elsewhere } from './sso.ts'
import { type WaysToSignIn, waysToSignIn } from './ways-to-sign-in.ts'

/** Where a sign-in form stands: what its pages need to come back to the same place. */
export interface SignInPlace {
  readonly action: string
  /** What the form is bound to, known to this browser alone: the interaction, or a cookie. */
  readonly boundTo: string
  readonly integration: string | undefined
  /** Preselected by `teRegion` of the authorization request. */
  readonly region: RegionChoice
  readonly email: string
  /** Why the user is asked again, when that is not for lack of a session. */
  readonly reason?: SignInReason | undefined
}

export type SignInOutcome =
  | {
      readonly kind: 'page'
      readonly status: number
      readonly html: string
      readonly retryAfterSeconds?: number
    }
  | { readonly kind: 'signed-in'; readonly user: User }
  | ({ readonly kind: 'elsewhere' } & Elsewhere)

/** Who sends the form. */
export interface SignInSender {
  readonly address: string
  readonly requestId: string
}

export interface SignInStep {
  show(place: SignInPlace): string
  submit(place: SignInPlace, form: ReadonlyMap<string, string>, from: SignInSender): Promise<SignInOutcome>
}

const page = (html: string, status = 200): SignInOutcome => ({ kind: 'page', status, html })

function identifierProblem(form: ReadonlyMap<string, string>): SignInProblem | undefined {
  if (!parseRegionChoice(form.get('region') ?? '')) return 'region-unknown'
  const email = (form.get('email') ?? '').trim()
  if (email === '') return 'email-missing'
  return /^[^\s@]+@[^\s@]+$/.test(email) && email.length <= 254 ? undefined : 'email-malformed'
}

/** The pages, each with what ties its form to the place. */
function pagesOf(
  { views, secrets }: Pick<AuthorizationServerParts, 'views' | 'secrets'>,
  ways: WaysToSignIn,
) {
  const shown = ({ boundTo, ...place }: SignInPlace): Omit<SignInPlace, 'boundTo'> & { csrf: string } => ({
    ...place,
    csrf: secrets.mac('form', boundTo),
  })
  return {
    identifier: (place: SignInPlace, problem?: SignInProblem): string =>
      signInPage(views, { ...shown(place), problem }),
    password: (place: SignInPlace, problem?: PasswordProblem): string =>
      passwordPage(views, { ...shown(place), problem, offersSso: ways.offersSso(place) }),
    tooMany(retryAfterSeconds: number, requestId: string): SignInOutcome {
      const html = tooManyAttemptsPage(views, { retryAfterSeconds, requestId })
      return { kind: 'page', status: 429, html, retryAfterSeconds }
    },
  }
}

/** Of an attempt, for the metrics. */
const outcomes = { 'too-many': 'limited', wrong: 'refused', right: 'accepted' } as const

export function signInStep(parts: AuthorizationServerParts): SignInStep {
  const { secrets, audit, store, metrics } = parts
  const ways = waysToSignIn(parts)
  const pages = pagesOf(parts, ways)
  const guards = openPasswordGuards(parts)
  const attempt = passwordAttempt(parts, guards, ways)
  const newPassword = newPasswordStep(parts)

  async function finish(user: User, { address }: SignInSender): Promise<SignInOutcome> {
    const entry = audit.entry({ event: 'sign-in', actor: user.id, detail: user.region, address })
    await store.commit([entry, guards.familiar(user, address)])
    return { kind: 'signed-in', user }
  }

  async function tryPassword(
    place: SignInPlace,
    password: string,
    from: SignInSender,
  ): Promise<SignInOutcome> {
    const verdict = await attempt(place, password, from.address)
    metrics.signIn('password', outcomes[verdict.kind])
    switch (verdict.kind) {
      case 'too-many':
        return pages.tooMany(verdict.retryAfterSeconds, from.requestId)
      case 'wrong':
        return page(pages.password(place, 'not-recognized'), 403)
      case 'right':
        return needsNewPassword(verdict.user)
          ? page(newPassword.show(place, verdict.user))
          : finish(verdict.user, from)
      default:
        return verdict satisfies never
    }
  }

  async function changePassword(
    place: SignInPlace,
    form: ReadonlyMap<string, string>,
    from: SignInSender,
  ): Promise<SignInOutcome> {
    const outcome = await newPassword.submit(place, form)
    if (outcome.kind === 'changed') return finish(outcome.user, from)
    return outcome.kind === 'page' ? outcome : page(pages.identifier(place, 'form-expired'), 400)
  }

  /** The form with what was typed, and what is wrong with its first page. */
  function readTyped(
    place: SignInPlace,
    form: ReadonlyMap<string, string>,
  ): { typed: SignInPlace; problem: SignInProblem | undefined } {
    const region = parseRegionChoice(form.get('region') ?? '') ?? place.region
    const typed = { ...place, region, email: (form.get('email') ?? '').trim().slice(0, 254) }
    const isOwn = secrets.hasMac('form', place.boundTo, form.get('csrf') ?? '')
    return { typed, problem: isOwn ? identifierProblem(form) : 'form-expired' }
  }

  function afterIdentifier(place: SignInPlace, wantsSso: boolean): SignInOutcome {
    const rule = ways.elsewhere(place, wantsSso)
    return rule ? { kind: 'elsewhere', place, rule } : page(pages.password(place))
  }

  return {
    show: (place) => pages.identifier(place),
    async submit(place, form, from) {
      const { typed, problem } = readTyped(place, form)
      if (problem) return page(pages.identifier(typed, problem), 400)
      if (form.get('change') === 'yes') return page(pages.identifier(typed))
      if (form.has('proof-token')) return changePassword(typed, form, from)
      const password = form.get('password')
      if (password === undefined) return afterIdentifier(typed, form.get('sso') === 'yes')
      if (password === '') return page(pages.password(typed, 'password-missing'), 400)
      return tryPassword(typed, password.slice(0, 1024), from)
    },
  }
}
