import { z } from 'zod'
import {
  apiTokensClientId,
  type GrantType,
  type ResourceServer,
  type TokenLifetimes,
} from '#domain/integration.ts'

export interface ConfiguredLimits {
  readonly readOnly: boolean
  readonly operations?: readonly string[] | undefined
  readonly callsPerMinute?: number | undefined
}

interface ConfiguredIntegration extends ConfiguredLimits {
  readonly clientId: string
  readonly name: string
  readonly placement: 'on-premises' | 'cloud'
  readonly clientSecret?: string | undefined
  readonly grantTypes: readonly GrantType[]
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris: readonly string[]
  readonly scopes: readonly string[]
  readonly lifetimes: TokenLifetimes
}

export interface ConfiguredApiTokens extends ConfiguredLimits {
  readonly longest: number
  readonly most: number
  readonly scopes?: readonly string[] | undefined
}

interface ConfiguredDocument {
  readonly integrations: readonly ConfiguredIntegration[]
  readonly resourceServers: readonly ResourceServer[]
  readonly registered: { readonly lifetimes: TokenLifetimes }
  /** Null for off. */
  readonly apiTokens: ConfiguredApiTokens | null
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/** A span as `90s`, `10m`, `24h`, `7d`, in seconds. */
const spanWords = 'allowed is a number and s, m, h or d, as 10m'
const span = z
  .string(spanWords)
  .regex(/^[1-9]\d{0,6}[smhd]$/, spanWords)
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

const mostWords = 'allowed is a whole number from 1 to 1000'

const apiTokensShape = {
  ...limits,
  longest: span.default(365 * 86_400),
  most: z.number(mostWords).int(mostWords).min(1, mostWords).max(1_000, mostWords).default(20),
  scopes: z.array(z.string()).min(1, 'allowed is at least one scope word').optional(),
}

const apiTokensKeys = Object.keys(apiTokensShape).join(', ')

// YAML reads a bare off as text, and false as what it is.
const apiTokens = z.preprocess(
  (value) => (value === 'off' || value === false ? null : value),
  z
    .strictObject(apiTokensShape, {
      error: ({ code }) =>
        code === 'unrecognized_keys'
          ? `allowed are ${apiTokensKeys}`
          : `allowed is off, or a mapping of ${apiTokensKeys}`,
    })
    .nullable()
    .prefault({}),
)

/** The document of the integrations file. */
export const documentSchema: z.ZodType<ConfiguredDocument> = z
  .strictObject({
    integrations: z.array(integrationSchema),
    resourceServers: z.array(z.strictObject({ clientId, clientSecret: z.string().min(8) })).default([]),
    registered: z.strictObject({ lifetimes }),
    apiTokens,
  })
  .superRefine(({ integrations, resourceServers }, problems) => {
    const ids = [...integrations, ...resourceServers, { clientId: apiTokensClientId }].map(
      (client) => client.clientId,
    )
    const twice = ids.find((id, index) => ids.indexOf(id) !== index)
    if (twice !== undefined)
      problems.addIssue({
        code: 'custom',
        path: ['clientId'],
        input: twice,
        message: 'allowed is one client of an id',
      })
  })
