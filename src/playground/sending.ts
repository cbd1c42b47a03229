/** Sends what a client sends, and reads what comes of it. */
import { scopeList } from '#domain/scope.ts'
import { type Answered, answeredBy, membersOf } from './answered.ts'
import type { OwnRequest } from './call.ts'
import type { ClientParts } from './client.ts'
import type { ConnectionState, PlayedClient, TokenSet } from './memory.ts'

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** Who the client says it is, in the body (RFC 6749 §2.3.1). */
export const identification = ({ clientId, clientSecret }: PlayedClient): Record<string, string> => ({
  client_id: clientId,
  ...(clientSecret === undefined ? {} : { client_secret: clientSecret }),
})

export const formRequest = (path: string, fields: Readonly<Record<string, string>>): OwnRequest => ({
  method: 'POST',
  path,
  headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
  body: new URLSearchParams(fields).toString(),
})

export interface Sending {
  send(request: OwnRequest): Promise<{ readonly body: string; readonly answer: Answered }>
  /** Asks the token endpoint; the state is `tokens` or `refused`. */
  askForTokens(client: PlayedClient, fields: Readonly<Record<string, string>>): Promise<ConnectionState>
}

/** @returns undefined when the answer has no access token (RFC 6749 §5.1) */
function tokensOf(body: string, asked: PlayedClient, now: number): TokenSet | undefined {
  const answer = membersOf(body)
  const accessToken = text(answer['access_token'])
  if (accessToken === undefined) return undefined
  const scope = text(answer['scope'])
  return {
    accessToken,
    refreshToken: text(answer['refresh_token']),
    // §5.1: left out when it is what was asked for.
    scopes: scope === undefined ? asked.scopes : scopeList(scope),
    expiresAt: now + Number(answer['expires_in'] ?? 0) * 1000,
  }
}

export function openSending({ call, clock }: Pick<ClientParts, 'call' | 'clock'>): Sending {
  async function send(request: OwnRequest): Promise<{ readonly body: string; readonly answer: Answered }> {
    const answer = await call(request)
    return { body: answer.body, answer: answeredBy(request, answer, clock.now()) }
  }

  async function askForTokens(
    client: PlayedClient,
    fields: Readonly<Record<string, string>>,
  ): Promise<ConnectionState> {
    const { body, answer } = await send(
      formRequest('/v7/oauth2/token', { ...fields, ...identification(client) }),
    )
    const tokens = answer.status === 200 ? tokensOf(body, client, clock.now()) : undefined
    return tokens
      ? { kind: 'tokens', client, tokens, isLoggedOut: false, last: undefined }
      : { kind: 'refused', client, last: answer }
  }

  return { send, askForTokens }
}
