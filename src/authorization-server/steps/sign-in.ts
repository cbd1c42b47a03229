/**
 * Steps: what the browser is asked between an authorization request and its answer. A step shows a page and turns its form into
 * a result; which step comes next is policy.ts's affair alone.
 */
import { parseRegionChoice, type RegionChoice, type RegionId, regionsToTry } from '#domain/region.ts'
import { normalizedEmail, type User } from '#domain/user.ts'
import { tooManyAttemptsPage } from '#http/error-page.ts'
import { type PasswordProblem, passwordPage, type SignInProblem, signInPage } from '#http/sign-in-page.ts'
import type { LimitRule } from '#limits/limits.ts'
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

type Counts = ReadonlyMap<string, LimitRule>

const userKey = (region: RegionId, email: string): string => `password:${region}:${normalizedEmail(email)}`

const countsOf = ({ region, email }: SignInPlace, address: string): Counts =>
  new Map([
    ...regionsToTry(region).map((one) => [userKey(one, email), perUser] as const),
    [`password-from:${address}`, perAddress],
  ])

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

  /**
   * Every count goes up before the password is looked at, so a parallel burst gains nothing. A choice of Default guesses in all
   * regions at once and counts in all of them.
   * @returns seconds to wait, or 0 when the attempt passes
   */
  async function draw(counts: Counts): Promise<number> {
    const hits = await Promise.all(
      [...counts].map(async ([key, rule]) => ({ key, ...(await guards.hit(key, rule)) })),
    )
    const blocked = hits.filter((hit) => hit.blocked)
    if (blocked.length === 0) return 0
    await Promise.all(hits.filter((hit) => !hit.blocked).map(({ key }) => guards.release(key)))
    return Math.max(...blocked.map(({ retryAfterSeconds }) => Math.max(1, retryAfterSeconds)))
  }

  /** Being right clears the count of that user alone and uses up nothing of the others' (design, section 3). */
  const giveBack = (counts: Counts, user: User): Promise<unknown> => {
    const own = userKey(user.region, user.email)
    return Promise.all(
      [...counts.keys()].map((key) => (key === own ? guards.clear(key) : guards.release(key))),
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
    const counts = countsOf(place, from.address)
    const retryAfterSeconds = await draw(counts)
    if (retryAfterSeconds > 0) {
      const html = tooManyAttemptsPage(views, { retryAfterSeconds, requestId: from.requestId })
      return { kind: 'page', status: 429, html, retryAfterSeconds }
    }
    const user = await identity.authenticate({ choice: place.region, email: place.email, password })
    if (!user) {
      await record('sign-in-refused', secrets.hash('audit-email', normalizedEmail(place.email)), place.region)
      return page(showPassword(place, 'not-recognized'), 403)
    }
    await giveBack(counts, user)
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
