import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { type Row, sampleOf } from './sample-bodies.ts'

/** Of the Organization Admin of the seed. */
export const adminToken = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'

export interface Came {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: bodies of v7 differ per operation, and tests name what they expect
  readonly body: any
}

export interface Asked {
  readonly query?: string
  /** Sent as JSON, or as it is when it is text. */
  readonly body?: unknown
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The composed service, called over HTTP. */
export interface Ground {
  readonly service: RunningPanoptes
  /** @param path below /v7, or a whole address as links have it */
  call(method: string, path: string, asked?: Asked): Promise<Came>
  /** Back to the seed. */
  reset(): Promise<void>
  close(): Promise<void>
}

export async function openGround(environment: Readonly<Record<string, string>> = {}): Promise<Ground> {
  const service = await startPanoptes(['--config', 'test/dialect/emulator.yaml'], environment)
  return {
    service,
    async call(method, path, { query = '', body, token = adminToken, headers } = {}) {
      const address = path.startsWith('http') ? path : `${service.url}/v7${path}`
      const answer = await fetch(`${address}${query && `?${query}`}`, {
        method,
        redirect: 'manual',
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await answer.text()
      const isJson = /json/.test(answer.headers.get('content-type') ?? '')
      return {
        status: answer.status,
        headers: answer.headers,
        text,
        body: isJson && text !== '' ? JSON.parse(text) : undefined,
      }
    },
    async reset() {
      await fetch(`${service.url}/emulator/reset`, { method: 'POST' })
    },
    close: () => service.stop(),
  }
}

/** Creates what a path's collection holds, with a valid body. @returns the answer's body */
export async function create(
  ground: Ground,
  rows: readonly Row[],
  path: string,
  extra: object = {},
): Promise<Came> {
  const row = rows.find((one) => one.method === 'POST' && one.path === path)
  if (!row?.body) throw new Error(`nothing is created at ${path}`)
  return ground.call('POST', path, { body: { ...(sampleOf(row.body.schema) as object), ...extra } })
}
