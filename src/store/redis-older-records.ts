/** Records of schema version 1, read here alone, for `panoptes migrate`; the form of a record is the same. */
import type { Redis } from 'ioredis'
import type { Clock } from '#domain/clock.ts'
import type { OpenedStore } from './images.ts'
import type { RedisAddress } from './redis-address.ts'
import { asking } from './redis-asking.ts'
import { answerMilliseconds, redisConnections } from './redis-connections.ts'
import { type RedisImagesParts, redisImages } from './redis-images.ts'
import { olderPrefix, olderSchema } from './redis-older.ts'
import { StoreFailure } from './store.ts'

const batch = 500

const unread = (): never => {
  throw new StoreFailure('records of schema version 1 are only carried over')
}

function reading(redis: Redis): Omit<RedisImagesParts, 'store' | 'clock'> {
  return {
    async *keys() {
      for (let cursor = '0', isFirst = true; isFirst || cursor !== '0'; isFirst = false) {
        const [next, found] = await redis.zscan(`${olderPrefix}expiry`, cursor, 'COUNT', batch)
        yield found.filter((_, position) => position % 2 === 0)
        cursor = next
      }
    },
    stored: (keys) => redis.mget(...keys.map((key) => `${olderPrefix}record:${key}`)),
    forgetAll: unread,
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
    if ((await askAnyway(() => olderSchema(commands, address))) === undefined) {
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
