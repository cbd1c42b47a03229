/** Clients under load: each has a connection, calls v7 and refreshes, over kept connections of its own, and writes down what it saw. */
import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { connectDevice } from '../bench/connect-device.ts'
import type { Entry } from './history.ts'

export interface Answered {
  /** 0 when the connection failed. */
  readonly status: number
  readonly body: string
}

export interface Client {
  readonly chain: number
  /** The first refresh token of the chain, spent by now. */
  readonly first: string
  call(): Promise<Entry>
  /** One that was not answered is sent again next time, with the same token. */
  refresh(): Promise<Entry>
  revoke(): Promise<Entry>
  /** Presents a refresh token of before. @returns the status */
  presentAgain(refreshToken: string): Promise<number>
  close(): void
}

/** One request over a kept connection: a GET, or the POST of a form. */
export function send(
  agent: Agent,
  url: string,
  how: { authorization?: string; form?: string },
): Promise<Answered> {
  const { authorization, form } = how
  return new Promise((resolve) => {
    const headers = {
      ...(authorization === undefined ? {} : { authorization }),
      ...(form === undefined
        ? {}
        : {
            'content-type': 'application/x-www-form-urlencoded',
            'content-length': Buffer.byteLength(form),
          }),
    }
    const method = form === undefined ? 'GET' : 'POST'
    const failed = (): void => resolve({ status: 0, body: '' })
    const sent = request(url, { method, agent, headers, timeout: 15_000 }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk
      })
      response.on('error', failed).on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    sent.on('timeout', () => sent.destroy()).on('error', failed)
    sent.end(form)
  })
}

/** @param note is told of each request that has ended */
export async function connectClient(
  url: string,
  chain: number,
  note: (entry: Entry) => void,
): Promise<Client> {
  const tokens = await connectDevice(url, 'organization:read tests:manage offline_access')
  const agent = new Agent({ keepAlive: true })
  const first = tokens['refresh_token'] ?? ''
  let refreshToken = first
  let accessToken = tokens['access_token'] ?? ''

  const present = (form: Readonly<Record<string, string>>, path = '/v7/oauth2/token'): Promise<Answered> =>
    send(agent, `${url}${path}`, {
      form: new URLSearchParams({ client_id: 'sd-wan-manager', ...form }).toString(),
    })
  const refreshBy = (token: string): Promise<Answered> =>
    present({ grant_type: 'refresh_token', refresh_token: token })

  async function noted(
    kind: Entry['kind'],
    token: string,
    answer: () => Promise<Answered>,
  ): Promise<{ entry: Entry; body: string }> {
    const sentAt = performance.now()
    const { status, body } = await answer()
    const seen = { chain, token, sentAt, doneAt: performance.now(), status }
    const answered = kind === 'refresh' && status === 200 ? (JSON.parse(body) as Record<string, string>) : {}
    const issued = { successor: answered['refresh_token'], access: answered['access_token'] }
    const entry: Entry = kind === 'refresh' ? { ...seen, kind, ...issued } : { ...seen, kind }
    note(entry)
    return { entry, body }
  }

  return {
    chain,
    first,
    async call() {
      const token = accessToken
      const authorization = `Bearer ${token}`
      return (await noted('call', token, () => send(agent, `${url}/v7/account-groups`, { authorization })))
        .entry
    },
    async refresh() {
      const { entry, body } = await noted('refresh', refreshToken, () => refreshBy(refreshToken))
      if (entry.status === 200) {
        const answer = JSON.parse(body) as Record<string, string>
        refreshToken = answer['refresh_token'] ?? ''
        accessToken = answer['access_token'] ?? ''
      }
      return entry
    },
    revoke: async () =>
      (await noted('revoke', refreshToken, () => present({ token: refreshToken }, '/v7/oauth2/revoke')))
        .entry,
    presentAgain: async (token) => (await refreshBy(token)).status,
    close: () => agent.destroy(),
  }
}

/** Works with each client until told to stop: two callers and one that refreshes. @returns what stops, once all requests are through */
export function underLoad(clients: readonly Client[]): () => Promise<void> {
  let isOver = false
  const loop = async (work: () => Promise<unknown>): Promise<void> => {
    while (!isOver) {
      await work()
      await pause(5)
    }
  }
  const loops = clients.flatMap((client) => [loop(client.call), loop(client.call), loop(client.refresh)])
  return async () => {
    isOver = true
    await Promise.all(loops)
  }
}
