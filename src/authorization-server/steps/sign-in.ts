/**
 * Steps: what the browser is asked between an authorization request and its answer. A step shows a page and turns its form into
 * a result; which step comes next is policy.ts's affair alone.
 */
import { parseRegionChoice, type RegionChoice } from '#domain/region.ts'
import { needsNewPassword, normalizedEmail, type User } from '#domain/user.ts'
import { tooManyAttemptsPage } from '#http/error-page.ts'
import {
  type PasswordProblem,
  passwordPage,
  type SignInProblem,
  type SignInReason,
  signInPage,
} from '#http/sign-in-page.ts'
import type { AuthorizationServerParts } from '../parts.ts'
import { openPasswordGuards } from './password-guards.ts'

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

export interface SignInStep {
  show(place: SignInPlace): string
  submit(
    place: SignInPlace,
    form: ReadonlyMap<string, string>,
    from: { readonly address: string; readonly requestId: string },
  ): Promise<SignInOutcome>
}

const page = (html: string, status = 200): SignInOutcome => ({ kind: 'page', status, html })

export function signInStep(parts: AuthorizationServerParts): SignInStep {
  const { views, identity, secrets, audit, store } = parts
  const passwordGuards = openPasswordGuards(parts.guards)

  const shown = ({ boundTo, ...place }: SignInPlace): Omit<SignInPlace, 'boundTo'> & { csrf: string } => ({
    ...place,
    csrf: secrets.mac('form', boundTo),
  })

  const showIdentifier = (place: SignInPlace, problem: SignInProblem | undefined): string =>
    signInPage(views, { ...shown(place), problem })

  const showPassword = (place: SignInPlace, problem: PasswordProblem | undefined): string =>
    passwordPage(views, { ...shown(place), problem })

  function identifierProblem(form: ReadonlyMap<string, string>): SignInProblem | undefined {
    if (!parseRegionChoice(form.get('region') ?? '')) return 'region-unknown'
    const email = (form.get('email') ?? '').trim()
    if (email === '') return 'email-missing'
    return /^[^\s@]+@[^\s@]+$/.test(email) && email.length <= 254 ? undefined : 'email-malformed'
  }

  async function record(event: 'sign-in' | 'sign-in-refused', actor: string, detail: string): Promise<void> {
    await store.commit([audit.entry({ event, actor, detail })])
  }

  async function authenticate(
    place: SignInPlace,
    password: string,
    from: { readonly address: string; readonly requestId: string },
  ): Promise<SignInOutcome> {
    const drawn = await passwordGuards.draw(place, from.address)
    const { retryAfterSeconds } = drawn
    if (retryAfterSeconds > 0) {
      const html = tooManyAttemptsPage(views, { retryAfterSeconds, requestId: from.requestId })
      return { kind: 'page', status: 429, html, retryAfterSeconds }
    }
    const user = await identity.authenticate({ choice: place.region, email: place.email, password })
    if (!user || needsNewPassword(user)) {
      await record('sign-in-refused', secrets.hash('audit-email', normalizedEmail(place.email)), place.region)
      return page(showPassword(place, 'not-recognized'), 403)
    }
    await drawn.giveBack(user)
    await record('sign-in', user.id, user.region)
    return { kind: 'signed-in', user }
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

  return {
    show: (place) => showIdentifier(place, undefined),
    async submit(place, form, from) {
      const { typed, problem } = readTyped(place, form)
      if (problem) return page(showIdentifier(typed, problem), 400)
      if (form.get('change') === 'yes') return page(showIdentifier(typed, undefined))
      const password = form.get('password')
      if (password === undefined) return page(showPassword(typed, undefined))
      if (password === '') return page(showPassword(typed, 'password-missing'), 400)
      return authenticate(typed, password.slice(0, 1024), from)
    },
  }
}
