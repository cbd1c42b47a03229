/**
 * Redis store: the adapter for several processes, on Redis 7 or Valkey: one server, Sentinels, or a Cluster.
 * Each commit is one script, hence atomic, in one round trip. A failure is told within about a second, never as a hanging
 * promise, and a command that ioredis sends twice counts once (reliability principle 5). Reads go to the primary alone. Every answer
 * is judged by the head beside it: a Redis that lost its records says nothing about any of them.
 */
import type { Redis } from 'ioredis'
import { whenKnown } from '#domain/awaitable.ts'
import type { Clock } from '#domain/clock.ts'
import { assertKeepable, versionSource } from './changes.ts'
import { gatheredReads } from './gathered-reads.ts'
import type { OpenedStore } from './images.ts'
import { directCommits, replicatedCommits } from './redis-commits.ts'
import { confirming } from './redis-confirming.ts'
import { answerMilliseconds } from './redis-connections.ts'
import { hearingOf } from './redis-hearing.ts'
import { type RedisImagesParts, redisImages } from './redis-images.ts'
import { recentRecords } from './redis-recent.ts'
import { recordOf, storedRecord, wordsOf } from './redis-records.ts'
import { commitAnswers, forgetScript, listScript, purgeScript } from './redis-scripts.ts'
import { openRedis, type RedisServing, type RedisServingParts } from './redis-serving.ts'
import { type Store, type StoredRecord, StoreFailure } from './store.ts'

/** Longer than ioredis may take to reconnect and to send a command again. */
const markMilliseconds = 10_000
/** So long replicas have to acknowledge: shorter than anybody waits for the answer. */
const replicaMilliseconds = 500
/** Of records kept at hand, in UTF-16 units. */
const cacheSize = 32 * 1024 * 1024
/** Keys of one question: so few that Redis looks some up while this process takes up what it said of others. */
const mostTogether = 16
/** One script never looks at more keys, because nobody else is served meanwhile. */
const largestSlice = 500

interface ScriptedRedis extends Redis {
  listIndex(keyCount: number, ...keysAndArguments: (string | number)[]): Promise<string[]>
  purgeExpired(keyCount: number, ...keysAndArguments: (string | number)[]): Promise<[number, number]>
  forgetEverything(keyCount: number, ...keysAndArguments: string[]): Promise<null>
}

/** What all parts of the adapter stand on. */
interface Ground extends RedisServing {
  readonly redis: ScriptedRedis
  readonly clock: Clock
}

/**
 * @throws StoreFailure that names the server, when Redis does not answer or cannot be used and nobody is patient, and whenever it
 * keeps records of another version
 */
export async function openRedisStore(parts: RedisServingParts): Promise<OpenedStore> {
  const { clock, random } = parts
  const serving = await openRedis(parts)
  const ground: Ground = { ...serving, redis: scripted(serving.connections.commands), clock }
  const { standing } = serving
  const node = Buffer.from(random(12)).toString('base64url')
  const { channels, heardEverywhere } = confirming({ ...ground, node })
  const hearing = hearingOf({
    ...ground,
    server: serving.clockOfServer,
    node,
    channels,
    sawHead: standing.assertHead,
  })
  const recent = recentRecords({ ...hearing, most: cacheSize })
  serving.onRenewed(recent.forgetAll)
  const fetched = fetching(ground)
  const commit = committing(ground, parts)
  const live = (records: readonly (StoredRecord | undefined)[]): readonly (StoredRecord | undefined)[] => {
    const now = clock.now()
    return records.map((record) => (record && record.expiresAt > now ? record : undefined))
  }

  const store: Store = {
    read: (keys, freshness = 'exact') =>
      whenKnown(freshness === 'recent' ? recent.read(keys, fetched) : fetched(keys), live),
    async commit(changes, reach = 'here') {
      const outcome = await commit(changes).finally(() => recent.forget(changes.map(({ key }) => key)))
      if (reach === 'everywhere' && outcome === 'committed') await heardEverywhere()
      return outcome
    },
    list: listing(ground),
    purge: purging(ground),
    async close() {
      recent.close()
      serving.close()
    },
  }
  async function forgetAll(): Promise<void> {
    recent.forgetAll()
    await ground.ask(() => ground.redis.forgetEverything(1, `${ground.prefix}head`, ground.prefix))
  }
  const images = redisImages({ store, clock, forgetAll, ...lookingOver(ground) })
  return { store, images, settled: standing.settled, isShared: true }
}

/** @throws StoreFailure from a commit that may have taken effect, or not */
function committing(
  { connections, prefix, clock, clockOfServer, askToCommit, standing }: Ground,
  { random, replicas = 0 }: Pick<RedisServingParts, 'random' | 'replicas'>,
): Store['commit'] {
  const { commits: redis } = connections
  const nextVersion = versionSource(random)
  const send =
    replicas === 0
      ? directCommits(redis)
      : replicatedCommits({ redis, prefix, replicas, milliseconds: replicaMilliseconds })
  return async (changes) => {
    if (changes.length === 0 && replicas === 0) return 'committed'
    assertKeepable(changes)
    const version = nextVersion()
    const now = clock.now()
    const keys = [
      `${prefix}head`,
      `${prefix}commit:${version}`,
      ...changes.map(({ key }) => `${prefix}record:${key}`),
    ]
    const answer = await askToCommit(() => {
      const latest = clockOfServer.after(answerMilliseconds) ?? Number.MAX_SAFE_INTEGER
      const words = [now, prefix, markMilliseconds, version, latest]
      return send(keys, [...words, ...changes.flatMap((change) => wordsOf(change, now))])
    })
    if (answer === commitAnswers.lost) standing.assertHead(null)
    if (answer === commitAnswers.late) throw new StoreFailure('Redis took the commit up too late')
    return answer === commitAnswers.committed ? 'committed' : 'conflict'
  }
}

const listing =
  ({ redis, ask, prefix, clock, standing }: Ground): Store['list'] =>
  async (index, { limit = 1_000, after } = {}) => {
    const found: StoredRecord[] = []
    const now = clock.now()
    for (let from = after === undefined ? '-' : `(${after}`; from !== '' && found.length < limit; ) {
      const slice = Math.min(limit - found.length, largestSlice)
      const keys = [`${prefix}head`, `${prefix}index:${index}`]
      const [head, next = '', ...listed] = await ask(() =>
        redis.listIndex(keys.length, ...keys, now, prefix, index, from, slice),
      )
      standing.assertHead(head)
      for (let at = 0; at < listed.length; at += 2)
        found.push(recordOf(listed[at] ?? '', listed[at + 1] ?? ''))
      from = next
    }
    return found
  }

const purging =
  ({ redis, ask, prefix, clock }: Ground): Store['purge'] =>
  async (limit) => {
    for (let purged = 0; ; ) {
      const slice = Math.max(0, Math.min(limit - purged, largestSlice))
      const parts = [`${prefix}due`, clock.now(), prefix, slice]
      const [gone, looked] = await ask(() => redis.purgeExpired(1, ...parts))
      purged += gone
      if (looked < slice || purged >= limit) return purged
    }
  }

/** @returns what asks Redis for records, expired ones included */
function fetching({ redis, ask, prefix, standing }: Ground) {
  return gatheredReads(mostTogether, async (keys) => {
    const names = [`${prefix}head`, ...keys.map((key) => `${prefix}record:${key}`)]
    const [head, ...found] = await ask(() => redis.mget(...names))
    standing.assertHead(head)
    return keys.map((key, position) => storedRecord(key, found[position]))
  })
}

/** @returns how images find every record: each key that ends is filed for the purge, all others are in a set */
function lookingOver({ redis, ask, prefix }: Ground): Pick<RedisImagesParts, 'keys' | 'stored'> {
  return {
    async *keys() {
      for (let cursor = '0', isFirst = true; isFirst || cursor !== '0'; isFirst = false) {
        const [next, found] = await ask(() => redis.sscan(`${prefix}endless`, cursor, 'COUNT', largestSlice))
        yield found
        cursor = next
      }
      // A purge meanwhile files what it finds in later lists.
      for (const due of await ask(() => redis.zrange(`${prefix}due`, '0', '-1')))
        yield await ask(() => redis.lrange(`${prefix}due:${due}`, 0, -1))
    },
    stored: (keys) => ask(() => redis.mget(...keys.map((key) => `${prefix}record:${key}`))),
  }
}

function scripted(redis: Redis): ScriptedRedis {
  redis.defineCommand('listIndex', { lua: listScript })
  redis.defineCommand('purgeExpired', { lua: purgeScript })
  redis.defineCommand('forgetEverything', { lua: forgetScript })
  return redis as ScriptedRedis
}
