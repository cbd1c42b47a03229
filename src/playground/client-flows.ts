/** The flows of the playground's client, each in the words of its RFC. */
import { createHash } from 'node:crypto'
import { type RegionId, regionOfTeRegion } from '#domain/region.ts'
import { scopeList } from '#domain/scope.ts'
import { type Answered, membersOf } from './answered.ts'
import type { ClientParts, DeviceState, PlaygroundClient } from './client.ts'
import type { PlayedClient } from './memory.ts'
import { formRequest, identification, openSending, type Sending, text } from './sending.ts'

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'

const teRegionOf = (region: RegionId): string =>
  ['0', '1', '2'].find((number) => regionOfTeRegion(number) === region) ?? ''

/** What the server said at the redirect URI, in the form of an answer. */
const authorizationAnswer = (query: URLSearchParams, at: number, problem?: string): Answered => ({
  request: 'GET redirect URI',
  status: 200,
  headers: [],
  body: JSON.stringify(
    { ...Object.fromEntries(query), ...(problem === undefined ? {} : { problem }) },
    null,
    2,
  ),
  isCut: false,
  at,
})

/** Authorization code with PKCE (RFC 6749 §4.1, RFC 7636). */
function codeFlow(
  { clock, origin, randomBytes }: ClientParts,
  { askForTokens }: Sending,
): Pick<PlaygroundClient, 'authorize' | 'arrive'> {
  const secret = (): string => randomBytes(32).toString('base64url')
  return {
    authorize(client, expected) {
      const state = { kind: 'asked', client, state: secret(), verifier: secret() } as const
      const query = new URLSearchParams({
        response_type: 'code',
        client_id: client.clientId,
        redirect_uri: client.redirectUri ?? '',
        scope: client.scopes.join(' '),
        state: state.state,
        code_challenge: createHash('sha256').update(state.verifier).digest('base64url'),
        code_challenge_method: 'S256',
        ...(expected ? { login_hint: expected.email, teRegion: teRegionOf(expected.region) } : {}),
      })
      return { state, location: `/oauth2/authorize?${query}` }
    },

    async arrive({ client, verifier }, query) {
      const at = clock.now()
      const code = query.get('code')
      if (query.get('iss') !== origin.origin)
        return {
          kind: 'refused',
          client,
          last: authorizationAnswer(query, at, 'iss is not the server that was asked: RFC 9207 §2.4'),
        }
      if (code === null) return { kind: 'refused', client, last: authorizationAnswer(query, at) }
      return askForTokens(client, {
        grant_type: 'authorization_code',
        code,
        redirect_uri: client.redirectUri ?? '',
        code_verifier: verifier,
      })
    },
  }
}

/** @returns what the device shows; undefined when the answer gives no code (RFC 8628 §3.2) */
function deviceOf(
  body: string,
  now: number,
):
  | Pick<
      DeviceState,
      'deviceCode' | 'userCode' | 'verificationUri' | 'link' | 'intervalSeconds' | 'expiresAt'
    >
  | undefined {
  const given = membersOf(body)
  const [deviceCode, userCode, verificationUri] = ['device_code', 'user_code', 'verification_uri'].map(
    (name) => text(given[name]),
  )
  if (!deviceCode || !userCode || !verificationUri) return undefined
  return {
    deviceCode,
    userCode,
    verificationUri,
    link: text(given['verification_uri_complete']) ?? verificationUri,
    // RFC 8628 §3.2: 5 seconds when it is not said.
    intervalSeconds: Number(given['interval'] ?? 5),
    expiresAt: now + Number(given['expires_in'] ?? 0) * 1000,
  }
}

/** Device authorization (RFC 8628). */
function deviceFlow(
  { clock }: ClientParts,
  { send, askForTokens }: Sending,
): Pick<PlaygroundClient, 'askForCode' | 'poll'> {
  return {
    async askForCode(client) {
      const { body, answer } = await send(
        formRequest('/v7/oauth2/device/authorization', {
          ...identification(client),
          scope: client.scopes.join(' '),
        }),
      )
      const device = answer.status === 200 ? deviceOf(body, clock.now()) : undefined
      return device
        ? { kind: 'device', client, ...device, last: undefined }
        : { kind: 'refused', client, last: answer }
    },

    async poll(device) {
      const { client, deviceCode } = device
      const state = await askForTokens(client, { grant_type: deviceGrant, device_code: deviceCode })
      if (state.kind !== 'refused') return state
      const error = membersOf(state.last.body)['error']
      if (error !== 'authorization_pending' && error !== 'slow_down') return state
      // RFC 8628 §3.5: slow_down adds five seconds, for this and all later polls.
      const intervalSeconds = device.intervalSeconds + (error === 'slow_down' ? 5 : 0)
      return { ...device, intervalSeconds, last: state.last }
    },
  }
}

/** What an integration does with its tokens until it leaves (RFC 6749 §6 and §7, RFC 7009). */
function connectionUse({
  send,
  askForTokens,
}: Sending): Pick<PlaygroundClient, 'refresh' | 'logOut' | 'read'> {
  return {
    async refresh(connection) {
      const { client, tokens } = connection
      const state = await askForTokens(client, {
        grant_type: 'refresh_token',
        refresh_token: tokens.refreshToken ?? '',
      })
      return state.kind === 'refused' ? { ...connection, last: state.last } : state
    },

    async logOut(connection) {
      const { client, tokens } = connection
      const token = tokens.refreshToken ?? tokens.accessToken
      const { answer } = await send(formRequest('/v7/oauth2/revoke', { ...identification(client), token }))
      return { ...connection, isLoggedOut: answer.status === 200, last: answer }
    },

    async read(token, path, accountGroup) {
      const aid = `${path.includes('?') ? '&' : '?'}${new URLSearchParams({ aid: accountGroup })}`
      const headers = { authorization: `Bearer ${token}`, accept: 'application/json' }
      return (await send({ method: 'GET', path: `${path}${accountGroup === '' ? '' : aid}`, headers })).answer
    },
  }
}

/** @returns the client that was registered (RFC 7591 §3.2.1); undefined when the answer names none */
function registeredClient(body: string): PlayedClient | undefined {
  const given = membersOf(body)
  const clientId = text(given['client_id'])
  if (clientId === undefined) return undefined
  const redirects = given['redirect_uris']
  return {
    clientId,
    clientSecret: text(given['client_secret']),
    name: text(given['client_name']) ?? clientId,
    scopes: scopeList(text(given['scope']) ?? ''),
    redirectUri: Array.isArray(redirects) ? text(redirects[0]) : undefined,
  }
}

/** Dynamic client registration (RFC 7591). */
const registering = ({ send }: Sending): Pick<PlaygroundClient, 'register'> => ({
  async register(metadata) {
    const { body, answer } = await send({
      method: 'POST',
      path: '/v7/oauth2/clients',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(metadata),
    })
    return { client: answer.status === 201 ? registeredClient(body) : undefined, answer }
  },
})

export function playgroundClient(parts: ClientParts): PlaygroundClient {
  const sending = openSending(parts)
  return {
    ...codeFlow(parts, sending),
    ...deviceFlow(parts, sending),
    ...connectionUse(sending),
    ...registering(sending),
  }
}
