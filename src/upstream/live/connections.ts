import type { EventEmitter } from 'node:events'
import { Socket } from 'node:net'
import { type buildConnector, Client, type Dispatcher } from 'undici'
import type { Connecting } from './connector.ts'
import type { LiveSettings } from './live-settings.ts'

/** A connection to the upstream, or what becomes one with its next request. It serves one request at a time. */
export interface Connection {
  readonly client: Dispatcher
  /** How many answers came over it since it was made; 0 while there is none. */
  answers: number
  /** While it is being made: ends that. */
  giveUp: () => void
}

export interface Connections {
  /** The one that was used last, as it is the least likely to have been closed meanwhile. */
  take(): Connection
  /** Back for the next request. */
  giveBack(connection: Connection): void
  /** For one that nobody shall use any more. */
  drop(connection: Connection): void
  close(): Promise<void>
}

type Waits = Pick<LiveSettings, 'headersTimeout' | 'bodyTimeout'>

/** An idle connection is closed by us after so long, before a server's own patience ends, unless the server says how long it has. */
const keptMs = 20_000
const keptAtMostMs = 120_000

/** Idle connections beyond these are not kept, once a burst is over. */
const mostIdle = 64

const nothing = (): void => undefined

/** Keep-alive connections of one origin, as many as there are requests under way. */
export function openConnections(origin: string, { connect }: Connecting, waits: Waits): Connections {
  const idle: Connection[] = []
  const all = new Set<Connection>()

  /** An attempt that nobody waits for any more would hold a socket until its time is over. */
  function connectFor(connection: () => Connection): buildConnector.connector {
    return (to, callback) => {
      const made: unknown = connect(to, (...outcome) => {
        connection().giveUp = nothing
        callback(...outcome)
      })
      if (made instanceof Socket) connection().giveUp = () => made.destroy()
    }
  }

  function open(): Connection {
    const client: Client = new Client(origin, {
      connect: connectFor(() => connection),
      allowH2: false,
      pipelining: 1,
      headersTimeout: waits.headersTimeout * 1_000,
      bodyTimeout: waits.bodyTimeout * 1_000,
      keepAliveTimeout: keptMs,
      keepAliveMaxTimeout: keptAtMostMs,
    })
    const connection: Connection = { client, answers: 0, giveUp: nothing }
    client.on('disconnect', () => {
      connection.answers = 0
    })
    // Whatever it is about, the request under way hears of it by itself. Its types do not know the event, its code emits it.
    const emitter: EventEmitter = client
    emitter.on('error', () => undefined)
    all.add(connection)
    return connection
  }

  function drop(connection: Connection): void {
    all.delete(connection)
    connection.giveUp()
    connection.client.destroy(null, () => undefined)
  }

  return {
    take: () => idle.pop() ?? open(),
    giveBack(connection) {
      if (idle.length < mostIdle && all.has(connection)) idle.push(connection)
      else drop(connection)
    },
    drop,
    async close() {
      idle.length = 0
      await Promise.all([...all].map(({ client }) => client.destroy()))
      all.clear()
    },
  }
}
