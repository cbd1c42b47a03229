import { once } from 'node:events'
import {
  createServer,
  type Server as HttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import type { Pem } from './certificates.ts'

/** What an upstream does with a request, with the whole connection in its hands. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse, socket: Socket) => void

/** What reached an upstream. */
export interface Arrived {
  /** By the monotonic clock, in ms. */
  readonly at: number
  readonly method: string
  readonly target: string
  readonly headers: IncomingMessage['headers']
  /** Which connection it came on, counted from 1. */
  readonly connection: number
  /** What it was answered; 0 while that is not known, and for what Node did not write. */
  readonly status: number
}

export interface HostileUpstream extends AsyncDisposable {
  readonly origin: string
  readonly port: number
  readonly arrived: Arrived[]
  /** Connections that were made, and those that are open. */
  readonly connections: { made: number; open: number }
  /** From now on. */
  behave(behaviour: Behaviour): void
  /** What went wrong in handshakes of TLS, by Node's codes. */
  readonly failedHandshakes: readonly string[]
  /** Closes connections that nothing is asked on. */
  closeIdle(): void
  /** Another certificate, for handshakes from now on. */
  certify(certificate: Pem): void
  /** Closes all connections under way. */
  cut(): void
  /** Nobody listens any more, and what was open is cut. */
  leave(): Promise<void>
  /** To the same port. */
  comeBack(): Promise<void>
}

export const json =
  (body: string, status = 200, headers: Readonly<Record<string, string>> = {}): Behaviour =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/hal+json', ...headers }).end(body)

/** Writes bytes that Node would never write, and leaves the connection open. */
export const raw =
  (...pieces: readonly string[]): Behaviour =>
  (_request, _response, socket) => {
    for (const piece of pieces) socket.write(piece, 'latin1')
  }

export const silent: Behaviour = () => undefined

/** An upstream of which nothing good can be expected, on loopback. @param tls its certificate, for https */
export async function startHostileUpstream(
  behaviour: Behaviour = json('{}'),
  tls?: Pem,
): Promise<HostileUpstream> {
  let current = behaviour
  const arrived: Arrived[] = []
  const connections = { made: 0, open: 0 }
  const numbers = new WeakMap<Socket, number>()
  const listener: RequestListener = (request, response) => {
    const { method = '', url = '', headers, socket } = request
    const connection = numbers.get(socket) ?? 0
    const at = performance.now()
    const one = { at, method, target: url, headers, connection, status: 0 }
    arrived.push(one)
    response.once('close', () => {
      if (response.headersSent) one.status = response.statusCode
    })
    current(request, response, socket)
  }
  const server: HttpServer | HttpsServer = tls ? createTlsServer(tls, listener) : createServer(listener)
  const sockets = new Set<Socket>()
  server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    connections.made += 1
    connections.open += 1
    numbers.set(socket, connections.made)
    socket
      .on('error', () => undefined)
      .on('close', () => {
        connections.open -= 1
      })
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  })
  const failedHandshakes: string[] = []
  server.on('tlsClientError', (error: NodeJS.ErrnoException) => void failedHandshakes.push(error.code ?? ''))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const leave = async (): Promise<void> => {
    cut()
    server.close()
    await once(server, 'close')
  }
  return {
    origin: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    arrived,
    connections,
    behave(next) {
      current = next
    },
    failedHandshakes,
    closeIdle: () => server.closeIdleConnections(),
    certify(certificate) {
      if (server instanceof TlsServer) server.setSecureContext(certificate)
    },
    cut,
    leave,
    async comeBack() {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
    async [Symbol.asyncDispose]() {
      if (server.listening) await leave()
    },
  }
}
