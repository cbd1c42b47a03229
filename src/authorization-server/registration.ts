import { errors, type KoaContextWithOIDC } from 'oidc-provider'
import { scopeList } from '#domain/scope.ts'

type Metadata = Readonly<Record<string, unknown>>

/** Members that would make the server fetch a URL, or reach a client on its own (security-cases H05). */
const refused = [
  'jwks_uri',
  'sector_identifier_uri',
  'request_uris',
  'initiate_login_uri',
  'backchannel_logout_uri',
  'software_statement',
] as const

const loopbackNames: readonly string[] = ['127.0.0.1', '[::1]', 'localhost']

/**
 * RFC 9700 §2.6: no code travels over plain http, except to a loopback address. RFC 8252 §7.1: a scheme of an app's own is a
 * domain name turned around, so it is no scheme that means something to the system. What is no URI at all the engine refuses.
 */
function isUnsafeRedirect(uri: unknown): boolean {
  const url = typeof uri === 'string' ? URL.parse(uri) : undefined
  if (!url) return false
  if (url.username !== '' || url.password !== '') return true
  switch (url.protocol) {
    case 'https:':
      return false
    case 'http:':
      return !loopbackNames.includes(url.hostname)
    default:
      return !url.protocol.includes('.')
  }
}

/** Text that shows as something else, or not at all: controls, directions, zero widths (security-cases E17). */
const isDisguised = (name: unknown): boolean =>
  typeof name === 'string' && (name.length > 80 || name.trim() === '' || /[\p{C}\p{Zl}\p{Zp}]/u.test(name))

const isOtherMode = (modes: unknown): boolean =>
  modes !== undefined &&
  !(Array.isArray(modes) && modes.length > 0 && modes.every((mode) => mode === 'query'))

/** @returns what is wrong with the registration, in words that begin with the member; undefined when nothing is */
function problemOf(metadata: Metadata, knownScopes: ReadonlySet<string>): string | undefined {
  const unsupported = refused.find((member) => metadata[member] !== undefined)
  if (unsupported) return `${unsupported} is not supported`
  if ([metadata['redirect_uris'], metadata['post_logout_redirect_uris']].flat().some(isUnsafeRedirect))
    return 'redirect_uris must use https, http on a loopback address, or a scheme with a dot, without a user'
  if (isDisguised(metadata['client_name'])) return 'client_name must be 1 to 80 visible characters'
  if (isOtherMode(metadata['response_modes'])) return 'response_modes can only contain query'
  const { scope } = metadata
  const isUnknown = typeof scope === 'string' && scopeList(scope).some((word) => !knownScopes.has(word))
  return isUnknown ? 'scope names a scope that does not exist' : undefined
}

/**
 * What a registration may not ask for (RFC 7591 §2): nothing is fetched, ever, and no scope is invented.
 * @throws invalid_client_metadata or invalid_redirect_uri, naming the member
 */
export function checkRegistration(ctx: KoaContextWithOIDC, knownScopes: ReadonlySet<string>): void {
  const problem = problemOf((ctx.oidc.body ?? {}) as Metadata, knownScopes)
  if (problem !== undefined) throw new errors.InvalidClientMetadata(problem)
}
