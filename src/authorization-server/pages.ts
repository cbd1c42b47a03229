/** The pages around an authorization request: on the way back to the integration, and out of the browser session. */
import type { Views } from '#http/page.ts'

export interface ContinuePage {
  /** Where the answer goes: the client's redirect URI with its parameters. */
  readonly destination: URL
  readonly integration: string
}

/** Goes on by meta refresh, so that `form-action 'self'` holds (security-cases T11); a plain link stands beside it. */
export const continuePage = (views: Views, { destination, integration }: ContinuePage): string =>
  views.render('continue', { href: destination.href, integration })

/** Posts `xsrf` and `logout=yes` to `action`: the engine's own names (RP-initiated logout §2). */
export interface SignOutPage {
  readonly action: string
  readonly xsrf: string
  /** The integration that asked, whose connections of this session end; undefined when the user came by themselves. */
  readonly integration: string | undefined
  /** Where to go instead. */
  readonly accountHref: string
}

/** Button Sign out. */
export const signOutPage = (views: Views, page: SignOutPage): string => views.render('sign-out', page)

export interface SignedOutPage {
  /** The integration whose connections of this session ended with it. */
  readonly integration: string | undefined
  readonly accountHref: string
  /** The identity provider where the person is still signed in, and where that ends. */
  readonly provider: { readonly name: string; readonly href: string } | undefined
}

export const signedOutPage = (views: Views, page: SignedOutPage): string => views.render('signed-out', page)
