import { createRemoteJWKSet, type JWTVerifyGetKey, customFetch as keysFetch } from 'jose'
import * as client from 'openid-client'
import type { Fetch } from './bounded-fetch.ts'
import { AnswerRefused, ProviderUnreachable } from './identity-provider.ts'
import type { OpenIdSettings } from './sso.ts'

export interface DiscoveryParts {
  readonly settings: OpenIdSettings
  /** Bounded, and refusing addresses that are not allowed. */
  readonly fetch: Fetch
  readonly allows: (url: URL) => boolean
  /** The clock that openid-client and jose read by themselves, epoch ms. */
  readonly now: () => number
  readonly timeoutSeconds: number
}

/** What discovery told. */
export interface Discovered {
  readonly config: client.Configuration
  readonly keys: JWTVerifyGetKey
}

export const toleranceSeconds = 30
const discoveryMs = 3_600_000
const keysMs = 600_000
/** A key that is not known yet is looked for at once, but not more often. */
const keysPauseMs = 1_000

/** Where discovery may lead a browser or us. */
const endpoints = ['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'userinfo_endpoint'] as const

function causes(error: unknown): readonly unknown[] {
  return error instanceof Error ? [error, ...causes(error.cause)] : []
}

/** What the log may have of a refusal by the libraries: their words, never a value of the answer. */
export function refusalFrom(error: unknown): Error {
  const own = causes(error).find((one) => one instanceof ProviderUnreachable || one instanceof AnswerRefused)
  if (own instanceof Error) return own
  if (error instanceof client.AuthorizationResponseError)
    return new AnswerRefused(`the provider answers ${error.error}`, 'cancelled')
  if (error instanceof client.ResponseBodyError)
    return new AnswerRefused(`the token endpoint answers ${error.status} ${error.error}`)
  return new AnswerRefused(
    causes(error)
      .map((one) => (one as Error).message)
      .join(': '),
  )
}

function checkEndpoints(metadata: client.ServerMetadata, allows: DiscoveryParts['allows']): void {
  for (const name of endpoints) {
    const url = metadata[name]
    if (url === undefined && name === 'userinfo_endpoint') continue
    const parsed = URL.parse(url ?? '')
    if (!parsed || !allows(parsed)) throw new AnswerRefused(`its ${name} is ${url ?? 'missing'}`)
  }
}

/** RFC 6749 §2.3.1; a provider that lists nothing takes Basic (OpenID Connect Discovery §3). */
function authenticationFor(
  { clientSecret }: OpenIdSettings,
  metadata: client.ServerMetadata,
): client.ClientAuth {
  if (clientSecret === undefined) return client.None()
  const takesPost = metadata.token_endpoint_auth_methods_supported?.includes('client_secret_post') === true
  return takesPost ? client.ClientSecretPost(clientSecret) : client.ClientSecretBasic(clientSecret)
}

/** Discovery, remembered for an hour; while it cannot be had anew the old one serves on. */
export function openIdDiscovery({
  settings,
  fetch: send,
  allows,
  now,
  timeoutSeconds,
}: DiscoveryParts): () => Promise<Discovered> {
  const { clientId } = settings
  const issuer = new URL(settings.issuer)
  const metadata = { [client.clockTolerance]: toleranceSeconds }
  let known: { readonly at: number; readonly value: Discovered } | undefined
  let asking: Promise<Discovered> | undefined

  async function ask(): Promise<Discovered> {
    const options = {
      execute: issuer.protocol === 'http:' ? [client.allowInsecureRequests] : [],
      timeout: timeoutSeconds,
      [client.customFetch]: send as client.CustomFetch,
    }
    const found = await client.discovery(issuer, clientId, metadata, client.None(), options)
    const server = found.serverMetadata()
    checkEndpoints(server, allows)
    const config = new client.Configuration(server, clientId, metadata, authenticationFor(settings, server))
    if (issuer.protocol === 'http:') client.allowInsecureRequests(config)
    config.timeout = timeoutSeconds
    config[client.customFetch] = send as client.CustomFetch
    const keys = createRemoteJWKSet(new URL(server.jwks_uri ?? ''), {
      timeoutDuration: timeoutSeconds * 1000,
      cooldownDuration: keysPauseMs,
      cacheMaxAge: keysMs,
      [keysFetch]: send,
    })
    return { config, keys }
  }

  return async () => {
    if (known && now() - known.at < discoveryMs) return known.value
    asking ??= ask()
      .then((value) => {
        known = { at: now(), value }
        return value
      })
      .finally(() => {
        asking = undefined
      })
    return asking.catch((error: unknown) => {
      if (known) return known.value
      throw refusalFrom(error)
    })
  }
}
