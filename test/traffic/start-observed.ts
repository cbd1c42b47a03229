import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { KnownAnswers } from '../../src/traffic/known-answer.ts'
import { type Listener, observed } from '../../src/traffic/observe.ts'
import { type OpenTraffic, openTraffic } from '../../src/traffic/open-traffic.ts'
import type { Exchange, Target } from '../../src/traffic/traffic.ts'
import { type FakeClock, fakeClock } from '../support/fake-clock.ts'
import { type HandTimers, handTimers, machineTimers } from './hand-timers.ts'

export const hash = (text: string): string =>
  createHash('sha256').update(`journal\0${text}`).digest('base64url')

/** Names enough for tests: `/v7/NAME` is an operation, `/token` the endpoint, the rest are pages. */
export function nameOf(_method: string, path: string): Target {
  const operation = /^\/v7\/(\w+)$/.exec(path)?.[1]
  if (operation !== undefined) return { surface: 'v7', name: operation }
  return path === '/token' ? { surface: 'oauth', name: 'token' } : { surface: 'pages', name: undefined }
}

export interface Observed extends AsyncDisposable {
  readonly port: number
  readonly url: string
  readonly traffic: OpenTraffic
  readonly clock: FakeClock
  /** Machine time, moved by hand; undefined when it runs by itself. */
  readonly timers: HandTimers
  /** Waits for exchanges that have ended, newest last. */
  exchanges(count: number): Promise<readonly Exchange[]>
}

export interface ObservedOptions {
  readonly knownAnswer?: KnownAnswers
  /** Machine time runs by itself. */
  readonly isTimeReal?: boolean
}

/** A listener behind a journal and faults, on a free port of loopback. */
export async function startObserved(listener: Listener, options: ObservedOptions = {}): Promise<Observed> {
  const clock = fakeClock()
  const timers = handTimers()
  const traffic = openTraffic({
    clock,
    timers: options.isTimeReal === true ? machineTimers : timers,
    hash,
    nameOf,
  })
  const server = createServer(
    observed(listener, {
      traffic,
      addressOf: ({ socket }) => socket.remoteAddress ?? '',
      isOwnAffair: (path) => path.startsWith('/emulator'),
      knownAnswer: options.knownAnswer ?? (() => undefined),
    }),
  )
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    traffic,
    clock,
    timers,
    async exchanges(count) {
      const { journal } = traffic
      while (journal.find({}).length < count) {
        const exchange = await journal.next({}, { timeoutMs: 5000, signal: AbortSignal.timeout(5000) })
        if (!exchange) throw new Error(`${journal.find({}).length} of ${count} exchanges have ended`)
      }
      return journal.find({})
    },
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
