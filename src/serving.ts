/** Serving: binds the sockets, then composes for the origin they gave, then attaches; and takes it all down again in order. */
import { accessSync, constants, existsSync, mkdirSync, opendirSync } from 'node:fs'
import { createServer, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { certificateNames, localCertificate } from './certificate.ts'
import { type Composed, compose, type RequestListener, type Surroundings } from './compose.ts'
import { type Settings, SettingsError } from './settings.ts'
import type { Listening } from './welcome.ts'

export interface Serving extends Listening {
  readonly composed: Composed
  /** Refuses readiness, finishes what is under way within the grace, closes everything. */
  stop(graceMs: number): Promise<void>
}

/** Node's defaults let a slow client hold a socket for minutes (security-cases L01). */
const patience: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 5_000,
}
const maxConnections = 10_000

async function openServer(settings: Settings, now: number): Promise<Server> {
  if (!settings.tls) return createServer(patience)
  const hostnames = certificateNames(originOf(settings, settings.port), settings.allowedHosts)
  const certificate = await localCertificate({ directory: settings.data, hostnames, now })
  return createTlsServer({ ...patience, ...certificate }) as Server
}

function listen(server: Server, port: number, host: string): Promise<number> {
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
function listeningLater(server: Server): (listener: RequestListener) => void {
  const early: Parameters<RequestListener>[] = []
  const keep: RequestListener = (...exchange) => void early.push(exchange)
  server.on('request', keep)
  return (listener) => {
    server.off('request', keep)
    server.on('request', listener)
    for (const exchange of early) listener(...exchange)
  }
}

const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** Every address of the machine: listened on, but no address to call. */
const isEveryAddress = (host: string): boolean => host === '0.0.0.0' || host === '::'

/** @param port the one that was bound @returns the canonical origin */
export function originOf(settings: Settings, port: number): URL {
  if (settings.origin) return settings.origin
  const { host, tls } = settings
  const isLocal = isEveryAddress(host) || ['127.0.0.1', '::1', 'localhost'].includes(host)
  return new URL(`${tls ? 'https' : 'http'}://${isLocal ? 'localhost' : inUrl(host)}:${port}`)
}

const operatorUrlOf = ({ operatorHost }: Settings, port: number): string =>
  `http://${isEveryAddress(operatorHost) ? '127.0.0.1' : inUrl(operatorHost)}:${port}`

/** One level after the other: Node's own recursive mkdir never ends where a level cannot be made, as below /proc. */
function makeDirectory(directory: string): void {
  if (existsSync(directory)) return
  makeDirectory(dirname(directory))
  mkdirSync(directory, { mode: 0o700 })
}

function prepareDirectory(directory: string | undefined): void {
  if (directory === undefined) return
  try {
    makeDirectory(directory)
    accessSync(directory, constants.W_OK)
    opendirSync(directory).closeSync()
  } catch {
    throw new SettingsError(
      `--data: found ${directory}; allowed is a directory that this process can write to`,
    )
  }
}

const endWithAnswer = (response: ServerResponse): void => {
  if (!response.headersSent) response.setHeader('Connection', 'close')
}

/**
 * Keeps an eye on the answers under way. @returns what drains the server: it takes no new connections, tells kept ones to end with
 * the answer under way or their next one, and resolves when the last one is gone
 */
function drainable(server: Server): () => Promise<void> {
  const underWay = new Set<ServerResponse>()
  server.on('request', (_request, response) => {
    underWay.add(response)
    response.once('close', () => underWay.delete(response))
  })
  return () => {
    for (const response of underWay) endWithAnswer(response)
    server.prependListener('request', (_request, response) => endWithAnswer(response))
    server.keepAliveTimeout = 1 // for answers whose head had gone already
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeIdleConnections()
    return closed
  }
}

/**
 * Starts everything. @returns once both listeners answer
 * @throws SettingsError, or an Error whose message is one line for a person
 */
export async function serve(settings: Settings, surroundings: Surroundings): Promise<Serving> {
  prepareDirectory(settings.data)
  const server = await openServer(settings, surroundings.clock.now())
  const operatorServer = createServer(patience)
  const servers = [server, operatorServer]
  const drains = servers.map(drainable)
  const [attach, attachOperator] = [listeningLater(server), listeningLater(operatorServer)]
  try {
    const port = await listen(server, settings.port, settings.host)
    const operatorPort = await listen(operatorServer, settings.operatorPort, settings.operatorHost)
    const origin = originOf(settings, port)
    const composed = await compose(settings, origin, surroundings)
    attach(composed.publicListener)
    attachOperator(composed.operatorListener)
    return {
      composed,
      url: origin.origin,
      operatorUrl: operatorUrlOf(settings, operatorPort),
      operatorToken: composed.operatorToken,
      async stop(graceMs) {
        composed.drain()
        const patienceEnds = setInterval(
          () => servers.forEach((one) => void one.closeAllConnections()),
          graceMs,
        )
        // Readiness is asked on the operator listener, so that one answers "draining" until the last request is through.
        for (const drain of drains) await drain()
        clearInterval(patienceEnds)
        await composed.close()
      },
    }
  } catch (error) {
    for (const one of servers) {
      one.close()
      one.closeAllConnections()
    }
    throw error
  }
}
