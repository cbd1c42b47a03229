import { basename, join } from 'node:path'
import type { Integration } from '#domain/integration.ts'
import { regionLabel } from '#domain/region.ts'
import type { LandingPage } from '#playground/pages.ts'
import type { Seed, SeedUser } from '#upstream/emulator/seed.ts'
import { certificateFile } from './certificate.ts'
import type { Settings } from './settings.ts'

/** What is known once the emulator listens. */
export interface Listening {
  readonly url: string
  readonly operatorUrl: string
  readonly operatorToken: string
}

const roleOf = (user: SeedUser): string => {
  const [[groups, roles] = ['', []]] = Object.entries(user.roles)
  const all = Object.keys(user.roles).length
  return `${roles.join(', ')}${groups === 'all' ? '' : ` in ${all === 1 ? groups : Object.keys(user.roles).join(' and ')}`}`
}

const grantTypeOf = (integration: Integration): string =>
  integration.grantTypes.includes('authorization_code') ? 'authorization code' : 'device code'

/** The program to paste; a certificate of ours is trusted by name where it is a file, and not asked about otherwise. */
function curlFor({ tls, data }: Pick<Settings, 'tls' | 'data'>): string {
  if (!tls) return 'curl'
  return data === undefined ? 'curl --insecure' : `curl --cacert "${join(data, certificateFile)}"`
}

/** The documented call, with a seeded User API Token in full (product documentation 2.4). */
function documentedCall(curl: string, url: string, seed: Seed): string {
  const token =
    seed.users.find(({ userApiToken }) => userApiToken !== undefined)?.userApiToken ?? 'YOUR-USER-API-TOKEN'
  return `${curl} ${url}/v7/tests --header "Authorization: Bearer ${token}"`
}

function deviceAuthorization(curl: string, url: string, integrations: readonly Integration[]): string {
  const device = integrations.find(({ onPremises }) => onPremises)
  const scope = device?.scopes.find((word) => word.startsWith('tests')) ?? 'tests:read'
  return `${curl} ${url}/v7/oauth2/device/authorization -d client_id=${device?.clientId ?? 'CLIENT'} -d scope=${scope}`
}

const endConnections = ({ operatorUrl, operatorToken }: Listening): string =>
  `curl -X DELETE "${operatorUrl}/operator/connections?region=us1" -H "Authorization: Bearer ${operatorToken}"`

/** The facts of the landing page, which is open to everybody who reaches the port: no operator token on it. */
export function landingOf(parts: {
  readonly settings: Pick<Settings, 'tls' | 'data'>
  readonly origin: URL
  readonly seed: Seed
  readonly integrations: readonly Integration[]
}): LandingPage {
  const { settings, origin, seed, integrations } = parts
  const curl = curlFor(settings)
  const at = (path: string): string => new URL(path, origin).href
  return {
    origin: origin.origin,
    endpoints: [
      { name: 'Server metadata', url: at('/.well-known/oauth-authorization-server') },
      { name: 'Authorization', url: at('/oauth2/authorize') },
      { name: 'Token', url: at('/v7/oauth2/token') },
      { name: 'Device authorization', url: at('/v7/oauth2/device/authorization') },
      { name: 'User code entry', url: at('/oauth2/device') },
      { name: 'v7 API', url: at('/v7') },
    ],
    users: seed.users.map((user) => ({
      email: user.email,
      region: user.region,
      password: user.password,
      role: roleOf(user),
      apiKey: user.userApiToken,
    })),
    clients: integrations.map((integration) => ({
      name: integration.name,
      clientId: integration.clientId,
      clientSecret: integration.clientSecret,
      grantType: grantTypeOf(integration),
    })),
    commands: [
      { title: 'Call the v7 API with a User API Token', command: documentedCall(curl, origin.origin, seed) },
      {
        title: 'Ask for a device authorization',
        command: deviceAuthorization(curl, origin.origin, integrations),
      },
    ],
    accountHref: '/account',
  }
}

/** Rows as a table: every column as wide as its widest cell. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    `    ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  )
}

/** How somebody without a password signs in. */
function otherWay({ sso }: Settings, { email, region }: SeedUser): string {
  const domain = email.slice(email.lastIndexOf('@') + 1).toLowerCase()
  const isCovered = sso.some(
    (rule) => rule.mode !== 'off' && rule.region === region && rule.domains.includes(domain),
  )
  return isCovered ? 'by SSO' : 'no password'
}

const userRow = (settings: Settings, user: SeedUser): readonly string[] => [
  user.email,
  regionLabel(user.region),
  user.password ?? otherWay(settings, user),
  roleOf(user),
]

/** A large seed would push all else from the screen. */
const mostUsers = 7

function userLines(settings: Settings, { users, name }: Seed): readonly string[] {
  const told = users.length > mostUsers ? users.slice(0, mostUsers - 1) : users
  const more = users.length - told.length
  return [
    ...aligned(told.map((user) => userRow(settings, user))),
    ...(more > 0 ? [`    and ${more} more, whom ${basename(name)} names`] : []),
  ]
}

const clientRow = (integration: Integration): readonly string[] => [
  integration.name,
  integration.clientId +
    (integration.clientSecret === undefined ? '' : `, secret ${integration.clientSecret}`),
  grantTypeOf(integration),
]

/** The first screen in a terminal, 24 rows of 80 columns: where it listens, who there is, three commands to paste. */
export function welcomeScreen(
  listening: Listening,
  { settings, seed, integrations }: { settings: Settings; seed: Seed; integrations: readonly Integration[] },
): string {
  const { url, operatorUrl, operatorToken } = listening
  const curl = curlFor(settings)
  return [
    'Panoptes emulates ThousandEyes. Not affiliated with Cisco or ThousandEyes.',
    `  public    ${url}   pages, OAuth and v7; limits ${settings.limits}`,
    `  operator  ${operatorUrl}   token ${operatorToken}`,
    '  Users who sign in',
    ...userLines(settings, seed),
    '  Clients',
    ...aligned(integrations.map(clientRow)),
    '  To paste: call v7, ask for a device code, end the connections of a region',
    `    ${documentedCall(curl, url, seed)}`,
    `    ${deviceAuthorization(curl, url, integrations)}`,
    `    ${endConnections(listening)}`,
    settings.data === undefined
      ? '  Ctrl-C stops it. Everything is in memory and gone then; --data DIR keeps it.'
      : `  Ctrl-C stops it. Everything stays in ${settings.data}.`,
  ].join('\n')
}
