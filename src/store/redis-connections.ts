/**
 * Connections to the Redis that serves: the one server, the primary that Sentinels name, or the node of a Cluster that holds our
 * slot. They begin anew by themselves, each time asking who serves now. A failure is told within about a second, never as a hanging
 * promise; nothing is asked of a replica on purpose.
 */
import { Redis, type RedisOptions } from 'ioredis'
import type { RedisAddress } from './redis-address.ts'
import { slotConnector } from './redis-slot.ts'

/** From the call to the failure. */
export const answerMilliseconds = 1_000

/** Of a single command, so that none hangs for ever; who asks gives up before, and not without looking for the answer (redis-asking.ts). */
const commandMilliseconds = 2 * answerMilliseconds

const retryMilliseconds = 250

/** What a server says that does not hold our slot, or must not write, any more: another one serves. */
const isElsewhere = ({ message }: Error): boolean => /^(?:READONLY|MOVED|ASK|CLUSTERDOWN)\b/.test(message)

const options = {
  lazyConnect: true,
  connectTimeout: answerMilliseconds,
  commandTimeout: commandMilliseconds,
  maxRetriesPerRequest: 1,
  enableOfflineQueue: false,
  autoResubscribe: false,
  retryStrategy: (attempts: number) => Math.min(50 * 2 ** (attempts - 1), 500),
  reconnectOnError: isElsewhere,
} satisfies RedisOptions

/** Without a name Node sends none, and a server with several certificates cannot choose (RFC 6066 §3). */
const tlsOf = (host: string): RedisOptions => ({ tls: /^[\d.]+$|:/.test(host) ? {} : { servername: host } })

/** @param tag what stands in braces in every key */
function optionsOf(address: RedisAddress, tag: string): RedisOptions {
  const { username, password } = address
  const signIn = { ...(username !== undefined && { username }), ...(password !== undefined && { password }) }
  switch (address.shape) {
    case 'single': {
      const [{ host, port }] = address.servers
      return { ...options, ...signIn, host, port, db: address.database, ...(address.tls && tlsOf(host)) }
    }
    case 'sentinel':
      return {
        ...options,
        ...signIn,
        sentinels: [...address.servers],
        name: address.primary,
        role: 'master',
        db: address.database,
        sentinelCommandTimeout: answerMilliseconds,
        sentinelRetryStrategy: () => retryMilliseconds,
        // Told of a fail-over, too, by Sentinels that see what this process cannot: an old primary that still answers.
        failoverDetector: true,
        ...(address.sentinelUsername !== undefined && { sentinelUsername: address.sentinelUsername }),
        ...(address.sentinelPassword !== undefined && { sentinelPassword: address.sentinelPassword }),
        ...(address.tls && { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true }),
      }
    case 'cluster':
      return {
        ...options,
        ...signIn,
        ...(address.tls && { tls: {} }),
        Connector: slotConnector(address, { tag, answerMilliseconds, retryMilliseconds }),
      }
    default:
      return address satisfies never
  }
}

export interface RedisConnections {
  readonly commands: Redis
  /** For commits that wait for replicas, so that nothing else waits behind them; else the same as `commands`. */
  readonly commits: Redis
  /** For announcements alone. */
  readonly announcements: Redis
  /** Leaves a server that says nothing, so that nothing queues up for it, and looks for the one that serves. */
  leave(): void
  close(): void
}

/** @param parts.replicas how many of them a commit waits for @returns connections that wait to be connected */
export function redisConnections(
  address: RedisAddress,
  { tag, replicas }: { readonly tag: string; readonly replicas: number },
): RedisConnections {
  const ours = optionsOf(address, tag)
  let isClosed = false

  function open(): Redis {
    // No automatic pipelines: each waits for the answer to the one before it (DECISIONS 166).
    const redis = new Redis({ ...ours, replyMapping: 'legacy' })
    // A connector that was interrupted while it looked for the server gives up for good.
    redis.on('end', () => {
      const again = (): void => void (isClosed || redis.connect().catch(() => undefined))
      setTimeout(again, retryMilliseconds).unref()
    })
    return redis
  }

  const commands = open()
  const commits = replicas > 0 ? open() : commands
  const announcements = open()
  // Told by the commands, which fail on the same server.
  announcements.on('error', () => undefined)
  const all = [...new Set([commands, commits, announcements])]
  return {
    commands,
    commits,
    announcements,
    leave() {
      for (const one of new Set([commands, commits])) if (one.status === 'ready') one.disconnect(true)
    },
    close() {
      isClosed = true
      for (const one of all) one.disconnect()
    },
  }
}
