/**
 * Records of schema version 1, which stood under `panoptes:` without braces and so in many slots. They are read here alone, for
 * `panoptes migrate`; the form of a record is the same.
 */
import type { Redis } from 'ioredis'
import type { Clock } from '#domain/clock.ts'
import type { OpenedStore } from './images.ts'
import type { RedisAddress } from './redis-address.ts'
import { asking } from './redis-asking.ts'
import { answerMilliseconds, redisConnections } from './redis-connections.ts'
import { redisImages } from './redis-images.ts'
import { StoreFailure } from './store.ts'

const prefix = 'panoptes:'
const batch = 500

/** @returns the version of such records, undefined when there are none, or when this user may not look there */
const schemaOf = async (redis: Redis, { shape }: RedisAddress): Promise<string | undefined> =>
  // On a Cluster there never were any.
  shape === 'cluster' ? undefined : ((await redis.get(`${prefix}schema`).catch(() => null)) ?? undefined)

/** @returns what is wrong with a Redis that holds such records and no others, in words; undefined when it holds none */
export async function olderRecords(redis: Redis, address: RedisAddress): Promise<string | undefined> {
  const schema = await schemaOf(redis, address)
  return schema === undefined
    ? undefined
    : `its records are of schema version ${schema}; stop all nodes and carry them over with panoptes migrate, where --from and --to may both name it`
}

const unread = (): never => {
  throw new StoreFailure('records of schema version 1 are only carried over')
}

function reading(redis: Redis): Pick<Parameters<typeof redisImages>[0], 'scan' | 'stored'> {
  return {
    async scan(cursor) {
      const [next, found] = await redis.zscan(`${prefix}expiry`, cursor, 'COUNT', batch)
      return { next, keys: found.filter((_, position) => position % 2 === 0) }
    },
    stored: (keys) => redis.mget(...keys.map((key) => `${prefix}record:${key}`)),
  }
}

/** @returns a store that only gives an image; undefined when there are no such records @throws StoreFailure when Redis does not answer */
export async function openOlderRedis(address: RedisAddress, clock: Clock): Promise<OpenedStore | undefined> {
  const connections = redisConnections(address, { tag: 'panoptes', replicas: 0 })
  const { commands } = connections
  const parts = { milliseconds: answerMilliseconds, unfit: () => undefined, known: () => undefined }
  const { askAnyway } = asking(commands, { ...parts, name: address.name })
  try {
    await askAnyway(() => commands.connect())
    if ((await askAnyway(() => schemaOf(commands, address))) === undefined) {
      connections.close()
      return undefined
    }
  } catch (failure) {
    connections.close()
    throw failure
  }
  const store: OpenedStore['store'] = {
    read: unread,
    commit: unread,
    list: unread,
    purge: unread,
    async close() {
      connections.close()
    },
  }
  return { store, images: redisImages({ store, clock, ...reading(commands) }) }
}
