import type { Integration } from '#domain/integration.ts'
import { regionLabel } from '#domain/region.ts'
import type { LandingPage } from '#playground/pages.ts'
import type { Seed, SeedUser } from '#upstream/emulator/seed.ts'
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

/** The documented call, with a seeded User API Token in full (product documentation 2.4). */
function documentedCall(url: string, seed: Seed): string {
  const token =
    seed.users.find(({ userApiToken }) => userApiToken !== undefined)?.userApiToken ?? 'YOUR-USER-API-TOKEN'
  return `curl ${url}/v7/tests --header "Authorization: Bearer ${token}"`
}

function deviceAuthorization(url: string, integrations: readonly Integration[]): string {
  const device = integrations.find(({ onPremises }) => onPremises)
  return `curl ${url}/v7/oauth2/device/authorization -d client_id=${device?.clientId ?? 'CLIENT'} -d scope=${device?.scopes.find((scope) => scope.startsWith('tests')) ?? 'tests:read'}`
}

const endConnections = ({ operatorUrl, operatorToken }: Listening): string =>
  `curl -X DELETE "${operatorUrl}/operator/connections?region=us1" -H "Authorization: Bearer ${operatorToken}"`

/** The facts of the landing page, which is open to everybody who reaches the port: no operator token on it. */
export function landingOf(parts: {
  readonly origin: URL
  readonly seed: Seed
  readonly integrations: readonly Integration[]
}): LandingPage {
  const { origin, seed, integrations } = parts
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
    })),
    clients: integrations.map((integration) => ({
      name: integration.name,
      clientId: integration.clientId,
      clientSecret: integration.clientSecret,
      grantType: grantTypeOf(integration),
    })),
    commands: [
      { title: 'Call the v7 API with a User API Token', command: documentedCall(origin.origin, seed) },
      { title: 'Ask for a device authorization', command: deviceAuthorization(origin.origin, integrations) },
    ],
    accountHref: '/account',
  }
}

/** The first screen in a terminal: where it listens, who there is, three commands to paste. */
export function welcomeScreen(
  listening: Listening,
  { settings, seed, integrations }: { settings: Settings; seed: Seed; integrations: readonly Integration[] },
): string {
  const memory = settings.data === undefined ? 'in memory, gone at the end' : settings.data
  const users = seed.users.map(
    (user) =>
      `    ${user.email.padEnd(26)}${regionLabel(user.region).padEnd(5)}${(user.password ?? '(no password)').padEnd(15)}${roleOf(user)}`,
  )
  const clients = integrations.map(
    (integration) =>
      `    ${integration.clientId.padEnd(26)}${(integration.clientSecret ?? 'public').padEnd(20)}${grantTypeOf(integration).padEnd(20)}${integration.name}`,
  )
  return [
    'Panoptes, an emulator of the ThousandEyes integration flow. Not affiliated with Cisco or ThousandEyes.',
    `  public    ${listening.url}      data ${memory}; limits ${settings.limits}`,
    `  operator  ${listening.operatorUrl}   token ${listening.operatorToken}`,
    '  users',
    ...users,
    '  clients',
    ...clients,
    '  paste',
    `    ${documentedCall(listening.url, seed)}`,
    `    ${deviceAuthorization(listening.url, integrations)}`,
    `    ${endConnections(listening)}`,
    '  Ctrl-C ends it.',
  ].join('\n')
}
