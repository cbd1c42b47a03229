import { Redis } from 'ioredis'
import { onTestFinished } from 'vitest'
import { type RedisServer, startRedisServer } from './redis-server.ts'

/** Ends with the test. */
export async function ownRedis(more?: readonly string[]): Promise<RedisServer> {
  const redis = await startRedisServer(more)
  onTestFinished(() => redis[Symbol.asyncDispose]())
  return redis
}

/** A plain client, which ends with the test. */
export function plainClient({ url }: Pick<RedisServer, 'url'>): Redis {
  const redis = new Redis(url.href)
  redis.on('error', () => undefined)
  onTestFinished(() => redis.disconnect())
  return redis
}
