import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { RedisAddress } from '#store/redis-address.ts'
import { freePort } from './free-port.ts'
import { type RedisServer, redisAddress, startRedisServer } from './redis-server.ts'

/** Several Redis on loopback that end with the process that started them. */
export interface RedisTopology extends AsyncDisposable {
  readonly address: RedisAddress
  /** As the settings have it. */
  readonly text: string
  /** The one that serves our slot now. */
  primary(): Promise<RedisServer>
  /** A plain client of the one that serves now; it ends with the topology. */
  plain(): Promise<Redis>
  /** Has the replica serve, and the one that served become its replica, as an operator would. Resolves when that has happened. */
  handOver(): Promise<void>
  /** Kills the one that serves. Resolves when another one serves. */
  kill(): Promise<void>
}

const deadlineMs = 30_000

/** @throws Error when it does not become true in time */
async function until(isTrue: () => Promise<boolean>, what: string): Promise<void> {
  for (const begun = performance.now(); ; ) {
    if (await isTrue().catch(() => false)) return
    if (performance.now() - begun > deadlineMs) throw new Error(`${what} within ${deadlineMs / 1_000} s: no`)
    await pause(50)
  }
}

/** What is ended together, last first. */
function ending(): { add<One extends AsyncDisposable>(one: One): One; end(): Promise<void> } {
  const all: AsyncDisposable[] = []
  return {
    add(one) {
      all.push(one)
      return one
    },
    async end() {
      for (const one of all.reverse()) await one[Symbol.asyncDispose]()
    },
  }
}

function folder(): AsyncDisposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'panoptes-redis-'))
  return { path, [Symbol.asyncDispose]: async () => rmSync(path, { recursive: true, force: true }) }
}

/** @returns a client that ends with the rest, and tells of no trouble by itself */
function clientOf(server: RedisServer, { add }: ReturnType<typeof ending>): Redis {
  const redis = new Redis({
    port: server.port,
    host: '127.0.0.1',
    maxRetriesPerRequest: 1,
    commandTimeout: 2_000,
  })
  redis.on('error', () => undefined)
  add({ [Symbol.asyncDispose]: async () => redis.disconnect() })
  return redis
}

const isPrimary = async (redis: Redis): Promise<boolean> => (await redis.role())[0] === 'master'

/** @returns the first one that says that it is a primary, and satisfies the rest @throws Error when none does */
async function findPrimary(
  servers: readonly RedisServer[],
  clients: readonly Redis[],
  serves: (redis: Redis) => Promise<boolean> = async () => true,
): Promise<number> {
  for (const [number, redis] of clients.entries()) {
    const does = await Promise.all([isPrimary(redis), serves(redis)]).catch(() => [false])
    if (servers[number] && does.every(Boolean)) return number
  }
  throw new Error('there is no primary')
}

function topologyOf(
  parts: {
    readonly text: string
    readonly servers: readonly RedisServer[]
    readonly clients: readonly Redis[]
  },
  all: ReturnType<typeof ending>,
  { serves, order }: HandingOver,
): RedisTopology {
  const { text, servers, clients } = parts
  const find = (): Promise<number> => findPrimary(servers, clients, serves)
  const untilAnother = (before: number): Promise<void> =>
    until(async () => (await find()) !== before, 'another primary')
  return {
    text,
    address: redisAddress(text),
    primary: async () => servers[await find()] as RedisServer,
    plain: async () => clients[await find()] as Redis,
    async handOver() {
      const before = await find()
      await order(before)
      await untilAnother(before)
    },
    async kill() {
      const before = await find()
      await servers[before]?.kill()
      await untilAnother(before)
    },
    [Symbol.asyncDispose]: all.end,
  }
}

interface HandingOver {
  /** Whether a primary is the one that holds our slot; all are where there is one alone. */
  readonly serves?: (redis: Redis) => Promise<boolean>
  /** @param primary which one serves now */
  readonly order: (primary: number) => Promise<unknown>
}

/** A primary and a replica, and three Sentinels that hand over after half a second. */
export async function startRedisSentinels(): Promise<RedisTopology> {
  const all = ending()
  const { path } = all.add(folder())
  const primary = all.add(await startRedisServer())
  const replica = all.add(await startRedisServer(['--replicaof', '127.0.0.1', `${primary.port}`]))
  const sentinels: RedisServer[] = []
  for (const number of [1, 2, 3]) {
    const file = join(path, `sentinel-${number}.conf`)
    const lines = [
      'bind 127.0.0.1',
      `sentinel monitor main 127.0.0.1 ${primary.port} 2`,
      'sentinel down-after-milliseconds main 500',
      'sentinel failover-timeout main 2000',
    ]
    writeFileSync(file, `${lines.join('\n')}\n`)
    sentinels.push(all.add(await startRedisServer([file, '--sentinel'])))
  }
  const clients = [primary, replica].map((server) => clientOf(server, all))
  const [, replicaClient] = clients
  await until(
    async () => /master_link_status:up/.test((await replicaClient?.info('replication')) ?? ''),
    'a replica',
  )
  for (const sentinel of sentinels) {
    const asked = clientOf(sentinel, all)
    const seesAll = async (): Promise<boolean> => {
      const facts = String(await asked.call('SENTINEL', 'master', 'main'))
      return /num-slaves,1/.test(facts) && /num-other-sentinels,2/.test(facts)
    }
    await until(seesAll, 'Sentinels that know each other')
  }
  const places = sentinels.map(({ port }) => `127.0.0.1:${port}`)
  const text = `redis+sentinel://${places.join(',')}/main`
  const [sentinel] = sentinels
  const asked = clientOf(sentinel as RedisServer, all)
  return topologyOf({ text, servers: [primary, replica], clients }, all, {
    order: () => asked.call('SENTINEL', 'FAILOVER', 'main'),
  })
}

const slots = 16_384

/** Three primaries, each with a replica that takes over after a second or so. */
export async function startRedisCluster(): Promise<RedisTopology> {
  const all = ending()
  const { path } = all.add(folder())
  const servers: RedisServer[] = []
  for (let number = 1; number <= 6; number += 1)
    servers.push(
      all.add(
        await startRedisServer([
          ...['--cluster-enabled', 'yes', '--dir', path, '--cluster-config-file', `nodes-${number}.conf`],
          ...['--cluster-port', `${await freePort()}`, '--cluster-node-timeout', '1000'],
          ...['--cluster-require-full-coverage', 'no', '--cluster-replica-validity-factor', '0'],
        ]),
      ),
    )
  const clients = servers.map((server) => clientOf(server, all))
  const primaries = clients.slice(0, 3)
  const share = Math.ceil(slots / 3)
  for (const [number, redis] of primaries.entries()) {
    await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', `${number + 1}`)
    await redis.call(
      'CLUSTER',
      'ADDSLOTSRANGE',
      `${number * share}`,
      `${Math.min(slots, (number + 1) * share) - 1}`,
    )
  }
  const [first] = clients
  for (const [number, redis] of clients.entries()) {
    if (number === 0) continue
    const port = Number(
      /cluster-port\n(\d+)|(\d+)/
        .exec(String(await redis.config('GET', 'cluster-port')))?.[0]
        ?.replace(/\D/g, ''),
    )
    await first?.call('CLUSTER', 'MEET', '127.0.0.1', `${servers[number]?.port}`, `${port}`)
  }
  const knows = async (redis: Redis, words: RegExp): Promise<boolean> =>
    words.test(await redis.cluster('INFO'))
  for (const redis of clients)
    await until(() => knows(redis, /cluster_known_nodes:6/), 'nodes that know each other')
  for (const [number, redis] of clients.slice(3).entries())
    await redis.call('CLUSTER', 'REPLICATE', String(await primaries[number]?.cluster('MYID')))
  for (const redis of clients) await until(() => knows(redis, /cluster_state:ok/), 'a cluster that is whole')
  for (const redis of clients.slice(3))
    await until(async () => /master_link_status:up/.test(await redis.info('replication')), 'replicas')
  const slot = String(await first?.cluster('KEYSLOT', '{panoptes}'))
  // A key of the slot is answered by its holder alone; all others say where to go.
  const serves = async (redis: Redis): Promise<boolean> =>
    (await redis.exists('{panoptes}:head')) >= 0 && slot !== ''
  const text = `redis+cluster://${servers
    .slice(1, 3)
    .map(({ port }) => `127.0.0.1:${port}`)
    .join(',')}`
  return topologyOf({ text, servers, clients }, all, {
    serves,
    // The nth primary and the nth replica are a shard, whoever of them serves.
    order: async (primary) => clients[(primary + 3) % 6]?.call('CLUSTER', 'FAILOVER'),
  })
}
