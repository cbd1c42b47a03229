/** Requests that begin a flow, and what a program does with their ends: the platform's side of what Person does in the browser. */
import { createHash, randomBytes } from 'node:crypto'
import { type DeviceAuthorization, poll } from '../support/device.ts'
import type { RunningPanoptes } from '../support/panoptes.ts'
import type { Page, Person } from '../support/person.ts'

export const redirectUri = 'http://127.0.0.1:49152/callback'
export const merakiScope = 'organization:read agents:manage tests:manage offline_access openid email'

export interface AuthorizationRequest {
  readonly href: string
  readonly verifier: string
}

/** An authorization request of Meraki's. @param extra parameters to add or, given as undefined, to leave out */
export function askForCode(
  { url }: Pick<RunningPanoptes, 'url'>,
  extra: Readonly<Record<string, string | undefined>> = {},
): AuthorizationRequest {
  const verifier = randomBytes(32).toString('base64url')
  const parameters = {
    client_id: 'meraki',
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: merakiScope,
    state: 'state-of-the-platform',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...extra,
  }
  const href = new URL('/oauth2/authorize', url)
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) href.searchParams.set(name, value)
  return { href: href.href, verifier }
}

/** A form post as a program sends it: no cookies, no Origin. */
export const post = (
  url: string,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers,
    redirect: 'manual',
    signal: AbortSignal.timeout(10_000),
  })

export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

/** Meraki exchanges the code that arrived at its redirect URI. */
export async function exchangeCode(
  { url }: Pick<RunningPanoptes, 'url'>,
  request: AuthorizationRequest,
  arrivedAt: URL,
): Promise<Tokens> {
  const answer = await post(`${url}/v7/oauth2/token`, {
    grant_type: 'authorization_code',
    client_id: 'meraki',
    client_secret: 'meraki-secret',
    redirect_uri: redirectUri,
    code: arrivedAt.searchParams.get('code') ?? '',
    code_verifier: request.verifier,
  })
  if (answer.status !== 200) throw new Error(`no tokens: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as Tokens
}

/** Meraki renews its tokens. @returns the answer as it came */
export const refresh = ({ url }: Pick<RunningPanoptes, 'url'>, token: string): Promise<Response> =>
  post(`${url}/v7/oauth2/token`, {
    grant_type: 'refresh_token',
    client_id: 'meraki',
    client_secret: 'meraki-secret',
    refresh_token: token,
  })

/** The status of a v7 read with the token. */
export const readsAgents = async ({ url }: Pick<RunningPanoptes, 'url'>, token: string): Promise<number> => {
  const answer = await fetch(`${url}/v7/agents`, { headers: { authorization: `Bearer ${token}` } })
  await answer.arrayBuffer()
  return answer.status
}

/** One connection of Meraki's from beginning to end in the person's browser, signed in or not. */
export async function connectMeraki(
  service: Pick<RunningPanoptes, 'url'>,
  person: Person,
  [email, password, region]: readonly [string, string, string?] = ['admin@acme.example', 'panoptes-us1'],
): Promise<Tokens> {
  const request = askForCode(service)
  const page = await person.open(request.href)
  if (page.text.includes('Password') || page.text.includes('Continue'))
    await person.signIn(email, password, region)
  await person.press('Confirm')
  return exchangeCode(service, request, person.leavesTo)
}

/** SD-WAN Manager asks for a device authorization, and says what it is. */
export async function askForDevice({ url }: Pick<RunningPanoptes, 'url'>): Promise<DeviceAuthorization> {
  const answer = await post(
    `${url}/v7/oauth2/device/authorization`,
    { client_id: 'sd-wan-manager', scope: 'organization:read tests:manage' },
    { 'user-agent': 'vmanage/20.15' },
  )
  if (answer.status !== 200) throw new Error(`no device code: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as DeviceAuthorization
}

/** SD-WAN Manager asks whether the person has decided. @returns `granted` or the protocol's error */
export async function pollDevice(
  service: Pick<RunningPanoptes, 'url'>,
  { device_code }: DeviceAuthorization,
): Promise<string> {
  const { status, body } = await poll(service, { clientId: 'sd-wan-manager', deviceCode: device_code })
  return status === 200 ? 'granted' : String(body['error'])
}

/** Types a user code on the device page. @returns the page that asks whether the device is theirs, or says what is wrong */
export async function typeUserCode(
  { url }: Pick<RunningPanoptes, 'url'>,
  person: Person,
  code: string,
): Promise<Page> {
  await person.open(`${url}/oauth2/device`)
  return person.press('Continue', { user_code: code })
}
