/**
 * Steps: what the browser is asked between an authorization request and its answer. A step shows a page and turns its form into
 * a result; which step comes next is policy.ts's affair alone.
 */
import { parseRegionChoice, type RegionChoice } from '#domain/region.ts'
import type { User } from '#domain/user.ts'
import { tooManyAttemptsPage } from '#http/error-page.ts'
import { type PasswordProblem, passwordPage, type SignInProblem, signInPage } from '#http/sign-in-page.ts'
import type { AuthorizationServerParts } from '../parts.ts'

/** Where a sign-in form stands: what its pages need to come back to the same place. */
export interface SignInPlace {
  readonly action: string
  readonly csrf: string
  readonly integration: string | undefined
  /** Preselected by `teRegion` of the authorization request. */
  readonly region: RegionChoice
  readonly email: string
}

export type SignInOutcome =
  | {
      readonly kind: 'page'
      readonly status: number
      readonly html: string
      readonly retryAfterSeconds?: number
    }
  | { readonly kind: 'signed-in'; readonly user: User }

/** Guards on passwords: per user and per address. They hold with `--limits off` too. */
const perUser = { limit: 10, windowSeconds: 900 }
const perAddress = { limit: 100, windowSeconds: 900 }

export interface SignInStep {
  show(place: SignInPlace, problem?: SignInProblem): string
  submit(
    place: SignInPlace,
    form: ReadonlyMap<string, string>,
    from: { readonly address: string; readonly requestId: string },
  ): Promise<SignInOutcome>
}

const page = (html: string, status = 200): SignInOutcome => ({ kind: 'page', status, html })

export function signInStep(parts: AuthorizationServerParts): SignInStep {
  const { views, guards, identity, secrets, audit, store } = parts

  const showPassword = (place: SignInPlace, problem: PasswordProblem | undefined): string =>
    passwordPage(views, { ...place, problem })

  function identifierProblem(form: ReadonlyMap<string, string>): SignInProblem | undefined {
    if (!parseRegionChoice(form.get('region') ?? '')) return 'region-unknown'
    const email = (form.get('email') ?? '').trim()
    if (email === '') return 'email-missing'
    return /^[^\s@]+@[^\s@]+$/.test(email) && email.length <= 254 ? undefined : 'email-malformed'
  }

  /** Both counts go up before the password is looked at, so a parallel burst gains nothing. */
  async function isGuarded(place: SignInPlace, address: string): Promise<number> {
    const user = `password:${place.region}:${place.email.toLowerCase()}`
    const hits = [await guards.hit(user, perUser), await guards.hit(`password-from:${address}`, perAddress)]
    return Math.max(
      ...hits.map(({ blocked, retryAfterSeconds }) => (blocked ? Math.max(1, retryAfterSeconds) : 0)),
    )
  }

  async function record(event: 'sign-in' | 'sign-in-refused', actor: string, detail: string): Promise<void> {
    await store.commit([audit.entry({ event, actor, detail })])
  }

  async function authenticate(
    place: SignInPlace,
    password: string,
    from: { readonly address: string; readonly requestId: string },
  ): Promise<SignInOutcome> {
    const retryAfterSeconds = await isGuarded(place, from.address)
    if (retryAfterSeconds > 0) {
      const html = tooManyAttemptsPage(views, { retryAfterSeconds, requestId: from.requestId })
      return { kind: 'page', status: 429, html, retryAfterSeconds }
    }
    const user = await identity.authenticate({ choice: place.region, email: place.email, password })
    if (!user) {
      await record('sign-in-refused', secrets.hash('audit-email', place.email.toLowerCase()), place.region)
      return page(showPassword(place, 'not-recognized'), 403)
    }
    await guards.clear(`password:${place.region}:${place.email.toLowerCase()}`)
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
    const isOwn = secrets.hasMac('form', place.action, form.get('csrf') ?? '')
    return { typed, problem: isOwn ? identifierProblem(form) : 'form-expired' }
  }

  return {
    show: (place, problem) => signInPage(views, { ...place, problem }),
    async submit(place, form, from) {
      const { typed, problem } = readTyped(place, form)
      if (problem) return page(signInPage(views, { ...typed, problem }), 400)
      if (form.get('change') === 'yes') return page(signInPage(views, { ...typed, problem }))
      const password = form.get('password')
      if (password === undefined) return page(showPassword(typed, undefined))
      if (password === '') return page(showPassword(typed, 'password-missing'), 400)
      return authenticate(typed, password.slice(0, 1024), from)
    },
  }
}
