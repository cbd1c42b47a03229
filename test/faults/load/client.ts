/** A client under load: it has one connection, calls v7, refreshes and leaves, and writes down what it saw. */
import type { Agent } from 'node:http'
import { type Answered, send } from '../../support/send.ts'
import type { Entry, Spending, Use } from '../judge/history.ts'

export interface Ground {
  /** Of whatever serves; asked for each request, so that one of several nodes can be chosen. */
  readonly target: () => string
  readonly agent: Agent
  /** Told of each request that has ended. */
  readonly note: (entry: Entry) => void
}

/** What identifies the integration at the token endpoint. */
export type Credentials = Readonly<Record<string, string>>

export const onPremises: Credentials = { client_id: 'sd-wan-manager' }
export const cloud: Credentials = { client_id: 'meraki', client_secret: 'meraki-secret' }

export interface Client {
  readonly chain: number
  /** The refresh token that is next, as far as this client knows. */
  refreshToken(): string
  accessToken(): string
  call(): Promise<Entry>
  /** One that was not answered is sent again next time, with the same token. */
  refresh(): Promise<Entry>
  revoke(): Promise<Entry>
  /** The same connection with what it knows now, sent elsewhere: what one of them learns the other does not. */
  rival(url: string): Client
  /** Presents a code. @param form what else its grant type needs */
  spend(kind: 'exchange' | 'poll', code: string, form: Readonly<Record<string, string>>): Promise<Entry>
}

function parsed(body: string): Readonly<Record<string, string>> {
  try {
    return JSON.parse(body) as Record<string, string>
  } catch {
    return {}
  }
}

/** @param tokens those it begins with, if it has any yet */
export function openClient(
  { target, agent, note }: Ground,
  {
    chain,
    credentials,
    tokens,
  }: { chain: number; credentials: Credentials; tokens?: Readonly<Record<string, string>> },
): Client {
  let refreshToken = tokens?.['refresh_token'] ?? ''
  let accessToken = tokens?.['access_token'] ?? ''

  const post = (path: string, form: Readonly<Record<string, string>>): Promise<Answered> =>
    send(agent, `${target()}${path}`, { form: new URLSearchParams({ ...credentials, ...form }).toString() })

  async function seen(
    token: string,
    asked: () => Promise<Answered>,
  ): Promise<Omit<Use, 'kind'> & { body: string }> {
    const sentAt = performance.now()
    const { status, body, hasRetryAfter } = await asked()
    const doneAt = performance.now()
    const { error, code } = status >= 400 ? parsed(body) : {}
    return {
      ...{ chain, token, sentAt, doneAt, status, code, hasRetryAfter, body },
      error: status === 400 ? error : undefined,
    }
  }

  async function use(kind: Use['kind'], token: string, asked: () => Promise<Answered>): Promise<Entry> {
    const { body: _body, ...entry } = await seen(token, asked)
    note({ kind, ...entry })
    return { kind, ...entry }
  }

  async function spend(
    kind: Spending['kind'],
    token: string,
    form: Readonly<Record<string, string>>,
  ): Promise<Entry> {
    const { body, ...entry } = await seen(token, () => post('/v7/oauth2/token', form))
    const answered = entry.status === 200 ? parsed(body) : {}
    const issued = { successor: answered['refresh_token'], access: answered['access_token'] }
    refreshToken = issued.successor ?? refreshToken
    accessToken = issued.access ?? accessToken
    note({ kind, ...entry, ...issued })
    return { kind, ...entry, ...issued }
  }

  return {
    chain,
    refreshToken: () => refreshToken,
    accessToken: () => accessToken,
    call: () =>
      use('call', accessToken, () =>
        send(agent, `${target()}/v7/account-groups`, { authorization: `Bearer ${accessToken}` }),
      ),
    refresh: () =>
      spend('refresh', refreshToken, { grant_type: 'refresh_token', refresh_token: refreshToken }),
    revoke: () => use('revoke', refreshToken, () => post('/v7/oauth2/revoke', { token: refreshToken })),
    spend,
    rival: (url) =>
      openClient(
        { target: () => url, agent, note },
        { chain, credentials, tokens: { refresh_token: refreshToken, access_token: accessToken } },
      ),
  }
}
