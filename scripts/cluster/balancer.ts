/**
 * Balancer: gives each request to the next node that is ready, and streams both ways. It tells nobody that something failed that did
 * not, and repeats nothing that may have happened: a request whose connection was refused goes to the next node; one that may have
 * reached a node goes to another one only if it is a GET or HEAD without a body.
 */
import {
  Agent,
  createServer,
  type IncomingMessage,
  request as open,
  type Server,
  type ServerResponse,
} from 'node:http'
import { pipeline } from 'node:stream'
import { answerHeaders, requestHeaders } from './headers.ts'
import type { NodeAddress, Readiness } from './readiness.ts'

/** What became of a request: an answer, no connection, or nobody knows. */
type Outcome = IncomingMessage | 'not-sent' | 'unknown'

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

const mayRepeat = (request: IncomingMessage): boolean =>
  (request.method === 'GET' || request.method === 'HEAD') && !hasBody(request)

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** @param agent false for a connection of its own */
function sendTo(node: NodeAddress, { request, response }: Exchange, agent: Agent | false): Promise<Outcome> {
  return new Promise((resolve) => {
    let isSent = false
    const sent = open(node.url, {
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: requestHeaders(request),
      agent,
    })
    const giveUp = (): void => void sent.destroy()
    response.once('close', giveUp)
    sent.once('socket', (socket) => {
      const send = (): void => {
        isSent = true
        if (hasBody(request)) request.pipe(sent)
        else sent.end()
      }
      if (socket.connecting) socket.once('connect', send)
      else send()
    })
    sent.once('response', resolve)
    sent.on('error', () => {
      response.off('close', giveUp)
      request.unpipe(sent)
      resolve(isSent ? 'unknown' : 'not-sent')
    })
  })
}

const words = {
  400: 'The request target is malformed.',
  502: 'The node that had the request ended before it answered.',
  503: 'No node is ready.',
} as const

function refuse({ request, response }: Exchange, status: keyof typeof words): void {
  if (response.destroyed) return
  request.resume()
  const body = JSON.stringify({ type: 'about:blank', title: words[status], status })
  const headers = {
    'Content-Type': 'application/problem+json',
    'Retry-After': '1',
    'Cache-Control': 'no-store',
  }
  // A body that nobody reads would be taken for the next request.
  response.writeHead(status, hasBody(request) ? { ...headers, Connection: 'close' } : headers).end(body)
}

/** A repeatable request comes back to the first one in the end, whose kept connection may just have been closing. */
const nodesFor = (nodes: Readiness, isRepeatable: boolean): readonly NodeAddress[] => {
  const inTurn = nodes.inTurn()
  return isRepeatable ? [...inTurn, ...inTurn.slice(0, 1)] : inTurn
}

/** @returns the answer of the first node that gives one, or the status to refuse with */
async function firstAnswer(
  exchange: Exchange,
  nodes: Readiness,
  kept: Agent,
): Promise<IncomingMessage | 502 | 503> {
  const isRepeatable = mayRepeat(exchange.request)
  let status: 502 | 503 = 503
  for (const node of nodesFor(nodes, isRepeatable)) {
    // A kept connection that is closing looks as if the request had reached the node.
    const outcome = await sendTo(node, exchange, isRepeatable ? kept : false)
    if (typeof outcome === 'object') return outcome
    if (exchange.response.destroyed) return 502
    if (outcome === 'not-sent') nodes.refused(node)
    else status = 502
    if (outcome === 'unknown' && !isRepeatable) break
  }
  return status
}

async function passOn(exchange: Exchange, nodes: Readiness, kept: Agent): Promise<void> {
  const answer = await firstAnswer(exchange, nodes, kept)
  if (typeof answer === 'number') return refuse(exchange, answer)
  const { response } = exchange
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', [...answerHeaders(answer)])
  pipeline(answer, response, () => undefined)
}

/** @returns a server that is not bound yet */
export function balancer(nodes: Readiness): Server {
  const kept = new Agent({ keepAlive: true, scheduling: 'lifo' })
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const exchange = { request, response }
    // Of a target with bytes that none may have, Node makes no request.
    void passOn(exchange, nodes, kept).catch(() =>
      response.headersSent ? response.destroy() : refuse(exchange, 400),
    )
  })
  return server.on('close', () => kept.destroy())
}
