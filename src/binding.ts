/**
 * Binding: the ports first, as the issuer follows the bound one, then what is served on them; and all of it taken down in order.
 * Knows nothing of what is served.
 */
import { accessSync, constants, existsSync, mkdirSync, opendirSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '#domain/clock.ts'
import { type CommonSettings, SettingsError } from './settings.ts'
import {
  drainable,
  listen,
  listeningLater,
  openServer,
  operatorUrlOf,
  originOf,
  plainServer,
  type RequestListener,
} from './sockets.ts'

/** What is known once the ports are bound. */
export interface Bound {
  readonly origin: URL
  /** Makes a certificate of ours that has expired by then a new one. @param now epoch ms */
  renewCertificate(now: number): Promise<void>
}

/** What is served on the two ports. */
export interface Served {
  readonly publicListener: RequestListener
  readonly operatorListener: RequestListener
  /** From now on readiness says no. */
  drain(): void
  /** Ends what answers for as long as it is let. */
  end(): Promise<void>
  /** Closes everything; no request is under way any more. */
  close(): Promise<void>
}

export interface Binding<Own extends Served> {
  readonly served: Own
  readonly operatorUrl: string
  /** Refuses readiness, serves on for the notice of the settings, finishes what is under way within the grace, closes everything. */
  stop(graceMs: number): Promise<void>
}

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

/**
 * Binds, opens, attaches. @param open what is served, for the origin that the ports gave @returns once both listeners answer
 * @throws SettingsError, or an Error whose message is one line for a person; nothing is bound then
 */
export async function bind<Own extends Served>(
  settings: CommonSettings,
  machine: Clock,
  open: (bound: Bound) => Promise<Own>,
): Promise<Binding<Own>> {
  prepareDirectory(settings.data)
  const { server, renewCertificate } = await openServer(settings, machine)
  const operatorServer = plainServer()
  const servers = [server, operatorServer]
  const drains = servers.map(drainable)
  const [attach, attachOperator] = [listeningLater(server), listeningLater(operatorServer)]
  try {
    const port = await listen(server, settings.port, settings.host)
    const operatorPort = await listen(operatorServer, settings.operatorPort, settings.operatorHost)
    const served = await open({ origin: originOf(settings, port), renewCertificate })
    attach(served.publicListener)
    attachOperator(served.operatorListener)
    return {
      served,
      operatorUrl: operatorUrlOf(settings, operatorPort),
      async stop(graceMs) {
        served.drain()
        await pause(settings.drainNotice * 1_000)
        const patienceEnds = setInterval(
          () => servers.forEach((one) => void one.closeAllConnections()),
          graceMs,
        )
        await served.end()
        // Readiness is asked on the operator listener, so that one answers "draining" until the last request is through.
        for (const drain of drains) await drain()
        clearInterval(patienceEnds)
        await served.close()
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
