import type { IncomingMessage, ServerResponse } from 'node:http'

/** A request to a listener of this process, as if it had come over a connection. */
export interface InjectedRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path and query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface InjectedAnswer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

export type Inject = (request: InjectedRequest) => Promise<InjectedAnswer>

/**
 * Sends requests to a listener without a socket.
 * @param listener answers each request @param host the Host header, as `localhost:7070` @throws when it ends without an answer
 */
export function injectInto(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
  host: string,
): Inject {
  return async ({ method, path, headers = {}, body }) => {
    // Loaded with the first such request: most starts see none.
    const { inject } = await import('light-my-request')
    const answer = await inject(listener, {
      method,
      url: path,
      headers: { host, ...headers },
      remoteAddress: '127.0.0.1',
      ...(body === undefined ? {} : { payload: body }),
    })
    return {
      status: answer.statusCode,
      headers: answer.headers as InjectedAnswer['headers'],
      body: answer.payload,
    }
  }
}

/** As `fetch`, for a request to the listener. @throws when it ends without an answer, or not before the signal fires */
export const fetchBy =
  (inject: Inject) =>
  async (url: string, { method = 'GET', headers, body, signal }: RequestInit): Promise<Response> => {
    const { pathname, search } = new URL(url)
    const request = inject({
      method: method as InjectedRequest['method'],
      path: `${pathname}${search}`,
      headers: Object.fromEntries(new Headers(headers)),
      ...(body === undefined || body === null ? {} : { body: String(body) }),
    })
    const answer = await Promise.race([request, ...(signal ? [endOf(signal)] : [])])
    const { 'content-type': type = '' } = answer.headers
    const content = answer.body === '' ? null : answer.body
    return new Response(content, { status: answer.status, headers: { 'content-type': String(type) } })
  }

const endOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
