/** The landing page: what this emulator is and how to begin; and the page at a seeded integration's redirect URI. */
import { type RegionId, regionLabel } from '#domain/region.ts'
import { folded } from '#http/folded.ts'
import type { Views } from '#http/page.ts'
import { type Offers, offersInWords } from './offers.ts'

export interface LandingPage {
  readonly origin: string
  readonly endpoints: readonly { readonly name: string; readonly url: string }[]
  readonly users: readonly {
    readonly email: string
    readonly region: RegionId
    /** Undefined for a user who signs in elsewhere. */
    readonly password: string | undefined
    readonly role: string
    /** A User API Token, for connectors. */
    readonly apiKey: string | undefined
  }[]
  readonly clients: readonly {
    readonly name: string
    readonly clientId: string
    /** Undefined for a public client. */
    readonly clientSecret: string | undefined
    /** How it asks, in words: `authorization code`, `device code`. */
    readonly grantType: string
  }[]
  /** To paste into a shell. */
  readonly commands: readonly { readonly title: string; readonly command: string }[]
  readonly accountHref: string
}

/** A large seed would push all else from the page. */
const shownUsers = 7

/** The page at `GET /`; it has no script. @param connected how many connections this browser has in the playground */
export const landingPage = (
  views: Views,
  page: LandingPage,
  { offers, connected }: { readonly offers: Offers; readonly connected: number },
): string =>
  views.render('landing', {
    ...page,
    connected,
    offers: offersInWords(offers),
    users: folded(
      page.users.map((user) => ({ ...user, region: regionLabel(user.region) })),
      shownUsers,
    ),
  })

/** What it takes to exchange the code by hand (RFC 6749 §4.1.3, RFC 7636 §4.5). */
export interface CodeExchange {
  readonly tokenEndpoint: string
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUri: string
  readonly code: string
}

export interface CallbackPage {
  readonly integration: string
  /** As they arrived, decoded, in order. */
  readonly parameters: readonly { readonly name: string; readonly value: string }[]
  /** Undefined when the answer carries no code. */
  readonly exchange: CodeExchange | undefined
}

// The code comes from whoever made the link and goes into a command to paste: single quotes leave a shell nothing to interpret.
const shellQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

function exchangeCommand({ tokenEndpoint, clientId, clientSecret, redirectUri, code }: CodeExchange): string {
  const form = {
    grant_type: 'authorization_code',
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uri: redirectUri,
    code,
    code_verifier: 'YOUR-CODE-VERIFIER',
  }
  const fields = Object.entries(form).map(
    ([name, value]) => `--data-urlencode ${shellQuoted(`${name}=${value}`)}`,
  )
  return [`curl ${shellQuoted(tokenEndpoint)}`, ...fields].join(' \\\n  ')
}

/** The page at the redirect URI of a seeded integration: shows the authorization answer and how to go on. */
export const callbackPage = (views: Views, page: CallbackPage): string =>
  views.render('callback', { ...page, command: page.exchange && exchangeCommand(page.exchange) })
