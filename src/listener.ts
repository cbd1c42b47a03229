import type { IncomingMessage, ServerResponse } from 'node:http'

type Listener = (request: IncomingMessage, response: ServerResponse) => void

const loopbackNames = ['localhost', '127.0.0.1', '[::1]']

/**
 * Which Host headers name us: the canonical origin's, the loopback names with its port, and those of the configuration
 * (security-cases H01: a poisoned Host makes a perfect phishing page).
 */
export function hostRule(origin: URL, allowedHosts: readonly string[]): (host: string) => boolean {
  const port = origin.port === '' ? '' : `:${origin.port}`
  const allowed = allowedHosts.map((host) => host.toLowerCase())
  const known = new Set([
    origin.host,
    ...loopbackNames.map((name) => `${name}${port}`),
    ...allowed,
    // One without a port is meant with ours, which clients write into the header unless it is the scheme's own.
    ...allowed.filter((host) => !/:\d+$/.test(host)).map((host) => `${host}${port}`),
  ])
  return (host) => known.has(host) || known.has(host.toLowerCase())
}

export interface PublicListenerParts {
  readonly origin: URL
  readonly allowsHost: (host: string) => boolean
  readonly addressOf: (request: IncomingMessage) => string
  readonly gateway: Listener
  readonly authorizationServer: Listener
}

function refuse(response: ServerResponse, status: number, description: string): void {
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
  })
  response.end(JSON.stringify({ error: 'invalid_request', error_description: description }))
}

/** More than one Host header is an attempt to be read in two ways (RFC 9112 §3.2). */
function hasOneHost({ rawHeaders }: IncomingMessage): boolean {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1
  }
  return count === 1
}

const isPageRequest = ({ method, url = '' }: IncomingMessage): boolean =>
  (method === 'GET' || method === 'HEAD') && !url.startsWith('/v7') && !url.startsWith('/.well-known')

/** Whether the gateway answers a target: `/v7` and below, but for the authorization server's own endpoints. */
export const isGatewayTarget = (target: string): boolean =>
  target.startsWith('/v7') && /^\/v7(?!\/oauth2(?:[/?#]|$))(?:[/?#]|$)/.test(target)

/**
 * The public listener. The authorization server's framework builds URLs from Host and X-Forwarded-*, so what reaches it is made
 * canonical here: nothing that a caller writes there decides anything (DECISIONS 14). Pages asked for under another of our names
 * are sent to the canonical one, where their cookies live.
 */
export function publicListener(parts: PublicListenerParts): Listener {
  const { origin, allowsHost, addressOf, gateway, authorizationServer } = parts
  return (request, response) => {
    const target = request.url ?? ''
    if (isGatewayTarget(target)) return gateway(request, response)
    const host = request.headers.host ?? ''
    if (!target.startsWith('/') || !hasOneHost(request))
      return refuse(response, 400, 'The request target or Host is malformed.')
    if (!allowsHost(host))
      return refuse(
        response,
        421,
        'This server does not answer for that host; origin and allowedHosts in its configuration name those it has.',
      )
    if (host.toLowerCase() !== origin.host && isPageRequest(request)) {
      response.writeHead(303, { Location: `${origin.origin}${target}`, 'Cache-Control': 'no-store' })
      response.end()
      return
    }
    const address = addressOf(request)
    delete request.headers['x-forwarded-host']
    delete request.headers.forwarded
    request.headers['x-forwarded-for'] = address
    request.headers['x-forwarded-proto'] = origin.protocol.slice(0, -1)
    request.headers.host = origin.host
    authorizationServer(request, response)
  }
}
