import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { RedisAddress } from '#store/redis-address.ts'
import { redisAddress } from '../support/redis-server.ts'

/** Stands between a store and its Redis. */
export interface RedisProxy {
  readonly address: RedisAddress
  /**
   * Loses the reply to the next commit: the request reaches Redis, the reply does not come back, the connection is cut.
   * @returns when that has happened; new connections wait until `letIn`
   */
  loseNextReply(): Promise<void>
  letIn(): void
  /** From now on nothing arrives on connections that listen for announcements; they stay open. */
  muteAnnouncements(): void
  /** Loses the next announcement of changed records, and what comes with it; all that follows arrives. */
  loseNextAnnouncement(): void
}

/** @returns a proxy to the Redis on that port, on loopback; it ends with the test */
export async function startRedisProxy(port: number): Promise<RedisProxy> {
  const sockets = new Set<Socket>()
  let lost: PromiseWithResolvers<void> | undefined
  let letIn = Promise.withResolvers<void>()
  letIn.resolve()
  let isMute = false
  let losesOne = false

  function isUnheard(reply: Buffer): boolean {
    const isLost = losesOne && reply.toString('latin1').includes(':changed')
    if (isLost) losesOne = false
    return isMute || isLost
  }

  const server = createServer((client) => void join(client))
  async function join(client: Socket): Promise<void> {
    track(client)
    await letIn.promise
    const redis = connect(port, '127.0.0.1')
    track(redis)
    client.pipe(redis)
    let listens = false
    let commits = false
    client.on('data', (asked) => {
      const words = asked.toString('latin1')
      listens ||= /subscribe/i.test(words)
      commits ||= lost !== undefined && words.includes('commit:')
    })
    client.on('close', () => redis.destroy())
    redis.on('close', () => client.destroy())
    let isCut = false
    redis.on('data', (reply) => {
      if (isCut || (listens && isUnheard(reply))) return
      if (!lost || !commits) {
        client.write(reply)
        return
      }
      cut(client, lost)
      lost = undefined
      commits = false
      isCut = true
    })
  }
  /** After a moment: a beat may have been answered just before the commit, which is to reach Redis. */
  function cut(client: Socket, told: PromiseWithResolvers<void>): void {
    letIn = Promise.withResolvers()
    setTimeout(() => {
      client.destroy()
      told.resolve()
    }, 20)
  }
  function track(socket: Socket): void {
    sockets.add(socket)
    // A cut connection is what this proxy is for.
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    letIn.resolve()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    address: redisAddress(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`),
    loseNextReply() {
      lost = Promise.withResolvers()
      return lost.promise
    },
    letIn: () => letIn.resolve(),
    muteAnnouncements() {
      isMute = true
    },
    loseNextAnnouncement() {
      losesOne = true
    },
  }
}
