import type { ClientMetadata } from 'oidc-provider'
import type { Integration, ResourceServer } from '#domain/integration.ts'

/** An integration as the engine's client metadata (RFC 7591 §2). */
export function clientOf(integration: Integration): ClientMetadata {
  const usesCode = integration.grantTypes.includes('authorization_code')
  return {
    client_id: integration.clientId,
    client_name: integration.name,
    ...(integration.clientSecret === undefined ? {} : { client_secret: integration.clientSecret }),
    token_endpoint_auth_method: integration.clientSecret === undefined ? 'none' : 'client_secret_post',
    application_type: integration.onPremises ? 'native' : 'web',
    grant_types: [...integration.grantTypes],
    response_types: usesCode ? ['code'] : [],
    redirect_uris: [...integration.redirectUris],
    post_logout_redirect_uris: [...integration.postLogoutRedirectUris],
    scope: integration.scopes.join(' '),
  }
}

/** A resource server: no grant at all, it only introspects (RFC 7662 §2.1). */
export const resourceServerClient = ({ clientId, clientSecret }: ResourceServer): ClientMetadata => ({
  client_id: clientId,
  client_secret: clientSecret,
  token_endpoint_auth_method: 'client_secret_post',
  grant_types: [],
  response_types: [],
  redirect_uris: [],
})
