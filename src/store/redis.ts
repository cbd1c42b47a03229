/**
 * Redis store: the adapter for several processes, on one Redis 7 or Valkey node.
 * Each commit is one script, hence atomic, in one round trip. A failure is told within about a second, never as a hanging
 * promise, and a command that ioredis sends twice counts once (reliability principle 5). Reads go to the primary alone.
 * A cluster will need more: the scripts reach index and expiry keys in other slots than the record's, so each grant must
 * bring its own tagged sets, and several keys must be read slot by slot.
 */
import { Redis, type RedisOptions } from 'ioredis'
import type { Clock } from '#domain/clock.ts'
import { assertKeepable, versionSource } from './changes.ts'
import type { OpenedStore } from './images.ts'
import { type RedisImagesParts, redisImages } from './redis-images.ts'
import { commitScript, listScript, purgeScript } from './redis-scripts.ts'
import { type Change, type Store, type StoredRecord, StoreFailure } from './store.ts'

export interface RedisStoreParts {
  /** `redis:` or `rediss:`, with credentials and a database number if need be. */
  readonly url: URL
  readonly clock: Clock
  /** Gives so many random bytes. */
  readonly random: (size: number) => Uint8Array
  /** Stands before every key, so that several installations may share one Redis. */
  readonly prefix?: string
}

/** Raise it with every change of what is stored, together with the steps that carry older records over. */
const schemaVersion = 1

/** From the call to the failure: in ioredis a command also waits for the pipeline before it. */
const answerMilliseconds = 1_000
/** Longer than ioredis may take to reconnect and to send a command again. */
const markMilliseconds = 10_000
/** Redis drops a record so long after its expiry, if no purge came first. */
const graceMilliseconds = 5 * 60_000
/** One script never looks at more keys, because nobody else is served meanwhile. */
const largestSlice = 500

interface ScriptedRedis extends Redis {
  commitChanges(keyCount: number, ...keysAndArguments: (string | number)[]): Promise<number>
  listIndex(keyCount: number, ...keysAndArguments: (string | number)[]): Promise<string[]>
  purgeExpired(keyCount: number, ...keysAndArguments: (string | number)[]): Promise<number>
}

const connection = {
  lazyConnect: true,
  connectTimeout: answerMilliseconds,
  commandTimeout: answerMilliseconds,
  maxRetriesPerRequest: 1,
  enableOfflineQueue: false,
  enableAutoPipelining: true,
  retryStrategy: (attempts: number) => Math.min(50 * 2 ** (attempts - 1), 500),
  // 2: connect again and send the command again. After a fail-over the old primary refuses writes so.
  reconnectOnError: (failure: Error) => (failure.message.startsWith('READONLY') ? (2 as const) : false),
} satisfies RedisOptions

/** @throws Error that names host and port, when Redis does not answer or keeps records of a newer Panoptes */
export async function openRedisStore({
  url,
  clock,
  random,
  prefix = 'panoptes:',
}: RedisStoreParts): Promise<OpenedStore> {
  const redis = scripted(new Redis(url.href, connection))
  const ask = asking(redis, url)
  const nextVersion = versionSource(random)
  const recordKey = (key: string): string => `${prefix}record:${key}`

  try {
    await ask(() => redis.connect())
    assertSchema(await ask(() => redis.set(`${prefix}schema`, schemaVersion, 'NX', 'GET')), url)
  } catch (failure) {
    redis.disconnect()
    throw failure
  }

  const store: Store = {
    async read(keys) {
      if (keys.length === 0) return []
      const found = await ask(() => redis.mget(...keys.map(recordKey)))
      const now = clock.now()
      return keys.map((key, position) => liveRecord(key, found[position], now))
    },
    async commit(changes) {
      assertKeepable(changes)
      const version = nextVersion()
      const now = clock.now()
      const keys = [`${prefix}commit:${version}`, ...changes.map(({ key }) => recordKey(key))]
      const parts = [
        now,
        prefix,
        markMilliseconds,
        version,
        ...changes.flatMap((change) => wordsOf(change, now)),
      ]
      const answer = await ask(() => redis.commitChanges(keys.length, ...keys, ...parts))
      return answer === 1 ? 'committed' : 'conflict'
    },
    async list(index, { limit = 1_000, after } = {}) {
      const found: StoredRecord[] = []
      const now = clock.now()
      for (let from = after === undefined ? '-' : `(${after}`; from !== '' && found.length < limit; ) {
        const slice = Math.min(limit - found.length, largestSlice)
        const parts = [`${prefix}index:${index}`, now, prefix, index, from, slice]
        const [next = '', ...listed] = await ask(() => redis.listIndex(1, ...parts))
        for (let at = 0; at < listed.length; at += 2)
          found.push(recordOf(listed[at] ?? '', listed[at + 1] ?? ''))
        from = next
      }
      return found
    },
    async purge(limit) {
      for (let purged = 0; ; ) {
        const slice = Math.max(0, Math.min(limit - purged, largestSlice))
        const parts = [`${prefix}expiry`, clock.now(), prefix, slice]
        const gone = await ask(() => redis.purgeExpired(1, ...parts))
        purged += gone
        if (gone < slice || purged >= limit) return purged
      }
    },
    async close() {
      if (redis.status === 'end') return
      await ask(() => redis.quit()).catch(() => redis.disconnect())
    },
  }
  return { store, images: redisImages({ store, clock, ...lookingOver(redis, prefix, ask) }) }
}

type Ask = <Answer>(question: () => Promise<Answer>) => Promise<Answer>

/** @returns how images find every record: each key stands among the keys by expiry */
function lookingOver(redis: Redis, prefix: string, ask: Ask): Pick<RedisImagesParts, 'scan' | 'stored'> {
  return {
    async scan(cursor) {
      const [next, found] = await ask(() => redis.zscan(`${prefix}expiry`, cursor, 'COUNT', largestSlice))
      return { next, keys: found.filter((_, position) => position % 2 === 0) }
    },
    stored: (keys) => ask(() => redis.mget(...keys.map((key) => `${prefix}record:${key}`))),
  }
}

function scripted(redis: Redis): ScriptedRedis {
  redis.defineCommand('commitChanges', { lua: commitScript })
  redis.defineCommand('listIndex', { lua: listScript })
  redis.defineCommand('purgeExpired', { lua: purgeScript })
  return redis as ScriptedRedis
}

/** @returns what puts a question to Redis and turns silence, too, into a failure in the words of the port */
function asking(redis: Redis, { host }: URL): Ask {
  let trouble = ''
  // Without a listener ioredis prints to the console; here the reason is told with the next failure.
  redis.on('error', ({ message }: Error) => {
    trouble = ` (${message})`
  })
  redis.on('ready', () => {
    trouble = ''
  })
  return async (question) => {
    const silence = Promise.withResolvers<never>()
    const timer = setTimeout(() => silence.reject(new Error('no answer in time')), answerMilliseconds)
    try {
      return await Promise.race([question(), silence.promise])
    } catch (failure) {
      const reason = redis.status === 'ready' ? (failure as Error).message : `not connected${trouble}`
      // No cause: ioredis hangs the command's arguments on its errors, and those are records that no log may see.
      throw new StoreFailure(`Redis at ${host} does not answer: ${reason}`)
    } finally {
      clearTimeout(timer)
    }
  }
}

function assertSchema(found: string | null, { host }: URL): void {
  if (found !== null && Number(found) !== schemaVersion)
    throw new Error(
      `cannot use Redis at ${host}: its schema version is ${found}, this Panoptes supports ${schemaVersion}`,
    )
}

/** The six arguments by which commitScript knows a change. */
function wordsOf(change: Change, now: number): (string | number)[] {
  if (change.kind === 'delete') return [change.key, 'delete', 0, 0, '[]', '']
  const { key, value, expiresAt, expected, indexes = [] } = change
  // A span, not an instant: our clock may be a virtual one, and Redis keeps the machine's time.
  const lifetime = Math.max(0, expiresAt - now) + graceMilliseconds
  return [key, expected, expiresAt, lifetime, JSON.stringify(indexes), value]
}

function liveRecord(key: string, stored: string | null | undefined, now: number): StoredRecord | undefined {
  const record = stored ? recordOf(key, stored) : undefined
  return record && record.expiresAt > now ? record : undefined
}

/** The inverse of what commitScript stores. */
function recordOf(key: string, stored: string): StoredRecord {
  const end = stored.indexOf('\n')
  const [version = '', expiresAt = ''] = stored.slice(0, end).split(' ', 2)
  return Object.freeze({ key, version, value: stored.slice(end + 1), expiresAt: Number(expiresAt) })
}
