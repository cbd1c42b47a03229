import { errors, type KoaContextWithOIDC } from 'oidc-provider'
import { scopeList } from '#domain/scope.ts'

/** Members that would make the server fetch a URL, or reach a client on its own (security-cases H05). */
const refused = [
  'jwks_uri',
  'sector_identifier_uri',
  'request_uris',
  'initiate_login_uri',
  'backchannel_logout_uri',
  'software_statement',
] as const

/** RFC 9700 §2.6: no code travels over plain http, except to a loopback address. */
function isPlainRemote(uri: unknown): boolean {
  const url = typeof uri === 'string' ? URL.parse(uri) : undefined
  return url?.protocol === 'http:' && !['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
}

/**
 * What a registration may not ask for (RFC 7591 §2): nothing is fetched, ever, and no scope is invented.
 * @throws invalid_client_metadata, naming the member
 */
export function checkRegistration(ctx: KoaContextWithOIDC, knownScopes: ReadonlySet<string>): void {
  const body = ctx.oidc.body ?? {}
  const found = refused.find((member) => body[member] !== undefined)
  if (found) throw new errors.InvalidClientMetadata(`${found} is not supported`)
  const redirects = [body['redirect_uris'], body['post_logout_redirect_uris']].flat()
  if (redirects.some(isPlainRemote))
    throw new errors.InvalidClientMetadata('redirect_uris must use https or a loopback address')
  const { scope } = body
  const unknown =
    typeof scope === 'string' ? scopeList(scope).find((word) => !knownScopes.has(word)) : undefined
  if (unknown !== undefined) throw new errors.InvalidClientMetadata('scope names a scope that does not exist')
}
