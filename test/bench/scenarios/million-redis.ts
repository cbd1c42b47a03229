import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { systemClock } from '#domain/clock.ts'
import { newKeyMaterial } from '#secrets/key-file.ts'
import { secretsFrom } from '#secrets/secrets.ts'
import { openStore } from '#store/open-store.ts'
import { parseRedisAddress } from '#store/redis-address.ts'
import type { Store } from '#store/store.ts'
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts'
import { grantKeyOf, million, scattered, writeGrants } from '../many-grants.ts'
import { type Row, rowOf, type Scenario } from '../row.ts'

const few = 1_000
const mostBytesPerGrant = 1_500
const rounds = 15
const roundMs = 1_000
/** Reads under way at a time. */
const parallel = 64
const scenario = 'million-redis'

async function usedBytes({ url }: RedisServer): Promise<number> {
  const redis = new Redis(url.href)
  const info = await redis.info('memory')
  redis.disconnect()
  return Number(/^used_memory:(\d+)/m.exec(info)?.[1])
}

/** @param next the number of the next grant @returns how many grants were read in a second, one command each */
async function lookupsPerSecond(store: Store, next: () => number): Promise<number> {
  const startedAt = performance.now()
  let count = 0
  async function reader(): Promise<void> {
    for (; performance.now() - startedAt < roundMs; count += 1) {
      const [record] = await store.read([grantKeyOf(next())])
      if (!record) throw new Error('a grant is missing')
    }
  }
  await Promise.all(Array.from({ length: parallel }, reader))
  return (count / (performance.now() - startedAt)) * 1000
}

async function run(): Promise<readonly Row[]> {
  const secrets = secretsFrom(await newKeyMaterial(randomBytes), randomBytes)
  await using servers = new AsyncDisposableStack()
  async function open(count: number): Promise<{ readonly store: Store; readonly bytes: number }> {
    const server = servers.use(await startRedisServer())
    const address = parseRedisAddress(server.url.href)
    if (!address) throw new Error('the address of the Redis cannot be read')
    const { store } = await openStore(
      { kind: 'redis', address, replicas: 0 },
      { clock: systemClock, random: randomBytes },
    )
    servers.defer(() => store.close())
    const before = await usedBytes(server)
    await writeGrants(store, secrets, { count, now: systemClock.now() })
    return { store, bytes: ((await usedBytes(server)) - before) / count }
  }
  const [full, small] = [await open(million), await open(few)]
  const numbers = scattered()
  const measured: { subject: number; peer: number }[] = []
  for (let round = 0; round < rounds; round += 1)
    measured.push({
      subject: await lookupsPerSecond(full.store, numbers),
      peer: await lookupsPerSecond(small.store, () => numbers() % few),
    })
  const bytes = [{ subject: full.bytes, peer: mostBytesPerGrant }]
  const subject = 'a million live grants on Redis'
  return [
    rowOf({ scenario, subject, peer: 'the goal', metric: 'bytes per grant' }, bytes),
    rowOf({ scenario, subject, peer: 'a thousand live grants', metric: 'lookups per second' }, measured),
  ]
}

/** Takes some minutes: a million grants have to be written first. */
export const millionRedis: Scenario = {
  name: scenario,
  goals: [
    { scenario, metric: 'bytes per grant', holds: ({ ratio }) => ratio < 1, text: 'below 1.5 KB' },
    // Equal speeds differ by so much from run to run.
    { scenario, metric: 'lookups per second', holds: ({ ratio }) => ratio >= 0.95, text: 'not slower' },
  ],
  run,
}
