/**
 * Redis store: the adapter for several processes, on one Redis 7 or Valkey node.
 * Each commit is one script, hence atomic, in one round trip. A failure is told within about a second, never as a hanging
 * promise, and a command that ioredis sends twice counts once (reliability principle 5). Reads go to the primary alone.
 * A cluster will need more: the scripts reach index and expiry keys in other slots than the record's, so each grant must
 * bring its own tagged sets, and several keys must be read slot by slot.
 */
import { Redis, type RedisOptions } from 'ioredis'
import { whenKnown } from '#domain/awaitable.ts'
import type { Clock } from '#domain/clock.ts'
import { assertKeepable, versionSource } from './changes.ts'
import type { OpenedStore } from './images.ts'
import { type Ask, answerMilliseconds, asking } from './redis-asking.ts'
import { type RedisImagesParts, redisImages } from './redis-images.ts'
import { watchPolicy } from './redis-policy.ts'
import { type RecentRecordsParts, recentRecords } from './redis-recent.ts'
import { recordOf, storedRecord, wordsOf } from './redis-records.ts'
import { beatScript, commitScript, listScript, purgeScript } from './redis-scripts.ts'
import type { Store, StoredRecord } from './store.ts'

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

/** Longer than ioredis may take to reconnect and to send a command again. */
const markMilliseconds = 10_000
/** Of records kept at hand, in UTF-16 units. */
const cacheSize = 32 * 1024 * 1024
/** One script never looks at more keys, because nobody else is served meanwhile. */
const largestSlice = 500

interface ScriptedRedis extends Redis {
  commitChanges(keyCount: number, ...keysAndArguments: (string | number)[]): Promise<number>
  listIndex(keyCount: number, ...keysAndArguments: (string | number)[]): Promise<string[]>
  beat(keyCount: number, ...keysAndArguments: (string | number)[]): Promise<number>
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
  const policy = watchPolicy(() => redis.info('memory'))
  const ask = asking(redis, url, policy.reason)
  const nextVersion = versionSource(random)
  const recordKey = (key: string): string => `${prefix}record:${key}`

  try {
    await ask(() => redis.connect())
    await policy.look()
    assertSchema(await ask(() => redis.set(`${prefix}schema`, schemaVersion, 'NX', 'GET')), url)
  } catch (failure) {
    policy.stop()
    redis.disconnect()
    throw failure
  }

  const recent = recentRecords({ ...hearingOf(redis, prefix, random), most: cacheSize })
  const fetched = fetching({ redis, ask, recordKey })
  const live = (records: readonly (StoredRecord | undefined)[]): readonly (StoredRecord | undefined)[] => {
    const now = clock.now()
    return records.map((record) => (record && record.expiresAt > now ? record : undefined))
  }

  const store: Store = {
    read: (keys, freshness = 'exact') =>
      whenKnown(freshness === 'recent' ? recent.read(keys, fetched) : fetched(keys), live),
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
      try {
        const answer = await ask(() => redis.commitChanges(keys.length, ...keys, ...parts))
        return answer === 1 ? 'committed' : 'conflict'
      } finally {
        recent.forget(changes.map(({ key }) => key))
      }
    },
    list: listing({ redis, ask, prefix, clock }),
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
      recent.close()
      policy.stop()
      if (redis.status === 'end') return
      await ask(() => redis.quit()).catch(() => redis.disconnect())
    },
  }
  return { store, images: redisImages({ store, clock, ...lookingOver(redis, prefix, ask) }) }
}

interface ListingParts extends Pick<RedisStoreParts, 'clock'> {
  readonly redis: ScriptedRedis
  readonly ask: Ask
  readonly prefix: string
}

const listing =
  ({ redis, ask, prefix, clock }: ListingParts): Store['list'] =>
  async (index, { limit = 1_000, after } = {}) => {
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
  }

interface FetchingParts {
  readonly redis: Redis
  readonly ask: Ask
  readonly recordKey: (key: string) => string
}

/** @returns what asks Redis for records, expired ones included */
const fetching =
  ({ redis, ask, recordKey }: FetchingParts) =>
  async (keys: readonly string[]): Promise<readonly (StoredRecord | undefined)[]> => {
    if (keys.length === 0) return []
    const found = await ask(() => redis.mget(...keys.map(recordKey)))
    return keys.map((key, position) => storedRecord(key, found[position]))
  }

/** How this node hears of changes: on a connection of its own, with beats that show whether it still does. */
function hearingOf(
  redis: ScriptedRedis,
  prefix: string,
  random: RedisStoreParts['random'],
): Omit<RecentRecordsParts, 'most'> {
  const changed = `${prefix}changed`
  const beats = `${prefix}beats:${Buffer.from(random(12)).toString('base64url')}`
  const subscriber = redis.duplicate({ autoResubscribe: false })
  // Told by the commands, which fail on the same server.
  subscriber.on('error', () => undefined)
  return {
    changed,
    beats,
    beat: (text) => redis.beat(1, `${prefix}schema`, prefix, schemaVersion, beats, text),
    announcements: {
      listen(hear, lost) {
        subscriber.on('message', hear)
        subscriber.on('close', lost)
        subscriber.on('ready', () => void subscriber.subscribe(changed, beats).catch(() => undefined))
        subscriber.connect().catch(() => undefined)
      },
      restart: () => subscriber.disconnect(true),
      close: () => subscriber.disconnect(),
    },
  }
}

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
  redis.defineCommand('beat', { lua: beatScript })
  return redis as ScriptedRedis
}

function assertSchema(found: string | null, { host }: URL): void {
  if (found !== null && Number(found) !== schemaVersion)
    throw new Error(
      `cannot use Redis at ${host}: its schema version is ${found}, this Panoptes supports ${schemaVersion}`,
    )
}
