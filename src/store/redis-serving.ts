/** The Redis that serves: connected, looked at, begun when it is empty, and asked. */
import type { Redis } from 'ioredis'
import type { Clock } from '#domain/clock.ts'
import { versionSource } from './changes.ts'
import type { Patience, StoreImage } from './images.ts'
import type { RedisAddress } from './redis-address.ts'
import { type Ask, asking } from './redis-asking.ts'
import { answerMilliseconds, type RedisConnections, redisConnections } from './redis-connections.ts'
import { type ServerClock, serverClock } from './redis-hearing.ts'
import { olderRecords } from './redis-older.ts'
import { beginningWords } from './redis-records.ts'
import { beginScript } from './redis-scripts.ts'
import { CannotBegin, type RedisFacts, type RedisStanding, redisStanding } from './redis-standing.ts'
import { StoreFailure } from './store.ts'

/** Raise it with every change of what is stored, together with the steps that carry older records over. */
export const schemaVersion = 2

export interface RedisServingParts {
  readonly address: RedisAddress
  readonly clock: Clock
  /** Gives so many random bytes. */
  readonly random: (size: number) => Uint8Array
  /** So many replicas must have a commit before it counts (default 0). */
  readonly replicas?: number
  /** What a store begins with that holds nothing, also one that lost all (default: nothing). */
  readonly beginning?: () => Promise<StoreImage>
  /** Given, opening succeeds while Redis is away; else it fails then. */
  readonly patience?: Patience
  /** Whether an empty one stays empty, as it is only looked at; there is nothing to read then. */
  readonly staysAsItIs?: boolean
  /** Whether it may be used beside records of an older version, which are being carried over into it. */
  readonly besideOlder?: boolean
  /** In braces before every key: the slot of a Cluster, and so that several installations may share one Redis. */
  readonly tag?: string
}

export interface RedisServing {
  readonly connections: RedisConnections
  /** Before every key. */
  readonly prefix: string
  readonly ask: Ask
  /** The same, of the connection of the commits. */
  readonly askToCommit: Ask
  readonly standing: RedisStanding
  readonly clockOfServer: ServerClock
  /** Has this told, too, whenever all records are others than before. */
  onRenewed(told: () => void): void
  close(): void
}

interface Beginning {
  beginRecords(keyCount: number, ...keysAndArguments: (string | number)[]): Promise<string>
}

/** @returns what writes the beginning into an empty Redis, in one script, so that of several nodes one does */
function beginner(redis: Redis, prefix: string, parts: RedisServingParts): () => Promise<string> {
  const { clock, random, beginning = async () => [] } = parts
  redis.defineCommand('beginRecords', { lua: beginScript })
  const nextVersion = versionSource(random)
  return async () => {
    const image = await beginning()
    const birth = Buffer.from(random(12)).toString('base64url')
    const now = clock.now()
    const words = [prefix, `${schemaVersion} ${birth} 0`, nextVersion()]
    try {
      return await (redis as Redis & Beginning).beginRecords(
        1,
        `${prefix}head`,
        ...words,
        ...image.flatMap((record) => beginningWords(record, now)),
      )
    } catch (failure) {
      throw new CannotBegin(
        `it is empty, and what it begins with cannot be written: ${(failure as Error).message}`,
      )
    }
  }
}

/** @returns what looks at the server that serves now */
function looker(redis: Redis, prefix: string, clock: ServerClock): () => Promise<RedisFacts> {
  return async () => {
    const sentAt = performance.now()
    const [memory, replication, time, head] = await Promise.allSettled([
      redis.info('memory'),
      redis.info('replication'),
      redis.time(),
      redis.get(`${prefix}head`),
    ])
    if (head.status === 'rejected') throw head.reason
    if (time.status === 'fulfilled') {
      const [seconds, microseconds] = time.value
      clock.saw(Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000), sentAt)
    }
    return {
      // Not every user may ask for INFO.
      ...(memory.status === 'fulfilled' && { memory: memory.value }),
      ...(replication.status === 'fulfilled' && { replication: replication.value }),
      head: head.value,
    }
  }
}

/** Tells each reason once, and of use only after a reason. */
function teller(told: Patience['told']): Patience['told'] {
  let last: string | undefined
  return (reason) => {
    if (reason === last) return
    last = reason
    told(reason)
  }
}

/**
 * @throws StoreFailure when the server cannot be used and there is no patience
 * @throws Error when it keeps records of another version; each names the server
 */
export async function openRedis(parts: RedisServingParts): Promise<RedisServing> {
  const { address, replicas = 0, tag = 'panoptes', patience } = parts
  const { name } = address
  const prefix = `{${tag}}:`
  const connections = redisConnections(address, { tag, replicas })
  const { commands, commits } = connections
  const clockOfServer = serverClock()
  let isClosed = false
  const tell = teller((reason) => void (isClosed || patience?.told(reason)))
  const renewals: (() => void)[] = [() => patience?.renewed()]
  const standing = redisStanding({
    name,
    schemaVersion,
    look: looker(commands, prefix, clockOfServer),
    older: async () => (parts.besideOlder ? undefined : olderRecords(commands, address)),
    begin: parts.staysAsItIs ? async () => undefined : beginner(commands, prefix, parts),
    renewed: () => renewals.forEach((told) => void told()),
    told: (wrong) => tell(wrong && `Redis at ${name} cannot be used: ${wrong}`),
  })
  const asked = { name, milliseconds: answerMilliseconds, unfit: standing.reason, known: standing.known }
  const { ask, askAnyway, absence } = asking(commands, asked)
  const tellAbsence = (): void => void (commands.status === 'ready' || tell(absence()))
  commands.on('ready', standing.connected)
  commands.on('error', tellAbsence)
  commands.on('close', tellAbsence)
  const serving: RedisServing = {
    connections,
    prefix,
    ask,
    askToCommit: commits === commands ? ask : asking(commits, asked).ask,
    standing,
    clockOfServer,
    onRenewed: (told) => void renewals.push(told),
    close() {
      isClosed = true
      standing.stop()
      connections.close()
    },
  }
  try {
    const all = [...new Set([commands, commits])]
    await askAnyway(() => Promise.all(all.map((one) => one.connect()))).catch((failure: unknown) => {
      if (!patience) throw failure
    })
    await standing.known()
    const wrong = standing.reason()
    if (standing.isRefused() || (wrong !== undefined && !patience))
      throw new StoreFailure(`Redis at ${name} cannot be used: ${wrong}`)
    return serving
  } catch (failure) {
    serving.close()
    throw failure
  }
}
