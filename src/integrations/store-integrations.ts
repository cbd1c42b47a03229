import { grantTypes, type Integration, type TokenLifetimes } from '#domain/integration.ts'
import { scopeList } from '#domain/scope.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { Store } from '#store/store.ts'
import type { Integrations } from './integrations.ts'

/** The record of a client that registered itself; its value is sealed client metadata (RFC 7591 §2). */
export const registeredClientKey = (secrets: Secrets, clientId: string): string =>
  `Client:${secrets.hash('Client', clientId)}`

export interface StoreIntegrationsParts {
  readonly configured: readonly Integration[]
  readonly registeredLifetimes: TokenLifetimes
  /** The scope words a registered client may ask for when its registration names none. */
  readonly allScopes: readonly string[]
  readonly store: Store
  readonly secrets: Secrets
}

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []

/** Configured integrations first, then clients registered at run time. */
export function storeIntegrations(parts: StoreIntegrationsParts): Integrations {
  const byId = new Map(parts.configured.map((integration) => [integration.clientId, integration]))

  function fromMetadata(clientId: string, metadata: Readonly<Record<string, unknown>>): Integration {
    const scope = metadata['scope']
    const name = metadata['client_name']
    return {
      clientId,
      name: typeof name === 'string' && name !== '' ? name : clientId,
      onPremises: metadata['application_type'] === 'native',
      grantTypes: grantTypes.filter((type) => texts(metadata['grant_types']).includes(type)),
      redirectUris: texts(metadata['redirect_uris']),
      postLogoutRedirectUris: texts(metadata['post_logout_redirect_uris']),
      scopes: typeof scope === 'string' ? scopeList(scope) : parts.allScopes,
      lifetimes: parts.registeredLifetimes,
    }
  }

  return {
    configured: parts.configured,
    async find(clientId) {
      const configured = byId.get(clientId)
      if (configured) return configured
      const key = registeredClientKey(parts.secrets, clientId)
      const [stored] = await parts.store.read([key])
      const metadata = stored && parts.secrets.unseal(key, stored.value)
      return metadata === undefined ? undefined : fromMetadata(clientId, JSON.parse(metadata))
    },
  }
}
