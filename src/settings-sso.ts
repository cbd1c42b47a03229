/** What the configuration may say of single sign-on. */
import { z } from 'zod'
import { regionIds } from '#domain/region.ts'
import type { CreationRule, SsoRule } from '#sso/sso.ts'
import { mapping, text } from './settings-words.ts'

const listOf = <Item extends z.ZodType>(item: Item, allowed: string): z.ZodArray<Item> =>
  z.array(item, allowed)

const idWords = 'allowed is a number of digits'
/** YAML reads digits as a number. */
const id = z
  .union([z.string(), z.number()], idWords)
  .transform(String)
  .refine((value) => /^[1-9]\d{0,17}$/.test(value), idWords)

const domainWords = 'allowed is a domain as company.example, in lower case'
const domain = z
  .string(domainWords)
  .regex(
    /^(?=.{1,253}$)[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?)+$/,
    domainWords,
  )

const originPlaceholder = '{origin}'
const issuerWords = `allowed is an https URL without query, a path of ours as ${originPlaceholder}/PATH, or with allowHttpOnLoopback an http URL of this machine`

function isIssuer(words: string): boolean {
  const url = URL.parse(words.replace(originPlaceholder, 'https://localhost'))
  return (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.search === '' &&
    url.hash === '' &&
    url.username === ''
  )
}

const flagWords = 'allowed are true and false'
const scopeWords = 'allowed is a list of scopes with openid in it'

const oidc = mapping({
  issuer: z.string(issuerWords).refine(isIssuer, issuerWords),
  clientId: text('allowed is the client_id that the provider gave'),
  clientSecret: text('allowed is the client_secret that the provider gave').optional(),
  scopes: listOf(z.string(scopeWords).regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, scopeWords), scopeWords)
    .refine((scopes) => scopes.includes('openid'), scopeWords)
    .default(['openid', 'email', 'profile']),
  allowHttpOnLoopback: z.boolean(flagWords).default(false),
}).refine(({ issuer, allowHttpOnLoopback }) => allowHttpOnLoopback || !issuer.startsWith('http:'), {
  error: issuerWords,
  path: ['issuer'],
})

const entryWords = 'allowed is an https URL'
const certificateWords = 'allowed is a list of certificates or public keys as PEM, one or more'
const saml = mapping({
  issuer: text('allowed is the entity id of the provider'),
  entryPoint: z.string(entryWords).refine((words) => URL.parse(words)?.protocol === 'https:', entryWords),
  certificates: listOf(
    z
      .string(certificateWords)
      .regex(
        /^-----BEGIN (CERTIFICATE|PUBLIC KEY)-----\s[\sA-Za-z\d+/=]+-----END \1-----\s*$/,
        certificateWords,
      ),
    certificateWords,
  ).min(1, certificateWords),
})

const claimShape = {
  claim: text('allowed is the name of a claim'),
  value: z
    .union([z.string(), z.number(), z.boolean()], 'allowed is what the claim must say')
    .transform(String),
}

const createWords = 'allowed is a list of claim, value, role and accountGroup'
const createWithRole = mapping({
  ...claimShape,
  role: text('allowed is the name of a role'),
  accountGroup: id,
}).transform(({ claim, value, ...role }): CreationRule => ({ claim, value, roles: [role] }))
const creates: z.ZodType<readonly CreationRule[]> = listOf(createWithRole, createWords)

// What a user may do is ThousandEyes' affair there, and known by the linked credential.
const createsWithoutRole: z.ZodType<readonly CreationRule[]> = listOf(
  mapping(claimShape).transform((when): CreationRule => ({ ...when, roles: [] })),
  'allowed is a list of claim and value',
)

const ruleWith = (create: z.ZodType<readonly CreationRule[]>) =>
  mapping({
    region: z.enum(regionIds, `allowed are ${regionIds.join(', ')}`),
    organization: id,
    domains: listOf(domain, 'allowed is a list of domains').min(
      1,
      'allowed is a list of domains, one or more',
    ),
    mode: z
      // YAML reads a bare off as text, and false as what it is: both are understood.
      .union(
        [z.enum(['forced', 'optional', 'off']), z.literal(false)],
        'allowed are forced, optional and off',
      )
      .transform((mode) => mode || 'off')
      .default('optional'),
    name: text('allowed is what people call the provider')
      .max(60, 'allowed are at most 60 characters')
      .optional(),
    oidc: oidc.optional(),
    saml: saml.optional(),
    create: create.default([]),
  }).refine((one) => (one.oidc === undefined) !== (one.saml === undefined), {
    error: 'allowed is either oidc or saml',
    path: ['oidc'],
  })

const placesOf = ({ region, domains }: { region: string; domains: readonly string[] }): readonly string[] =>
  domains.map((one) => `${region} ${one}`)

/** The demo provider of the emulator. */
const demo = {
  region: 'us1',
  organization: '110',
  domains: ['sso.example'],
  mode: 'forced',
  name: 'Cisco login page (demo)',
  oidc: {
    issuer: `${originPlaceholder}/demo-provider`,
    clientId: 'panoptes',
    clientSecret: 'panoptes-demo-secret',
  },
} as const

const listWords = 'allowed is a list of rules, with each domain once in a region'

/** The name of a rule that has none. */
const hostOf = (address: string): string =>
  new URL(address.replace(originPlaceholder, 'https://localhost')).hostname

const rulesWith = (create: z.ZodType<readonly CreationRule[]>) =>
  listOf(ruleWith(create), listWords)
    .refine((rules) => {
      const places = rules.flatMap(placesOf)
      return new Set(places).size === places.length
    }, listWords)
    .transform((rules) =>
      rules.flatMap(({ oidc, saml, name, ...rest }): SsoRule[] => [
        ...(oidc
          ? [{ ...rest, name: name ?? hostOf(oidc.issuer), provider: { kind: 'openid' as const, ...oidc } }]
          : []),
        ...(saml
          ? [{ ...rest, name: name ?? hostOf(saml.entryPoint), provider: { kind: 'saml' as const, ...saml } }]
          : []),
      ]),
    )

export const emulatorSso: z.ZodType<readonly SsoRule[]> = rulesWith(creates).prefault([
  { ...demo, domains: [...demo.domains] },
])

export const brokerSso: z.ZodType<readonly SsoRule[]> = rulesWith(createsWithoutRole).prefault([])
