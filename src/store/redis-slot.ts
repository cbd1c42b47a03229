/**
 * The node of a Redis Cluster that holds our slot. All keys of an installation are in one slot, so of a Cluster client's work only
 * this is left: ask any node who holds it, connect there, and ask again whenever that node is gone or says that it moved.
 */
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { AbstractConnector, Redis, type RedisOptions } from 'ioredis'
import type { RedisAddress, RedisServer } from './redis-address.ts'

type Cluster = RedisAddress & { readonly shape: 'cluster' }

export interface SlotParts {
  /** What stands in braces in every key. */
  readonly tag: string
  readonly answerMilliseconds: number
  readonly retryMilliseconds: number
}

/** Of CLUSTER SLOTS: from, to, then the nodes, the primary first. A node is host, port, and more. */
type SlotRange = readonly [number, number, ...(readonly [string | null, number, ...unknown[]])[]]

interface Found {
  readonly owner: RedisServer
  readonly nodes: readonly RedisServer[]
}

async function ask(server: RedisServer, cluster: Cluster, parts: SlotParts): Promise<Found> {
  const { username, password, tls } = cluster
  const redis = new Redis({
    ...server,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: {} }),
    lazyConnect: true,
    connectTimeout: parts.answerMilliseconds,
    commandTimeout: parts.answerMilliseconds,
    enableReadyCheck: false,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  })
  let trouble: Error | undefined
  redis.on('error', (failure: Error) => {
    trouble = failure
  })
  try {
    const [slot, ranges] = await Promise.all([
      redis.cluster('KEYSLOT', `{${parts.tag}}`),
      redis.cluster('SLOTS') as Promise<SlotRange[]>,
    ])
    // A node that does not know its own name leaves it out: it is the one that was asked.
    const serverOf = ([host, port]: SlotRange[2]): RedisServer => ({ host: host || server.host, port })
    const holder = ranges.find(([from, to]) => from <= slot && slot <= to)?.[2]
    if (!holder) throw new Error(`no node holds slot ${slot}`)
    return { owner: serverOf(holder), nodes: ranges.flatMap(([, , ...nodes]) => nodes.map(serverOf)) }
  } catch (failure) {
    throw trouble ?? failure
  } finally {
    redis.disconnect()
  }
}

const nameOf = ({ host, port }: RedisServer): string => `${host}:${port}`

/** @returns asks one node after the other, beginning after the one that answered last, as that may be cut off from the rest */
function finder(cluster: Cluster, parts: SlotParts): () => Promise<RedisServer> {
  let known = cluster.servers
  return async () => {
    let last: unknown
    for (const server of known) {
      try {
        const { owner, nodes } = await ask(server, cluster, parts)
        const all = [...known, ...nodes].filter((node) => node !== server)
        known = [...new Map([...all, server].map((node) => [nameOf(node), node])).values()]
        return owner
      } catch (failure) {
        last = failure
      }
    }
    known = [...new Map([...cluster.servers, ...known].map((node) => [nameOf(node), node])).values()]
    throw new Error(`no node tells who holds our slot: ${(last as Error).message}`)
  }
}

/** @returns a connector for ioredis, which demands a class of its own kind */
export function slotConnector(
  cluster: Cluster,
  parts: SlotParts,
): new (
  options: unknown,
) => AbstractConnector {
  const find = finder(cluster, parts)
  return class SlotConnector extends AbstractConnector {
    constructor(options: unknown) {
      super((options as RedisOptions).disconnectTimeout ?? parts.answerMilliseconds)
    }

    override check(info: { readonly role?: string }): boolean {
      return info.role === undefined || info.role === 'master'
    }

    override async connect(
      tell: (event: string, failure: Error) => void,
    ): Promise<AbstractConnector['stream']> {
      this.connecting = true
      for (;;) {
        const owner = await find().catch((failure: Error) => failure)
        if (!this.connecting) throw new Error('Connection is closed.')
        if (!(owner instanceof Error)) {
          this.stream = cluster.tls ? connectTls(owner) : connect(owner)
          this.stream.once('error', (failure) => {
            this.firstError = failure
          })
          return this.stream
        }
        tell('error', owner)
        await pause(parts.retryMilliseconds, undefined, { ref: false })
      }
    }
  }
}
