import { errors, type KoaContextWithOIDC } from 'oidc-provider'
import { scopeList } from '#domain/scope.ts'

/** The scope as it was sent: the engine has dropped unknown words and offline_access from its own copy by now. */
function requestedScopes({ oidc, query }: KoaContextWithOIDC): readonly string[] {
  const scope: unknown = oidc.route === 'authorization' ? query['scope'] : oidc.body?.['scope']
  return [...new Set(scopeList(typeof scope === 'string' ? scope : ''))]
}

/** The engine would return the scope it refuses, and here there is none. */
const scopeMissing = (): Error =>
  Object.assign(new errors.InvalidScope('scope is required', ''), { scope: undefined })

/**
 * RFC 6749 §3.3: a scope that does not exist, is not this client's, or is missing is refused; nothing is silently narrowed.
 * The engine keeps offline_access in the code flow only with prompt=consent (OpenID Connect Core §11); here the user is asked
 * every time, so it stays whenever the client may refresh.
 * @param knownScopes every scope word there is @throws invalid_scope, which goes to the redirect URI
 */
export function checkRequestedScope(knownScopes: ReadonlySet<string>): (ctx: KoaContextWithOIDC) => void {
  return (ctx) => {
    const { client, params } = ctx.oidc
    const requested = requestedScopes(ctx)
    if (requested.length === 0) throw scopeMissing()
    const unknown = requested.find((word) => !knownScopes.has(word))
    if (unknown !== undefined) throw new errors.InvalidScope('requested scope does not exist', unknown)
    const allowed = client?.scope === undefined ? requested : scopeList(client.scope)
    const foreign = requested.find((word) => !allowed.includes(word))
    if (foreign !== undefined) throw new errors.InvalidScope('requested scope is not allowed', foreign)
    if (params && client?.grantTypeAllowed('refresh_token')) params['scope'] = requested.join(' ')
  }
}
