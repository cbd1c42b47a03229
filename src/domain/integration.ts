import type { CallLimits } from './call-limits.ts'

/** How long the tokens of one integration live. Ours: ThousandEyes publishes no figures (DECISIONS 17). */
export interface TokenLifetimes {
  readonly accessSeconds: number
  /** A refresh token that is not used for so long is dead. */
  readonly idleSeconds: number
  /** The connection ends then however active it is. */
  readonly absoluteSeconds: number
}

export const grantTypes = [
  'authorization_code',
  'urn:ietf:params:oauth:grant-type:device_code',
  'refresh_token',
] as const

export type GrantType = (typeof grantTypes)[number]

/** A platform allowed to ask; its OAuth face is the client (RFC 6749 §2). */
export interface Integration {
  readonly clientId: string
  readonly name: string
  readonly clientSecret?: string
  readonly onPremises: boolean
  readonly grantTypes: readonly GrantType[]
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris: readonly string[]
  /** Every scope word that it may ask for. */
  readonly scopes: readonly string[]
  readonly lifetimes: TokenLifetimes
  /** The ceiling of all its grants; undefined when nothing limits them but their scopes and account groups. */
  readonly limits?: CallLimits
  /** v7 calls a minute in each organization; undefined for what everybody has. */
  readonly callsPerMinute?: number
}

/** A client without grants that may introspect (RFC 7662 §2.1). */
export interface ResourceServer {
  readonly clientId: string
  readonly clientSecret: string
}

/**
 * The client id under which scoped API tokens are granted: an integration that nobody registers and no client is, so that what
 * holds for integrations holds for these tokens.
 */
export const apiTokensClientId = 'api-tokens'

/** What users may make on their account page for clients that cannot do OAuth. */
export interface ApiTokenRules {
  /** Its scopes are the most that a token may have, its limits those of every token, its absolute lifetime the longest span. */
  readonly integration: Integration
  /** A user has at most so many. */
  readonly mostPerUser: number
}
