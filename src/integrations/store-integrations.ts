import { whenKnown } from '#domain/awaitable.ts'
import {
  type ApiTokenRules,
  apiTokensClientId,
  grantTypes,
  type Integration,
  type TokenLifetimes,
} from '#domain/integration.ts'
import { scopeList } from '#domain/scope.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { Store } from '#store/store.ts'
import type { Integrations } from './integrations.ts'

/** The record of a client that registered itself; its value is sealed client metadata (RFC 7591 §2). */
export const registeredClientKey = (secrets: Secrets, clientId: string): string =>
  `Client:${secrets.hash('Client', clientId)}`

export interface StoreIntegrationsParts {
  readonly integrations: readonly Integration[]
  readonly registeredLifetimes: TokenLifetimes
  readonly apiTokens: ApiTokenRules | undefined
  /** The scope words a registered client may ask for when its registration names none. */
  readonly allScopes: readonly string[]
  readonly store: Store
  readonly secrets: Secrets
}

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []

/** Lifetimes that stand above the configuration's, by client id. */
export type OwnLifetimes = ReadonlyMap<string, TokenLifetimes>

/** Integrations whose lifetimes may be set while they are in use; what was issued keeps its own. */
export interface AdjustableIntegrations extends Integrations {
  setLifetimes(clientId: string, lifetimes: TokenLifetimes): void
  /** Those that were set. */
  ownLifetimes(): OwnLifetimes
  /** Puts the given ones in the place of all that were set. */
  replaceLifetimes(lifetimes: OwnLifetimes): void
}

/** Configured integrations first, then clients registered at run time. */
export function storeIntegrations(parts: StoreIntegrationsParts): AdjustableIntegrations {
  const byId = new Map(parts.integrations.map((integration) => [integration.clientId, integration]))
  let own: OwnLifetimes = new Map()

  const lifetimesOf = (clientId: string): TokenLifetimes =>
    own.get(clientId) ?? byId.get(clientId)?.lifetimes ?? parts.registeredLifetimes

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
      lifetimes: lifetimesOf(clientId),
    }
  }

  return {
    configured: parts.integrations,
    apiTokens: parts.apiTokens,
    lifetimesOf,
    setLifetimes(clientId, lifetimes) {
      own = new Map(own).set(clientId, lifetimes)
    },
    ownLifetimes: () => own,
    replaceLifetimes(lifetimes) {
      own = new Map(lifetimes)
    },
    find(clientId) {
      if (clientId === apiTokensClientId) return parts.apiTokens?.integration
      const configured = byId.get(clientId)
      if (configured)
        return own.has(clientId) ? { ...configured, lifetimes: lifetimesOf(clientId) } : configured
      const key = registeredClientKey(parts.secrets, clientId)
      return whenKnown(parts.store.read([key], 'recent'), ([stored]) => {
        const metadata = stored && parts.secrets.unseal(key, stored.value)
        return metadata === undefined ? undefined : fromMetadata(clientId, JSON.parse(metadata))
      })
    },
  }
}
