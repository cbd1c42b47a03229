/**
 * SSO: who a person is, on the word of their organization's identity provider. Owns the rules (which provider for which e-mail
 * domain of which region), the round trips to a provider, and which of our users a provider's subject is.
 * Knows neither pages nor cookies: whoever begins a round trip says to what it is bound. Adapter: open-sso.ts.
 */
import type { RegionChoice, RegionId } from '#domain/region.ts'
import type { User } from '#domain/user.ts'
import type { GivenRole } from '#upstream/people.ts'

/** An OpenID provider (OpenID Connect Core 1.0), found by discovery. */
export interface OpenIdSettings {
  readonly kind: 'openid'
  /** A URL; `{origin}` in it stands for our own. */
  readonly issuer: string
  readonly clientId: string
  /** Left out for a client that the provider knows as public. */
  readonly clientSecret?: string | undefined
  readonly scopes: readonly string[]
  /** For a provider on this machine; everywhere else only https is spoken. */
  readonly allowHttpOnLoopback: boolean
}

/** A SAML 2.0 identity provider, which posts signed assertions. */
export interface SamlSettings {
  readonly kind: 'saml'
  /** Its entity id. */
  readonly issuer: string
  /** Where requests go by redirect. */
  readonly entryPoint: string
  /** What its signatures are checked with, as PEM; more than one while they change. */
  readonly certificates: readonly string[]
}

/** Who is made a user on first sign-in: whoever's claim has the value. */
export interface CreationRule {
  readonly claim: string
  readonly value: string
  /** What the user may do; none where the upstream decides that by itself. */
  readonly roles: readonly GivenRole[]
}

export interface SsoRule {
  readonly region: RegionId
  /** The id of the organization whose users these are. */
  readonly organization: string
  /** E-mail domains, in lower case. */
  readonly domains: readonly string[]
  readonly mode: 'forced' | 'optional' | 'off'
  /** What people call the provider. */
  readonly name: string
  readonly provider: OpenIdSettings | SamlSettings
  /** Without any, nobody is created. */
  readonly create: readonly CreationRule[]
}

export type SsoProblem =
  /** The provider does not answer, or not in time. */
  | 'unreachable'
  /** It answered with something that proves nothing: forged, expired, for somebody else, from somebody else. */
  | 'answer-refused'
  /** No round trip of this browser waits for this answer: it is over, was answered already, or never began. */
  | 'not-under-way'
  /** The provider says no. */
  | 'cancelled'
  | 'email-missing'
  | 'email-unverified'
  | 'email-elsewhere'
  | 'no-user'
  /** The user with this address signed in as somebody else at this provider before. */
  | 'another-user'
  | 'user-inactive'
  | 'not-permitted'

export interface SsoRefused {
  readonly kind: 'refused'
  readonly problem: SsoProblem
  /** What people call the provider; undefined when it is not known which one it was about. */
  readonly provider: string | undefined
  /** Where the round trip was to end; undefined as the provider. */
  readonly back: string | undefined
}

/** What a round trip is about and bound to. */
export interface RoundTrip {
  readonly email: string
  /** What only this browser has, also when the provider sends it back. */
  readonly browser: string
  /** What the sign-in form was bound to. */
  readonly boundTo: string
  /** The path at which it ends, where `boundTo` can be shown again. */
  readonly back: string
  /** Whether the provider is to ask the person, however recently it did. */
  readonly isFresh: boolean
}

/** What the browser brought from the provider. */
export interface ProviderAnswer {
  /** By which protocol. */
  readonly kind: SsoRule['provider']['kind']
  /** What came back of `RoundTrip` by it. */
  readonly state: string
  readonly parameters: URLSearchParams
  /** Undefined where a form of another site leads here, with which no cookie is sent: then `collect` alone compares it. */
  readonly browser: string | undefined
  /** Of the network. */
  readonly address: string
  /** Names the request in the log, as the person reads it. */
  readonly requestId: string
}

/** Where a ticket is shown. */
export interface TicketPlace extends Pick<RoundTrip, 'browser' | 'boundTo'> {
  /** Of the network. */
  readonly address: string
}

export interface SsoSignIn {
  readonly kind: 'signed-in'
  readonly user: User
  /** How the provider says that it made sure (RFC 8176); empty when it does not say. */
  readonly methods: readonly string[]
}

export interface Sso {
  /** The rule for an address: with Default that of the first region that has one. Whether the user exists plays no part. */
  ruleFor(choice: RegionChoice, email: string): SsoRule | undefined
  /** Begins a round trip. @returns where the browser goes */
  begin(rule: SsoRule, trip: RoundTrip, requestId: string): Promise<URL | SsoRefused>
  /** Judges what came back, once. @returns a ticket for `collect` at the end of the round trip, valid for a minute */
  finish(answer: ProviderAnswer): Promise<{ kind: 'ticket'; back: string; ticket: string } | SsoRefused>
  /** Takes what the ticket stands for, once, and notes the sign-in. */
  collect(ticket: string, at: TicketPlace): Promise<SsoSignIn | SsoRefused>
  /** Where the browser may go to sign out at the provider too, if it signed in by one that offers it (RP-Initiated Logout 1.0). */
  logoutOf(browser: string): Promise<{ readonly provider: string; readonly location: URL } | undefined>
}
