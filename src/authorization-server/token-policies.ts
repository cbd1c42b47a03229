import { type Client, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { isActive, type UserId } from '#domain/user.ts'
import type { AuthorizationServerParts } from './parts.ts'

interface PresentedToken {
  readonly kind: string
  readonly clientId?: string | undefined
  readonly accountId?: string | undefined
}

/**
 * RFC 7009 §2.1: a token is revoked by the client it was issued to. Another client that has proven who it is hears so; one that
 * anybody can claim to be hears nothing. @throws invalid_request
 */
export async function mayRevoke(
  _ctx: KoaContextWithOIDC,
  client: Client,
  token: PresentedToken,
): Promise<boolean> {
  if (client.clientId === token.clientId) return true
  if (client.clientAuthMethod === 'none') return false
  throw new errors.InvalidRequest('the token was not issued to this client')
}

/**
 * RFC 7662 §2.2: only a configured resource server is told anything, and only of access tokens: a refresh token opens no
 * resource. The chain behind it must be alive, as the gateway demands it (security-cases G03).
 */
export function mayIntrospect(
  parts: AuthorizationServerParts,
): (ctx: KoaContextWithOIDC, client: Client, token: PresentedToken) => Promise<boolean> {
  const resourceServers = new Set(parts.resourceServers.map(({ clientId }) => clientId))
  return async (_ctx, client, token) => {
    if (!resourceServers.has(client.clientId) || token.kind !== 'AccessToken') return false
    const [integration, user] = await Promise.all([
      parts.integrations.find(token.clientId ?? ''),
      parts.identity.find((token.accountId ?? '') as UserId),
    ])
    return integration !== undefined && user !== undefined && isActive(user)
  }
}
