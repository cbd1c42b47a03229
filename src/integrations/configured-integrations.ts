import { load } from 'js-yaml'
import type { CallLimits } from '#domain/call-limits.ts'
import {
  type ApiTokenRules,
  apiTokensClientId,
  type Integration,
  type ResourceServer,
  type TokenLifetimes,
} from '#domain/integration.ts'
import { allowedOperations, type NamedOperation } from './allowed-operations.ts'
import { type ConfiguredApiTokens, type ConfiguredLimits, documentSchema } from './configured-schema.ts'

/** What config/integrations.yaml says. */
export interface ConfiguredIntegrations {
  readonly integrations: readonly Integration[]
  readonly resourceServers: readonly ResourceServer[]
  /** Lifetimes of the tokens of clients that registered themselves. */
  readonly registeredLifetimes: TokenLifetimes
  /** Undefined when users make no tokens. */
  readonly apiTokens: ApiTokenRules | undefined
}

/** RFC 9700 §2.6: https, or http on a loopback address; nothing else is a place to send a code to. */
function isSafeRedirect(text: string): boolean {
  const url = URL.parse(text)
  if (!url || text.includes('#') || url.username !== '' || url.password !== '') return false
  const isLoopback = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback)
}

function redirectsOf(uris: readonly string[], origin: string, key: string): readonly string[] {
  const resolved = uris.map((uri) => uri.replace('{origin}', origin))
  // The server's own origin is trusted as it is, so that an emulator on plain http in a private network can play the integration.
  const unsafe = resolved.find((uri) => !isSafeRedirect(uri) && !uri.startsWith(`${origin}/`))
  if (unsafe !== undefined)
    throw new Error(
      `${key}: found ${unsafe}; allowed is https, or http on a loopback address, without fragment`,
    )
  return resolved
}

function readYaml(text: string, name: string): unknown {
  try {
    return load(text)
  } catch (cause) {
    throw new Error(`${name}: not readable as YAML: ${(cause as Error).message.split('\n')[0]}`, { cause })
  }
}

export interface IntegrationsContext {
  /** Names the file in errors. */
  readonly name: string
  /** Stands in for `{origin}`. */
  readonly origin: string
  /** Every scope word there is. */
  readonly knownScopes: readonly string[]
  /** Every operation there is. */
  readonly operations: readonly NamedOperation[]
}

/** @throws an error that names the operation which does not exist */
function limitsOf(
  { readOnly, operations, callsPerMinute }: ConfiguredLimits,
  context: IntegrationsContext,
  clientId: string,
): Pick<Integration, 'limits' | 'callsPerMinute'> {
  const allowed = operations && allowedOperations(operations, context.operations)
  if (allowed && 'unknown' in allowed)
    throw new Error(
      `${context.name}: ${clientId}.operations: found ${allowed.unknown}; allowed are operation ids, as getTests, and methods with paths, as GET /v7/tests/{testId}, of config/v7/operations.json`,
    )
  const own: CallLimits | undefined =
    readOnly || allowed ? { isReadOnly: readOnly, operations: allowed } : undefined
  return { ...(own && { limits: own }), ...(callsPerMinute === undefined ? {} : { callsPerMinute }) }
}

/** The engine would refuse such a client only when it is first used. */
function assertKnownScopes(
  integrations: readonly Pick<Integration, 'clientId' | 'scopes'>[],
  context: IntegrationsContext,
): void {
  for (const { clientId: id, scopes } of integrations) {
    const unknown = scopes.find((scope) => !context.knownScopes.includes(scope))
    if (unknown !== undefined)
      throw new Error(
        `${context.name}: ${id}.scopes: found ${unknown}; allowed are the words of config/scopes.yaml`,
      )
  }
}

/** @throws an error that names what does not exist */
function apiTokenRules(
  { longest, most, scopes, ...limited }: ConfiguredApiTokens,
  context: IntegrationsContext,
): ApiTokenRules {
  const clientId = apiTokensClientId
  assertKnownScopes([{ clientId, scopes: scopes ?? [] }], context)
  return {
    mostPerUser: most,
    integration: {
      clientId,
      name: 'API tokens',
      onPremises: false,
      grantTypes: [],
      redirectUris: [],
      postLogoutRedirectUris: [],
      scopes: scopes ?? context.knownScopes,
      lifetimes: { accessSeconds: longest, idleSeconds: longest, absoluteSeconds: longest },
      ...limitsOf(limited, context, clientId),
    },
  }
}

/**
 * Reads the YAML of config/integrations.yaml.
 * @throws an error that names the key, what was found and what is allowed
 */
export function parseIntegrations(text: string, context: IntegrationsContext): ConfiguredIntegrations {
  const { name, origin } = context
  const parsed = documentSchema.safeParse(readYaml(text, name), { reportInput: true, jitless: true })
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const key = issue?.path.join('.') || 'top level'
    const found = key.endsWith('clientSecret')
      ? 'a value that is not shown here'
      : JSON.stringify(issue?.input)
    throw new Error(`${name}: ${key}: found ${found}; ${issue?.message}`)
  }
  const { integrations, resourceServers, registered, apiTokens: ofTokens } = parsed.data
  assertKnownScopes(integrations, context)
  return {
    resourceServers,
    apiTokens: ofTokens === null ? undefined : apiTokenRules(ofTokens, context),
    registeredLifetimes: registered.lifetimes,
    integrations: integrations.map(
      ({ placement, clientSecret, readOnly, operations, callsPerMinute, ...rest }) => ({
        ...rest,
        ...limitsOf({ readOnly, operations, callsPerMinute }, context, rest.clientId),
        onPremises: placement === 'on-premises',
        ...(clientSecret === undefined ? {} : { clientSecret }),
        redirectUris: redirectsOf(rest.redirectUris, origin, `${name}: ${rest.clientId}.redirectUris`),
        postLogoutRedirectUris: redirectsOf(
          rest.postLogoutRedirectUris,
          origin,
          `${name}: ${rest.clientId}.postLogoutRedirectUris`,
        ),
      }),
    ),
  }
}
