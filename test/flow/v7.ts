/** Calls of the v7 API by plain fetch, as an integration makes them. */
import type { RunningPanoptes } from '../support/panoptes.ts'

export interface V7Answer<Body> {
  readonly status: number
  readonly headers: Headers
  readonly body: Body
}

export interface V7Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly json?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * One call. The shapes of bodies are v7's, so each test names what it reads of them.
 * @param token goes into the Authorization header; undefined sends none
 * @param path below the origin, as `/v7/tests`
 */
export async function callV7<Body = unknown>(
  service: RunningPanoptes,
  token: string | undefined,
  path: string,
  { method = 'GET', json, headers = {} }: V7Call = {},
): Promise<V7Answer<Body>> {
  const response = await fetch(`${service.url}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    redirect: 'manual',
    signal: AbortSignal.timeout(10_000),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') ?? false
  const body: Body = isJson && text !== '' ? JSON.parse(text) : text
  return { status: response.status, headers: response.headers, body }
}
