/**
 * Integrations: the platforms that may ask, by client id. Configured ones come from config/integrations.yaml; registered
 * ones (RFC 7591) from the store. Read by authorization server, gateway and account page.
 */
import type { Awaitable } from '#domain/awaitable.ts'
import type { ApiTokenRules, Integration, TokenLifetimes } from '#domain/integration.ts'

export interface Integrations {
  /** @returns the integration; undefined when it is unknown or was removed, and then none of its tokens opens anything */
  find(clientId: string): Awaitable<Integration | undefined>
  /** The lifetimes that hold for the client now; those of registered clients for every id that is not configured. */
  lifetimesOf(clientId: string): TokenLifetimes
  /** The configured ones, in the order of the configuration, with the lifetimes of the configuration. */
  readonly configured: readonly Integration[]
  /** What users may make for clients that cannot do OAuth; undefined when they may not, and then what they made opens nothing. */
  readonly apiTokens: ApiTokenRules | undefined
}
