import type { Middleware } from 'koa'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { routes } from './configuration.ts'
import type { AuthorizationServerParts } from './parts.ts'

/** RFC 8414 §2: what is advertised is what works; the rest of the engine's document is left out. */
function serverMetadata(parts: AuthorizationServerParts): object {
  const at = (path: string): string => new URL(path, parts.origin).href
  return {
    issuer: parts.origin.origin,
    authorization_endpoint: at(routes.authorization),
    token_endpoint: at(routes.token),
    device_authorization_endpoint: at(routes.device_authorization),
    ...(parts.registration === 'open' ? { registration_endpoint: at(routes.registration) } : {}),
    userinfo_endpoint: at(routes.userinfo),
    jwks_uri: at(routes.jwks),
    revocation_endpoint: at(routes.revocation),
    introspection_endpoint: at(routes.introspection),
    end_session_endpoint: at(routes.end_session),
    scopes_supported: parts.advertisedScopes,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: [
      'authorization_code',
      'urn:ietf:params:oauth:grant-type:device_code',
      'refresh_token',
    ],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_post', 'none'],
    revocation_endpoint_auth_methods_supported: ['client_secret_post', 'none'],
    introspection_endpoint_auth_methods_supported: ['client_secret_post'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    authorization_response_iss_parameter_supported: true,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
  }
}

/** RFC 9728 §2; the bearer method is the header alone, as at ThousandEyes. @param path of the resource, '' or '/v7' */
const resourceMetadata = (parts: AuthorizationServerParts, path: '' | '/v7'): object => ({
  resource: `${parts.origin.origin}${path}`,
  authorization_servers: [parts.origin.origin],
  bearer_methods_supported: ['header'],
  scopes_supported: parts.advertisedScopes,
})

const wellKnown = '/.well-known'

/** thousandeyes-facts 2.1: these answer 401 to anybody there; OpenID discovery among them. */
const guarded: ReadonlySet<string> = new Set(
  ['openid-configuration', 'api-catalog', 'ai-plugin.json', 'agent-card.json'].map(
    (name) => `${wellKnown}/${name}`,
  ),
)

/** The documents under /.well-known, for anybody, from any origin. */
export function metadata(parts: AuthorizationServerParts): Middleware {
  const documents = new Map<string, object>([
    [`${wellKnown}/oauth-authorization-server`, serverMetadata(parts)],
    [`${wellKnown}/oauth-protected-resource`, resourceMetadata(parts, '')],
    [`${wellKnown}/oauth-protected-resource/v7`, resourceMetadata(parts, '/v7')],
  ])
  return (context, next) => {
    const ctx = context as unknown as KoaContextWithOIDC
    if (guarded.has(ctx.path)) {
      ctx.status = 401
      ctx.body = {
        errorMessage: '401 Not Authorized\nPlease ensure you are using the correct authentication token.',
      }
      return undefined
    }
    const document = documents.get(ctx.path)
    if (!document || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return next()
    ctx.set('Access-Control-Allow-Origin', '*')
    ctx.set('Cache-Control', 'public, max-age=300')
    ctx.body = document
    return undefined
  }
}
