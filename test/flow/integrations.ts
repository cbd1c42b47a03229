/**
 * The three integrations as clients, each through a library of its own kind, so that one table can put the same questions to all:
 * Meraki on openid-client, SD-WAN Manager on oauth4webapi, the Splunk app by plain requests, as its own code does.
 */
import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'
import { askForCode, deviceGrantType, enterCode, postForm, Refused } from '../support/device.ts'
import type { RunningPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'

export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
  readonly expires_in: number
  readonly scope: string
  readonly id_token?: string
}

/** An authorization under way: the person decides, then the integration finishes. */
export interface Asked {
  /** @throws an error with the protocol's `error` */
  finish(): Promise<Tokens>
}

export interface Integration {
  readonly name: string
  readonly clientId: string
  readonly scope: string
  /** Seconds: of an access token, of an unused refresh token, of the whole connection (config/integrations.yaml). */
  readonly lifetimes: { readonly access: number; readonly idle: number; readonly absolute: number }
  /** How long the code waits to be exchanged, and the word for its end. */
  readonly code: { readonly seconds: number; readonly expired: 'invalid_grant' | 'expired_token' }
  /** Takes the person to our pages. */
  ask(service: RunningPanoptes, person: Person, scope?: string): Promise<Asked>
  /** @throws an error with the protocol's `error` */
  refresh(service: RunningPanoptes, refreshToken: string): Promise<Tokens>
  revoke(service: RunningPanoptes, token: string): Promise<void>
}

const merakiRedirect = 'http://127.0.0.1:49152/callback'

/** Remembers what a client learned about a service, as a running product does. */
function oncePerService<Learned>(
  learn: (service: RunningPanoptes) => Promise<Learned>,
): (service: RunningPanoptes) => Promise<Learned> {
  const known = new WeakMap<RunningPanoptes, Promise<Learned>>()
  return (service) => {
    const learned = known.get(service) ?? learn(service)
    known.set(service, learned)
    return learned
  }
}

/** Meraki as openid-client sees it. */
export const merakiAt: (service: RunningPanoptes) => Promise<client.Configuration> = oncePerService(
  (service) =>
    client.discovery(
      new URL(service.url),
      'meraki',
      { id_token_signed_response_alg: 'ES256' },
      client.ClientSecretPost('meraki-secret'),
      { algorithm: 'oauth2', execute: [client.allowInsecureRequests] },
    ),
)

export const meraki: Integration = {
  name: 'Meraki',
  clientId: 'meraki',
  scope: 'organization:read agents:manage tests:manage offline_access openid email',
  lifetimes: { access: 300, idle: 86_400, absolute: 90 * 86_400 },
  code: { seconds: 60, expired: 'invalid_grant' },
  async ask(service, person, scope = meraki.scope) {
    const config = await merakiAt(service)
    const pkceCodeVerifier = client.randomPKCECodeVerifier()
    const expectedState = client.randomState()
    const request = client.buildAuthorizationUrl(config, {
      redirect_uri: merakiRedirect,
      scope,
      state: expectedState,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    })
    await person.open(request.href)
    return {
      finish: async () =>
        (await client.authorizationCodeGrant(config, person.leavesTo, {
          pkceCodeVerifier,
          expectedState,
        })) as Tokens,
    }
  },
  refresh: async (service, refreshToken) =>
    (await client.refreshTokenGrant(await merakiAt(service), refreshToken)) as Tokens,
  revoke: async (service, token) => client.tokenRevocation(await merakiAt(service), token),
}

/** What oauth4webapi needs of a public device client. */
export interface StrictClient {
  readonly server: oauth.AuthorizationServer
  readonly client: oauth.Client
  readonly authentication: oauth.ClientAuth
  /** Passed with each request: the service under test speaks plain http on loopback. */
  readonly plain: { readonly [oauth.allowInsecureRequests]: true }
}

export async function strictClient(
  service: RunningPanoptes,
  clientId: string,
  authentication: oauth.ClientAuth = oauth.None(),
): Promise<StrictClient> {
  const plain = { [oauth.allowInsecureRequests]: true } as const
  const issuer = new URL(service.url)
  const answer = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...plain })
  return {
    server: await oauth.processDiscoveryResponse(issuer, answer),
    client: { client_id: clientId, id_token_signed_response_alg: 'ES256' },
    authentication,
    plain,
  }
}

/** One token request of the device (RFC 8628 §3.4), judged by oauth4webapi. */
export async function askForTokens(
  { server, client: device, authentication, plain }: StrictClient,
  deviceCode: string,
): Promise<Tokens> {
  const answer = await oauth.deviceCodeGrantRequest(server, device, authentication, deviceCode, plain)
  return (await oauth.processDeviceCodeResponse(server, device, answer)) as Tokens
}

export async function refreshStrictly(
  { server, client: device, authentication, plain }: StrictClient,
  refreshToken: string,
): Promise<Tokens> {
  const answer = await oauth.refreshTokenGrantRequest(server, device, authentication, refreshToken, plain)
  return (await oauth.processRefreshTokenResponse(server, device, answer)) as Tokens
}

export async function askStrictly(
  { server, client: device, authentication, plain }: StrictClient,
  scope: string,
): Promise<oauth.DeviceAuthorizationResponse> {
  const answer = await oauth.deviceAuthorizationRequest(server, device, authentication, { scope }, plain)
  return oauth.processDeviceAuthorizationResponse(server, device, answer)
}

const sdWanAt = oncePerService((service) => strictClient(service, 'sd-wan-manager'))

export const sdWan: Integration = {
  name: 'Cisco SD-WAN Manager',
  clientId: 'sd-wan-manager',
  scope: 'agents:manage organization:read templates:deploy templates:manage tests:manage',
  lifetimes: { access: 600, idle: 7 * 86_400, absolute: 180 * 86_400 },
  code: { seconds: 600, expired: 'expired_token' },
  async ask(service, person, scope = sdWan.scope) {
    const strict = await sdWanAt(service)
    const code = await askStrictly(strict, scope)
    await enterCode(person, code)
    return { finish: () => askForTokens(strict, code.device_code) }
  },
  refresh: async (service, refreshToken) => refreshStrictly(await sdWanAt(service), refreshToken),
  async revoke(service, token) {
    const { server, client: device, authentication, plain } = await sdWanAt(service)
    const answer = await oauth.revocationRequest(server, device, authentication, token, plain)
    await oauth.processRevocationResponse(answer)
  },
}

async function tokenCall(
  service: RunningPanoptes,
  fields: Readonly<Record<string, string>>,
): Promise<Tokens> {
  const answer = await postForm(`${service.url}/v7/oauth2/token`, fields)
  if (answer.status !== 200) throw new Refused(answer)
  return answer.body as unknown as Tokens
}

export const splunkApp: Integration = {
  name: 'Splunk ThousandEyes App',
  clientId: '0oalgciz1dyS1Uonr697',
  scope:
    'organization:read offline_access tests:read endpoint-tests:read streams:manage alerts:manage tags:read integrations:manage',
  lifetimes: { access: 900, idle: 14 * 86_400, absolute: 365 * 86_400 },
  code: { seconds: 600, expired: 'expired_token' },
  async ask(service, person, scope = splunkApp.scope) {
    const code = await askForCode(service, { clientId: splunkApp.clientId, scope })
    await enterCode(person, code)
    const fields = {
      grant_type: deviceGrantType,
      client_id: splunkApp.clientId,
      device_code: code.device_code,
    }
    return { finish: () => tokenCall(service, fields) }
  },
  refresh: (service, refreshToken) =>
    tokenCall(service, {
      grant_type: 'refresh_token',
      client_id: splunkApp.clientId,
      refresh_token: refreshToken,
    }),
  async revoke(service, token) {
    const fields = { client_id: splunkApp.clientId, token }
    const answer = await postForm(`${service.url}/v7/oauth2/revoke`, fields)
    if (answer.status !== 200) throw new Refused(answer)
  },
}

export const integrations: readonly Integration[] = [sdWan, meraki, splunkApp]

export interface Credentials {
  readonly email: string
  readonly password: string
  readonly region?: 'default' | 'us1' | 'us2' | 'eu1'
}

export const admin: Credentials = { email: 'admin@acme.example', password: 'panoptes-us1' }
export const viewer: Credentials = { email: 'viewer@acme.example', password: 'panoptes-us1' }

/** The whole way from the question to the tokens; a browser that remembers its user is not asked to sign in. */
export async function connect(
  service: RunningPanoptes,
  integration: Integration,
  how: { readonly person?: Person; readonly credentials?: Credentials; readonly scope?: string } = {},
): Promise<Tokens> {
  const { person = new Person(), credentials = admin, scope = integration.scope } = how
  const asked = await integration.ask(service, person, scope)
  if (!person.page?.text.includes('Confirm authorization'))
    await person.signIn(credentials.email, credentials.password, credentials.region)
  await person.press('Confirm')
  return asked.finish()
}
