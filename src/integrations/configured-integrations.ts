import { load } from 'js-yaml'
import { z } from 'zod'
import type { CallLimits } from '#domain/call-limits.ts'
import type { GrantType, Integration, ResourceServer, TokenLifetimes } from '#domain/integration.ts'
import { allowedOperations, type NamedOperation } from './allowed-operations.ts'

/** What config/integrations.yaml says. */
export interface ConfiguredIntegrations {
  readonly integrations: readonly Integration[]
  readonly resourceServers: readonly ResourceServer[]
  /** Lifetimes of the tokens of clients that registered themselves. */
  readonly registeredLifetimes: TokenLifetimes
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/** A span as `90s`, `10m`, `24h`, `7d`, in seconds. */
const span = z
  .string()
  .regex(/^[1-9]\d{0,6}[smhd]$/, 'allowed is a number and s, m, h or d, as 10m')
  .transform((text) => Number(text.slice(0, -1)) * (unitSeconds[text.slice(-1)] ?? 1))

const lifetimes = z
  .strictObject({ access: span, idle: span, absolute: span })
  .transform(({ access, idle, absolute }) => ({
    accessSeconds: access,
    idleSeconds: idle,
    absoluteSeconds: absolute,
  }))
  .refine(
    ({ accessSeconds, idleSeconds, absoluteSeconds }) =>
      accessSeconds <= idleSeconds && idleSeconds <= absoluteSeconds,
    'allowed is access <= idle <= absolute',
  )

const wireGrantTypes: Readonly<Record<string, GrantType>> = {
  authorization_code: 'authorization_code',
  device_code: 'urn:ietf:params:oauth:grant-type:device_code',
  refresh_token: 'refresh_token',
}
const grantType = z
  .enum(['authorization_code', 'device_code', 'refresh_token'])
  .transform((name) => wireGrantTypes[name] ?? 'refresh_token')

/** RFC 9700 §2.6: https, or http on a loopback address; nothing else is a place to send a code to. */
function isSafeRedirect(text: string): boolean {
  const url = URL.parse(text)
  if (!url || text.includes('#') || url.username !== '' || url.password !== '') return false
  const isLoopback = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback)
}

const clientId = z.string().regex(/^[\x21-\x7e]{1,128}$/, 'allowed are 1 to 128 printable ASCII characters')

const callsWords = 'allowed is a whole number of calls from 1 to 1000000000'

/** What may stand with an integration to limit what all of its grants may call. */
const limits = {
  readOnly: z.boolean('allowed are true and false').default(false),
  operations: z
    .array(
      z.string('allowed is text, as getTests or GET /v7/tests'),
      'allowed is a list, as [getTests, GET /v7/tests]',
    )
    .min(1, 'allowed is at least one operation, or no such key for all')
    .optional(),
  callsPerMinute: z
    .number(callsWords)
    .int(callsWords)
    .min(1, callsWords)
    .max(1_000_000_000, callsWords)
    .optional(),
}

type ConfiguredLimits = z.infer<z.ZodObject<typeof limits>>

const integrationSchema = z
  .strictObject({
    ...limits,
    clientId,
    name: z.string().min(1).max(80),
    placement: z.enum(['on-premises', 'cloud']),
    clientSecret: z.string().min(8).optional(),
    grantTypes: z.array(grantType).min(1),
    redirectUris: z.array(z.string()).default([]),
    postLogoutRedirectUris: z.array(z.string()).default([]),
    scopes: z.array(z.string()).min(1),
    lifetimes,
  })
  .refine(
    ({ grantTypes, redirectUris }) => !grantTypes.includes('authorization_code') || redirectUris.length > 0,
    {
      path: ['redirectUris'],
      message: 'authorization_code needs at least one redirect URI',
    },
  )

const documentSchema = z
  .strictObject({
    integrations: z.array(integrationSchema),
    resourceServers: z.array(z.strictObject({ clientId, clientSecret: z.string().min(8) })).default([]),
    registered: z.strictObject({ lifetimes }),
  })
  .superRefine(({ integrations, resourceServers }, problems) => {
    const ids = [...integrations, ...resourceServers].map((client) => client.clientId)
    const twice = ids.find((id, index) => ids.indexOf(id) !== index)
    if (twice !== undefined)
      problems.addIssue({
        code: 'custom',
        path: ['clientId'],
        input: twice,
        message: 'allowed is one client of an id',
      })
  })

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
  const { integrations, resourceServers, registered } = parsed.data
  assertKnownScopes(integrations, context)
  return {
    resourceServers,
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
