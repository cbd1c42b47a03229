import { jwtVerify } from 'jose'
import * as client from 'openid-client'
import { AnswerRefused, type IdentityProvider, type Proof } from './identity-provider.ts'
import {
  type Discovered,
  type DiscoveryParts,
  openIdDiscovery,
  refusalFrom,
  toleranceSeconds,
} from './openid-discovery.ts'

export interface OpenIdParts extends DiscoveryParts {
  /** Where the provider sends the browser back. */
  readonly redirectUri: URL
  /** Where it sends the browser after a logout. */
  readonly signedOutUri: URL
  readonly randomBytes: (size: number) => Buffer
}

/** Public keys alone: with HMAC whoever verifies could have signed (RFC 8725 §3.1). */
const algorithms = [
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'Ed25519',
]
/** A fresh sign-in is one of the last minutes (OpenID Connect Core §3.1.2.1, max_age). */
const freshSeconds = 300

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** Some providers write the word. */
const flagOf = (value: unknown): boolean | undefined => {
  if (value === undefined || value === null) return undefined
  return value === true || value === 'true'
}

const methodsOf = (amr: unknown): readonly string[] =>
  Array.isArray(amr)
    ? amr.filter((word) => typeof word === 'string' && /^[\w.-]{1,32}$/.test(word)).slice(0, 8)
    : []

/** Exchanges the code and checks what comes (OpenID Connect Core §3.1.3). @returns who it was */
function exchangeOf({ settings, redirectUri, now }: OpenIdParts) {
  /** Claims that a scope asks for may stand in the userinfo alone (OpenID Connect Core §5.4). */
  async function claimsOf(
    { config }: Discovered,
    accessToken: string,
    claims: client.IDToken,
  ): Promise<Readonly<Record<string, unknown>>> {
    if (claims['email'] !== undefined || config.serverMetadata().userinfo_endpoint === undefined)
      return claims
    return { ...(await client.fetchUserInfo(config, accessToken, claims.sub)), ...claims }
  }

  return async function exchange(
    found: Discovered,
    answer: URLSearchParams,
    checks: client.AuthorizationCodeGrantChecks,
  ): Promise<Proof> {
    const url = new URL(redirectUri)
    url.search = answer.toString()
    const tokens = await client.authorizationCodeGrant(found.config, url, {
      ...checks,
      idTokenExpected: true,
    })
    const claims = tokens.claims()
    const idToken = tokens.id_token
    if (!claims || idToken === undefined) throw new AnswerRefused('there is no id_token')
    // openid-client leaves the signature to TLS (OpenID Connect Core §3.1.3.7, 6); we do not.
    await jwtVerify(idToken, found.keys, {
      issuer: found.config.serverMetadata().issuer,
      audience: settings.clientId,
      algorithms,
      clockTolerance: toleranceSeconds,
      currentDate: new Date(now()),
    })
    // The same for everybody it would be, were it empty (OpenID Connect Core §2: at most 255 characters).
    if (claims.sub.trim() === '' || claims.sub.length > 255)
      throw new AnswerRefused('the subject has no name')
    const all = await claimsOf(found, tokens.access_token, claims)
    return {
      issuer: claims.iss,
      subject: claims.sub,
      email: textOf(all['email']),
      isEmailVerified: flagOf(all['email_verified']),
      name: textOf(all['name']),
      claims: all,
      methods: methodsOf(claims['amr']),
      logoutHint: idToken,
    }
  }
}

/** A relying party (OpenID Connect Core 1.0 §3.1) at one provider: code, PKCE (RFC 7636), state, nonce, issuer (RFC 9207). */
export function openIdProvider(parts: OpenIdParts): IdentityProvider {
  const { settings, allows, redirectUri, signedOutUri, randomBytes } = parts
  const discovered = openIdDiscovery(parts)
  const exchange = exchangeOf(parts)
  const secret = (): string => randomBytes(32).toString('base64url')

  return {
    async depart({ state, email, isFresh }) {
      const { config } = await discovered()
      const kept = { nonce: secret(), verifier: secret() }
      const location = client.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri.href,
        scope: settings.scopes.join(' '),
        state,
        nonce: kept.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(kept.verifier),
        code_challenge_method: 'S256',
        login_hint: email,
        ...(isFresh ? { prompt: 'login', max_age: String(freshSeconds) } : {}),
      })
      return { location, kept }
    },

    async prove(answer, { state, isFresh }, { nonce = '', verifier = '' }) {
      const found = await discovered()
      try {
        return await exchange(found, answer, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          ...(isFresh ? { maxAge: freshSeconds } : {}),
        })
      } catch (error) {
        throw refusalFrom(error)
      }
    },

    async logout(hint) {
      const found = await discovered().catch(() => undefined)
      const endpoint = URL.parse(found?.config.serverMetadata().end_session_endpoint ?? '')
      if (!found || !endpoint || !allows(endpoint)) return undefined
      return client.buildEndSessionUrl(found.config, {
        id_token_hint: hint,
        post_logout_redirect_uri: signedOutUri.href,
        state: 'signed-out',
      })
    },
  }
}
