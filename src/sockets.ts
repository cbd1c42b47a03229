/** Sockets: servers that listen, keep what comes too early, and drain. Knows nothing of what they serve. */
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Clock } from '#domain/clock.ts'
import { certificateNames, type LocalCertificate, localCertificate } from './certificate.ts'
import { type CommonSettings, SettingsError } from './settings.ts'

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void

const serverOptions: ServerOptions = {
  // Node's defaults let a slow client hold a socket for minutes (security-cases L01).
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  // Longer than clients and load balancers keep theirs, which is 60 s for most: who closes first must be the one that asks.
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5_000,
  // A request that announces no body (RFC 9112 §6.3) comes with its stream at an end already: whoever waits for its `end` or `close`
  // waits for ever, and whoever reads it reads nothing. Its events were an eighth of what a kept answer of the gateway costs.
  optimizeEmptyRequests: true,
}
const maxConnections = 10_000
/** An answer of which its client takes not even a byte for so long is cut, after twice the time at most. */
const unreadMilliseconds = 20_000

/** A server that is not bound yet. */
export interface OpenServer {
  readonly server: Server
  /** Makes a certificate of ours that has expired by then a new one. @param now epoch ms */
  renewCertificate(now: number): Promise<void>
}

export const plainServer = (): Server => createServer(serverOptions)

/** The public server of the settings, with TLS or without. @param machine by which clients judge a certificate */
export async function openServer(settings: CommonSettings, machine: Clock): Promise<OpenServer> {
  if (!settings.tls) return { server: plainServer(), renewCertificate: () => Promise.resolve() }
  const hostnames = certificateNames(originOf(settings, settings.port), settings.allowedHosts)
  const certificateAt = (now: number): Promise<LocalCertificate> =>
    localCertificate({ directory: settings.data, hostnames, now, machineNow: machine.now() })
  let certificate = await certificateAt(machine.now())
  const server: TlsServer = createTlsServer({
    ...serverOptions,
    cert: certificate.cert,
    key: certificate.key,
  })
  return {
    server: server as Server,
    async renewCertificate(at) {
      if (certificate.expiresAt > at) return
      certificate = await certificateAt(at)
      server.setSecureContext({ cert: certificate.cert, key: certificate.key })
    },
  }
}

/** @returns the port that was bound @throws SettingsError, in words for a person */
export function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.maxConnections = maxConnections
    server.once('error', (error: NodeJS.ErrnoException) => {
      const words: Readonly<Record<string, string>> = {
        EADDRINUSE:
          'the port is in use; choose another one with --port or --operator-port, 0 picks a free one',
        EACCES: 'this process may not bind the port',
        EADDRNOTAVAIL: 'this machine has no such address; choose another one with --host',
        ENOTFOUND: 'this machine has no such address; choose another one with --host',
      }
      reject(
        new SettingsError(`cannot listen on ${host}:${port}: ${words[error.code ?? ''] ?? error.message}`),
      )
    })
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}

/**
 * The port must be bound before anything can be composed, so a caller may be faster than the composition: such requests wait for
 * it, as Node answers a request that nobody listens for never. @returns gives the server its listener, and the listener those
 */
export function listeningLater(server: Server): (listener: RequestListener) => void {
  const early: Parameters<RequestListener>[] = []
  const keep: RequestListener = (...exchange) => void early.push(exchange)
  server.on('request', keep)
  return (listener) => {
    server.off('request', keep)
    server.on('request', listener)
    for (const exchange of early) listener(...exchange)
  }
}

const endWithAnswer = (response: ServerResponse): void => {
  if (!response.headersSent) response.setHeader('Connection', 'close')
}

/** Node leaves it to whoever hears of a silent connection to close it: one that waits for our answer is silent for good reason. */
const isForsaken = (socket: Socket, answer: ServerResponse | undefined): boolean =>
  socket.writableLength > 0 || answer?.writableFinished !== false

/**
 * Keeps an eye on the answers under way, and cuts those that nobody reads. @returns what drains the server: it takes no new connections, tells kept ones to end with
 * the answer under way or their next one, and resolves when the last one is gone
 */
export function drainable(server: Server): () => Promise<void> {
  // Of each connection the last answer: those before it on the same connection must not end it.
  const latest = new Map<Socket, ServerResponse>()
  server.on('request', ({ socket }, response) => {
    // One listener a connection, not one an answer.
    if (!latest.has(socket)) socket.once('close', () => latest.delete(socket))
    latest.set(socket, response)
  })
  server.setTimeout(unreadMilliseconds, (socket) => {
    if (isForsaken(socket, latest.get(socket))) socket.destroy()
  })
  return () => {
    for (const response of latest.values()) endWithAnswer(response)
    server.prependListener('request', (_request, response) => endWithAnswer(response))
    server.keepAliveTimeout = 1 // for answers whose head had gone already
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeIdleConnections()
    return closed
  }
}

const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** Every address of the machine: listened on, but no address to call. */
const isEveryAddress = (host: string): boolean => host === '0.0.0.0' || host === '::'

/** @param port the one that was bound @returns the canonical origin */
export function originOf(settings: Pick<CommonSettings, 'origin' | 'host' | 'tls'>, port: number): URL {
  if (settings.origin) return settings.origin
  const { host, tls } = settings
  const isLocal = isEveryAddress(host) || ['127.0.0.1', '::1', 'localhost'].includes(host)
  return new URL(`${tls ? 'https' : 'http'}://${isLocal ? 'localhost' : inUrl(host)}:${port}`)
}

export const operatorUrlOf = ({ operatorHost }: Pick<CommonSettings, 'operatorHost'>, port: number): string =>
  `http://${isEveryAddress(operatorHost) ? '127.0.0.1' : inUrl(operatorHost)}:${port}`
