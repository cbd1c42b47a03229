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
