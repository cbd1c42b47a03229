import { createHash } from 'node:crypto'
import { Agent, request } from 'node:http'

interface Answered {
  readonly status: number
  readonly body: string
}

/** One client with one kept connection, as a test that drives the emulator has. */
export interface ControlClient {
  /** A whole authorization code flow without a browser: the request completed, its code exchanged. */
  authorize(): Promise<void>
  reset(): Promise<void>
  /** @returns the origin of the new workspace */
  createWorkspace(name: string): Promise<string>
  close(): void
}

const verifier = 'v'.repeat(43)
const challenge = createHash('sha256').update(verifier).digest('base64url')
const redirectUri = 'http://127.0.0.1/callback'

export function controlClient(origin: string): ControlClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })

  function post(path: string, type: string, body: string): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': type, 'content-length': Buffer.byteLength(body) }
      const sent = request(
        new URL(path, origin),
        { method: 'POST', agent, headers, timeout: 10_000 },
        (response) => {
          let text = ''
          response.setEncoding('utf8')
          response.on('data', (chunk: string) => {
            text += chunk
          })
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
  }

  async function expecting(status: number, answer: Promise<Answered>): Promise<Record<string, unknown>> {
    const { status: found, body } = await answer
    if (found !== status) throw new Error(`answered ${found}, not ${status}: ${body}`)
    return body === '' ? {} : (JSON.parse(body) as Record<string, unknown>)
  }

  const control = (path: string, body: object): Promise<Answered> =>
    post(`/emulator/${path}`, 'application/json', JSON.stringify(body))

  return {
    async authorize() {
      const url = new URL('/oauth2/authorize', origin)
      url.search = String(
        new URLSearchParams({
          client_id: 'meraki',
          response_type: 'code',
          redirect_uri: redirectUri,
          scope: 'tests:manage offline_access',
          code_challenge: challenge,
          code_challenge_method: 'S256',
        }),
      )
      const { code } = await expecting(
        200,
        control('authorizations', { url: url.href, user: 'ops@acme.example' }),
      )
      const form = new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: 'meraki',
        client_secret: 'meraki-secret',
        redirect_uri: redirectUri,
        code: String(code),
        code_verifier: verifier,
      })
      await expecting(200, post('/v7/oauth2/token', 'application/x-www-form-urlencoded', String(form)))
    },
    reset: async () => void (await expecting(204, post('/emulator/reset', 'application/json', ''))),
    createWorkspace: async (name) => String((await expecting(201, control('workspaces', { name })))['url']),
    close: () => agent.destroy(),
  }
}
