/**
 * The protocol by hand: what a client sends, byte for byte, and what a person decides in between. For tests that need to send
 * what no client library would; `request` of supertest speaks to the listening service.
 */
import { createHash, randomBytes } from 'node:crypto'
import request, { type Response } from 'supertest'
import { expect } from 'vitest'
import { deviceGrantType } from '../support/device.ts'
import type { RunningPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'

export type Fields = Readonly<Record<string, string | readonly string[] | undefined>>

type Service = Pick<RunningPanoptes, 'url'>

/** Moves the clock into a fresh minute, so that no rate window ends in the middle of a test that fills it. */
export const toFullMinute = (service: RunningPanoptes): void =>
  service.advance(60 - Math.floor((Date.now() / 1000) % 60))

/** Paths of the real service (README, Paths). */
export const paths = {
  authorize: '/oauth2/authorize',
  token: '/v7/oauth2/token',
  device: '/v7/oauth2/device/authorization',
  clients: '/v7/oauth2/clients',
  userinfo: '/v7/oauth2/userinfo',
  keys: '/v7/oauth2/provider/keys',
  revoke: '/v7/oauth2/revoke',
  introspect: '/v7/oauth2/introspect',
} as const

export const merakiRedirect = 'http://127.0.0.1:49152/callback'
export const merakiScope = 'organization:read agents:manage tests:manage offline_access openid email'
export const merakiSecret = { client_id: 'meraki', client_secret: 'meraki-secret' } as const
export const sdWanScope = 'agents:manage organization:read templates:deploy templates:manage tests:manage'
export const sdWan = { client_id: 'sd-wan-manager' } as const
export const splunk = { client_id: '0oalgciz1dyS1Uonr697' } as const
export const resourceServer = {
  client_id: 'resource-server',
  client_secret: 'resource-server-secret',
} as const

export const admin = { email: 'admin@acme.example', password: 'panoptes-us1' } as const

export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
  readonly expires_in: number
  readonly scope: string
  readonly token_type: string
  readonly id_token?: string
}

/** A field that is undefined is left out; a list stands there several times. */
function encoded(fields: Fields): string {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(fields))
    for (const one of [value].flat()) if (one !== undefined) form.append(name, one)
  return form.toString()
}

export const newVerifier = (): string => randomBytes(32).toString('base64url')
export const challengeOf = (verifier: string): string =>
  createHash('sha256').update(verifier).digest('base64url')

/** One form, posted as a program does. */
export const post = (service: Service, path: string, fields: Fields): request.Test =>
  request(service.url)
    .post(path)
    .set('Content-Type', 'application/x-www-form-urlencoded')
    .send(encoded(fields))

/** One verifier for a whole file is enough where PKCE is not what is tested. */
const verifier = newVerifier()

/** Query of a right authorization request of Meraki's, with changes. */
export const authorizeQuery = (changes: Fields = {}): string =>
  encoded({
    client_id: 'meraki',
    response_type: 'code',
    redirect_uri: merakiRedirect,
    scope: merakiScope,
    state: 'state-of-the-platform',
    code_challenge: challengeOf(verifier),
    code_challenge_method: 'S256',
    ...changes,
  })

/** Sends an authorization request from a browser without a session; redirects are not followed. */
export const authorize = (service: Service, changes: Fields = {}): request.Test =>
  request(service.url)
    .get(`${paths.authorize}?${authorizeQuery(changes)}`)
    .set('Accept', 'text/html')
    .redirects(0)

/** The fields of a right exchange of a code of Meraki's, with changes. */
export const exchangeFields = (code: string, changes: Fields = {}): Fields => ({
  grant_type: 'authorization_code',
  ...merakiSecret,
  code,
  redirect_uri: merakiRedirect,
  code_verifier: verifier,
  ...changes,
})

export const exchange = (service: Service, code: string, changes: Fields = {}): request.Test =>
  post(service, paths.token, exchangeFields(code, changes))

export const refresh = (service: Service, refreshToken: string, changes: Fields = {}): request.Test =>
  post(service, paths.token, {
    grant_type: 'refresh_token',
    ...merakiSecret,
    refresh_token: refreshToken,
    ...changes,
  })

/** A person who has signed in, so that each further request needs a press of Confirm only. */
export async function signedIn(
  service: Service,
  who: { email: string; password: string } = admin,
): Promise<Person> {
  const person = new Person()
  await person.open(`${service.url}/account/sign-in`)
  await person.signIn(who.email, who.password)
  return person
}

/** The person confirms an authorization request. @returns the address the browser is sent to */
export async function confirm(service: Service, person: Person, changes: Fields = {}): Promise<URL> {
  await person.open(`${service.url}${paths.authorize}?${authorizeQuery(changes)}`)
  await person.press('Confirm')
  return person.leavesTo
}

/** A fresh authorization code of Meraki's. */
export async function newCode(service: Service, person: Person, changes: Fields = {}): Promise<string> {
  return (await confirm(service, person, changes)).searchParams.get('code') ?? ''
}

/** A whole new connection of Meraki's. */
export async function connectMeraki(service: Service, person: Person, changes: Fields = {}): Promise<Tokens> {
  const answer = await exchange(service, await newCode(service, person, changes))
  expect(answer.status, answer.text).toBe(200)
  return answer.body as Tokens
}

export interface DeviceAnswer {
  readonly device_code: string
  readonly user_code: string
  readonly verification_uri: string
}

/** A device asks for a code. */
export async function askForDeviceCode(
  service: Service,
  fields: Fields = { ...sdWan, scope: sdWanScope },
): Promise<DeviceAnswer> {
  const answer = await post(service, paths.device, fields)
  expect(answer.status, answer.text).toBe(200)
  return answer.body as DeviceAnswer
}

export const pollFields = (deviceCode: string, client: Fields = sdWan): Fields => ({
  grant_type: deviceGrantType,
  ...client,
  device_code: deviceCode,
})

/** The signed-in person enters the device's code and confirms. */
export async function approve(person: Person, code: DeviceAnswer): Promise<void> {
  await person.open(code.verification_uri)
  await person.press('Continue', { user_code: code.user_code })
  await person.press('Continue')
  await person.press('Confirm')
}

/** A whole new connection of a device. */
export async function connectDevice(
  service: Service,
  person: Person,
  fields: Fields = { ...sdWan, scope: sdWanScope },
): Promise<Tokens> {
  const code = await askForDeviceCode(service, fields)
  await approve(person, code)
  const answer = await post(
    service,
    paths.token,
    pollFields(code.device_code, { client_id: fields['client_id'] }),
  )
  expect(answer.status, answer.text).toBe(200)
  return answer.body as Tokens
}

/** @returns the status of a v7 read with the token */
export async function v7Status(
  service: Service,
  accessToken: string,
  path = '/v7/account-groups',
): Promise<number> {
  return (await request(service.url).get(path).set('Authorization', `Bearer ${accessToken}`)).status
}

/** What every refusal to a program is: no 5xx, JSON of RFC 6749 §5.2, not to be stored, no word of what is inside. */
export function expectRefusal(answer: Response, error: string | RegExp, status = 400): void {
  expect(answer.status, answer.text).toBe(status)
  expect(answer.headers['content-type']).toMatch(/^application\/json/)
  expect(answer.headers['cache-control']).toContain('no-store')
  expect(answer.headers['x-content-type-options']).toBe('nosniff')
  const word = typeof error === 'string' ? error : expect.stringMatching(error)
  expect(answer.body).toMatchObject({ error: word, error_description: expect.any(String) })
  expect(answer.text).not.toMatch(/\bat .*\.(?:ts|js):\d|node_modules|SQLITE/)
}

/** A refusal that the browser sees: our own page, no redirect. */
export function expectErrorPage(answer: Response, status = 400): void {
  expect(answer.status, answer.text.slice(0, 300)).toBe(status)
  expect(answer.headers['location']).toBeUndefined()
  expect(answer.headers['content-type']).toMatch(/^text\/html/)
  expect(answer.headers['cache-control']).toContain('no-store')
  expect(answer.headers['content-security-policy']).toContain("frame-ancestors 'none'")
  expect(answer.text).not.toMatch(/\bat .*\.(?:ts|js):\d|node_modules|SQLITE/)
}

/** The parameters of an authorization answer that goes to the client's redirect URI. */
export function redirectedAnswer(answer: Response, redirectUri: string = merakiRedirect): URLSearchParams {
  expect(answer.status, answer.text.slice(0, 300)).toBe(303)
  const location = new URL(answer.headers['location'] ?? '')
  expect(`${location.origin}${location.pathname}`).toBe(redirectUri)
  expect(location.hash).toBe('')
  return location.searchParams
}
