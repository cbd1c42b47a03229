import { boundedFetch, type Fetch } from './bounded-fetch.ts'
import type { IdentityProvider } from './identity-provider.ts'
import { ruleName } from './rules.ts'
import type { OpenIdSettings, SsoRule } from './sso.ts'

export interface ProvidersParts {
  readonly origin: URL
  readonly randomBytes: (size: number) => Buffer
  readonly fetch: Fetch
  readonly engineNow: () => number
  readonly spans: { readonly identityProvider: number }
}

const isLoopback = ({ hostname }: URL): boolean =>
  /^(?:127(?:\.\d+){3}|\[::1\]|(?:.+\.)?localhost)$/.test(hostname)

/** https, or this machine where the configuration says so; our own origin is as safe as we are. */
const allowing =
  ({ allowHttpOnLoopback }: OpenIdSettings, origin: URL) =>
  (url: URL): boolean =>
    url.protocol === 'https:' ||
    url.origin === origin.origin ||
    (url.protocol === 'http:' && allowHttpOnLoopback && isLoopback(url))

/** The provider of each rule, opened with the first who wants to sign in by it: no start waits for a library or a provider. */
export function providersOf(parts: ProvidersParts): (rule: SsoRule) => Promise<IdentityProvider> {
  const { origin, randomBytes, engineNow: now } = parts
  const timeoutSeconds = parts.spans.identityProvider
  const opened = new Map<string, Promise<IdentityProvider>>()

  async function open({ provider: settings }: SsoRule): Promise<IdentityProvider> {
    if (settings.kind === 'saml') {
      const { samlProvider } = await import('./saml.ts')
      const [entityId, acs] = [new URL('/sso/metadata', origin), new URL('/sso/acs', origin)]
      return samlProvider({ settings, entityId, acs, randomBytes, now })
    }
    const { openIdProvider } = await import('./openid.ts')
    const allows = allowing(settings, origin)
    return openIdProvider({
      ...{ settings, allows, randomBytes, now, timeoutSeconds },
      fetch: boundedFetch({ fetch: parts.fetch, now, timeoutSeconds, allows }),
      redirectUri: new URL('/sso/callback', origin),
      signedOutUri: new URL('/oauth2/logout/success', origin),
    })
  }

  return (rule) => {
    const name = ruleName(rule)
    const known = opened.get(name) ?? open(rule)
    opened.set(name, known)
    return known
  }
}
