import type { IncomingMessage } from 'node:http'
import type { Audit } from '#audit/audit.ts'
import type { AccountLinks } from '#broker/account-links.ts'
import type { Broker } from '#broker/broker.ts'
import type { Clock } from '#domain/clock.ts'
import type { ResourceServer } from '#domain/integration.ts'
import type { Operation } from '#domain/operation.ts'
import type { ScopeWord } from '#domain/scope.ts'
import type { Grants } from '#grants/grants.ts'
import type { Views } from '#http/page.ts'
import type { Directory } from '#identity/directory.ts'
import type { Identity } from '#identity/identity.ts'
import type { UserApiTokens } from '#identity/user-api-tokens.ts'
import type { Integrations } from '#integrations/integrations.ts'
import type { Guards, RateWindows } from '#limits/limits.ts'
import type { ProtocolMetrics } from '#metrics/metrics.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { Sso } from '#sso/sso.ts'
import type { Store } from '#store/store.ts'
import type { UpstreamPeople } from '#upstream/people.ts'
import type { Upstream } from '#upstream/upstream.ts'

/** Spans of the authorization server, in seconds; all of them ours and configurable. */
export interface ProtocolSpans {
  /** At most 60 (FAPI 2.0 §5.3.2.1; security-cases A24). */
  readonly authorizationCode: number
  readonly deviceCode: number
  /** RFC 8628 §3.2 `interval`. */
  readonly devicePollingInterval: number
  /** How long a spent refresh token still gets the same successor (DECISIONS 6). */
  readonly refreshReplayWindow: number
  /** A sign-in or confirm page that is left open. */
  readonly interaction: number
  readonly sessionIdle: number
  readonly sessionAbsolute: number
  readonly idToken: number
  /** The longest wait for one answer of an identity provider. */
  readonly identityProvider: number
  /** How old a sign-in may be that confirms a device code. */
  readonly deviceSignInAge: number | 'off'
}

/** One line for the log: what happened, never a credential. */
export type Log = (entry: Readonly<Record<string, string | number | undefined>>) => void

export interface AuthorizationServerParts {
  /** The canonical origin, and so the issuer (RFC 8414 §2). */
  readonly origin: URL
  readonly store: Store
  readonly clock: Clock
  readonly engineNow: () => number
  readonly randomBytes: (size: number) => Buffer
  /** Behind the names of cookies, where several of us share a host: cookies do not know ports (RFC 6265 §8.5). Else empty. */
  readonly cookieSuffix: string
  readonly secrets: Secrets
  readonly audit: Audit
  readonly grants: Grants
  readonly identity: Identity
  readonly sso: Sso
  readonly people: UpstreamPeople
  /** Left out where users have nothing to link. */
  readonly links?: AccountLinks | undefined
  /** For the new password that a sign-in asks for, and the end of sessions. */
  readonly directory: Pick<Directory, 'endSessions' | 'setPassword'>
  readonly integrations: Integrations
  /** For the headless door alone, which takes tokens of every kind. */
  readonly userApiTokens: UserApiTokens
  readonly resourceServers: readonly ResourceServer[]
  readonly broker: Broker
  readonly upstream: Upstream
  readonly guards: Guards
  /** So many failed passwords in a row, and the user is locked. */
  readonly lockAfter: number
  readonly windows: RateWindows
  readonly metrics: ProtocolMetrics
  readonly views: Views
  readonly scopes: readonly ScopeWord[]
  /** For the words about an integration that is limited to some of them. */
  readonly operations: readonly Operation[]
  readonly spans: ProtocolSpans
  /** Whether clients may register themselves (RFC 7591). */
  readonly registration: 'open' | 'closed'
  /** Scope words that the metadata lists. */
  readonly advertisedScopes: readonly string[]
  readonly addressOf: (request: IncomingMessage) => string
  readonly log: Log
}
