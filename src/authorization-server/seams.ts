/**
 * The seams: the few places where we change what oidc-provider's exposed classes do, because it has no setting for it. Each is
 * named here and pinned by test/authorization-server/seams.test.ts, which fails when a release moves them.
 */
import type { Provider } from 'oidc-provider'
import { grantTagOf, refreshTokenValue, tokenValue } from '#grants/token-values.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { SecretJudge } from './client-secrets.ts'
import type { GrantWork } from './grant-work.ts'
import { randomPart } from './refresh-replay.ts'
import type { UnitsOfWork } from './unit-of-work.ts'

interface IssuedModel {
  readonly grantId?: string
  generateTokenId(): string
}

/** Seam 1: token values begin with the tag of their grant (DECISIONS 5); those of a refresh follow from the spent token (79). */
function tagTokenValues(provider: Provider, parts: SeamParts): void {
  const { work, secrets } = parts
  const seam = (model: unknown, make: (grantId: string, random: string) => string): void => {
    const prototype = (model as { prototype: IssuedModel }).prototype
    const original = prototype.generateTokenId
    prototype.generateTokenId = function generateTokenId(this: IssuedModel) {
      const random = original.call(this)
      if (this.grantId === undefined) throw new Error('a token without a grant')
      return make(this.grantId, random)
    }
  }
  const tagged = (grantId: string, random: string): string => tokenValue(grantTagOf(grantId), random)
  seam(provider.AccessToken, (grantId, random) => tagged(grantId, randomPart(parts, 'access', random)))
  seam(provider.AuthorizationCode, tagged)
  seam(provider.RefreshToken, (grantId, random) => {
    const tag = grantTagOf(grantId)
    const generation = (work.loaded(tag)?.refresh?.generation ?? 0) + 1
    return refreshTokenValue(secrets, { tag, generation }, randomPart(parts, 'refresh', random))
  })
}

interface RedirectingClient {
  readonly redirectUris?: readonly string[]
  readonly postLogoutRedirectUris?: readonly string[]
}

/** RFC 8252 §7.3: a loopback redirect URI matches with any port; all else of it must be the same text. */
export function matchesLoopback(registered: string, presented: string): boolean {
  const form = /^http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(?::([1-9]\d{0,4}))?(\/[^#]*)?$/
  const [one, other] = [form.exec(registered), form.exec(presented)]
  if (!one || !other || Number(other[2] ?? 80) > 65_535) return false
  return one[1] === other[1] && (one[3] ?? '') === (other[3] ?? '')
}

/**
 * Seam 2: one rule for the redirect URIs of all clients, exact text but for the loopback port (RFC 9700 §2.1). The engine frees
 * the port for native clients alone, while Meraki is a web client (config/integrations.yaml), and then takes any spelling of it.
 */
function freeLoopbackPort(provider: Provider): void {
  const prototype = (provider.Client as unknown as { prototype: RedirectingClient & Record<string, unknown> })
    .prototype
  const replace = (method: string, registered: (client: RedirectingClient) => readonly string[]): void => {
    prototype[method] = function allowed(this: RedirectingClient, value: unknown) {
      return (
        typeof value === 'string' &&
        registered(this).some((uri) => uri === value || matchesLoopback(uri, value))
      )
    }
  }
  replace('redirectUriAllowed', (client) => client.redirectUris ?? [])
  replace('postLogoutRedirectUriAllowed', (client) => client.postLogoutRedirectUris ?? [])
}

/** Seam 3: client secrets are compared by us: the engine takes NULs at the end for nothing, and counts no guesses. */
function judgeClientSecrets(provider: Provider, judge: SecretJudge): void {
  provider.Client.prototype.compareClientSecret = function compareClientSecret(presented: string) {
    return judge(this, presented)
  }
}

/** What both kinds of token have of the engine's models. */
interface TokenModel {
  readonly jti: string
  readonly iat?: number
  readonly exp?: number
  /** Seconds, by the engine's own configuration. */
  readonly expiration: number
  /** Of an access token for a resource (RFC 8707), which we do not issue. */
  readonly resourceServer?: object
  getValueAndPayload(): Promise<{ value: string; payload: object }>
  emit(event: string): void
}

interface TokenModelClass {
  readonly IN_PAYLOAD: readonly string[]
  readonly prototype: TokenModel
}

const eventPrefixes = { AccessToken: 'access_token', RefreshToken: 'refresh_token' } as const

/** @param kept names, none of which means anything to an object @param now epoch seconds */
function payloadOf(token: TokenModel, kept: ReadonlySet<string>, now: number): object {
  const { iat = now, exp = now + token.expiration } = token
  const payload: Record<string, unknown> = { iat, exp }
  for (const key of Object.keys(token)) {
    const value: unknown = token[key as keyof TokenModel]
    if (value !== undefined && kept.has(key)) payload[key] = value
  }
  return payload
}

/**
 * Seam 4: what is kept of a token, and what is told of it, as the engine has both, at a fraction of the price (DECISIONS 142). It
 * describes each member as a property of its own, twice, and makes the name of the event anew each time.
 */
function lightenTokens(provider: Provider, engineNow: () => number): void {
  for (const name of ['AccessToken', 'RefreshToken'] as const) {
    const { IN_PAYLOAD, prototype } = provider[name] as unknown as TokenModelClass
    const kept: ReadonlySet<string> = new Set(IN_PAYLOAD)
    const original = prototype.getValueAndPayload
    prototype.getValueAndPayload = async function getValueAndPayload(this: TokenModel) {
      return this.resourceServer === undefined
        ? { value: this.jti, payload: payloadOf(this, kept, Math.floor(engineNow() / 1000)) }
        : original.call(this)
    }
    prototype.emit = function emit(this: TokenModel, event: string) {
      provider.emit(`${eventPrefixes[name]}.${event}`, this)
    }
  }
}

export interface SeamParts {
  readonly units: UnitsOfWork
  readonly work: GrantWork
  readonly secrets: Secrets
  readonly judge: SecretJudge
  /** The engine's clock, epoch ms. */
  readonly engineNow: () => number
}

export function openSeams(provider: Provider, parts: SeamParts): void {
  tagTokenValues(provider, parts)
  freeLoopbackPort(provider)
  judgeClientSecrets(provider, parts.judge)
  lightenTokens(provider, parts.engineNow)
}
