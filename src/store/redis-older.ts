/** Whether a Redis holds records of schema version 1, which stood under `panoptes:` without braces and so in many slots. */
import type { Redis } from 'ioredis'
import type { RedisAddress } from './redis-address.ts'

export const olderPrefix = 'panoptes:'

/** @returns the version of such records, undefined when there are none, or when this user may not look there */
export const olderSchema = async (redis: Redis, { shape }: RedisAddress): Promise<string | undefined> =>
  // On a Cluster there never were any.
  shape === 'cluster' ? undefined : ((await redis.get(`${olderPrefix}schema`).catch(() => null)) ?? undefined)

/** @returns what is wrong with a Redis that holds such records and no others, in words; undefined when it holds none */
export async function olderRecords(redis: Redis, address: RedisAddress): Promise<string | undefined> {
  const schema = await olderSchema(redis, address)
  return schema === undefined
    ? undefined
    : `its records are of schema version ${schema}; stop all nodes and carry them over with panoptes migrate, where --from and --to may both name it`
}
