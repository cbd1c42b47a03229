import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { systemClock } from '#domain/clock.ts'
import { loadKeyMaterial } from '#secrets/key-file.ts'
import { type Secrets, secretsFrom } from '#secrets/secrets.ts'
import { openStore } from '#store/open-store.ts'
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts'
import { send } from '../../support/send.ts'
import { type LookedUp, lookupRows } from '../grant-lookups.ts'
import { accessTokenOf, grantKeyOf, million, scattered, writeGrants } from '../many-grants.ts'
import { pairedRounds, type Side } from '../paired-rounds.ts'
import { type Row, rowOf, type Scenario } from '../row.ts'
import { ourStart, pinToLoad, type ServerProcess, startServer } from '../server-process.ts'

const few = 1_000
const mostBytesPerGrant = 1_500
const roundMs = 1_000
/** On each Redis: one process is up to a tenth faster for good than another of the same program. */
const nodeCount = 4
/** Introspections under way at a time. */
const parallel = 64
/** Of a million so many that no cache of a processor holds them. */
const keysLookedUp = 300_000
const scenario = 'million-redis'
/** As it is seeded. */
const resourceServer = { client_id: 'resource-server', client_secret: 'resource-server-secret' }
const subject = 'a million live grants on Redis'
const peer = 'a thousand live grants'

/** A Redis with so many grants, and nodes on it. */
interface Filled extends LookedUp {
  readonly count: number
  readonly nodes: readonly ServerProcess[]
  readonly secrets: Secrets
  readonly bytesPerGrant: number
}

async function factOf(redis: Redis, section: string, name: string): Promise<number> {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(await redis.info(section))?.[1])
}

const startNode = (data: string, { url }: RedisServer): Promise<ServerProcess> => {
  const config = join(data, 'redis.yaml')
  writeFileSync(config, `store: ${url.href}\n`)
  const listeners = ['--port', '0', '--operator-port', '0', '--limits', 'off']
  return startServer([...ourStart, '--json', ...listeners, '--config', config, '--data', data])
}

async function open(count: number, closing: AsyncDisposableStack): Promise<Filled> {
  const data = mkdtempSync(join(tmpdir(), 'panoptes-bench-'))
  closing.defer(() => rmSync(data, { recursive: true, force: true }))
  const server = closing.use(await startRedisServer())
  // It writes keys and seed, which whoever fills the Redis then finds.
  const nodes: ServerProcess[] = []
  for (let started = 0; started < nodeCount; started += 1)
    nodes.push(closing.use(await startNode(data, server)))
  const secrets = secretsFrom(await loadKeyMaterial(data, randomBytes), randomBytes)
  const settings = { kind: 'redis', address: server.address, replicas: 0 } as const
  const { store } = await openStore(settings, { clock: systemClock, random: randomBytes })
  closing.defer(() => store.close())
  const plain = new Redis(server.url.href, { enableAutoPipelining: true })
  closing.defer(() => plain.disconnect())
  const before = await factOf(plain, 'memory', 'used_memory')
  await writeGrants(store, secrets, { count, now: systemClock.now() })
  const numbers = scattered()
  const bytesPerGrant = ((await factOf(plain, 'memory', 'used_memory')) - before) / count
  return {
    count,
    nodes,
    secrets,
    store,
    keys: Array.from({ length: keysLookedUp }, () => grantKeyOf(numbers() % count)),
    plain,
    redisPid: await factOf(plain, 'server', 'process_id'),
    bytesPerGrant,
  }
}

/** Introspections (RFC 7662), which read the grant anew each time: what a client notices of how many there are. */
function introspecting({ nodes, secrets, count }: Filled, agent: Agent): Side {
  const numbers = scattered()
  const urls = nodes.map(({ ready }) => `${ready['url']}/v7/oauth2/introspect`)
  let next = 0
  async function introspect(): Promise<void> {
    const token = accessTokenOf(secrets, numbers() % count)
    next = (next + 1) % urls.length
    const { status, body } = await send(agent, urls[next] ?? '', {
      form: new URLSearchParams({ ...resourceServer, token }).toString(),
    })
    if (status !== 200 || !body.includes('"active":true'))
      throw new Error(`an introspection was answered ${status}: ${body}`)
  }
  return {
    server: { cpuMicroseconds: () => nodes.reduce((sum, node) => sum + node.cpuMicroseconds(), 0) },
    async load() {
      const startedAt = performance.now()
      let asked = 0
      async function client(): Promise<void> {
        for (; performance.now() - startedAt < roundMs; asked += 1) await introspect()
      }
      await Promise.all(Array.from({ length: parallel }, client))
      return { count: asked, seconds: (performance.now() - startedAt) / 1e3 }
    },
  }
}

async function run(): Promise<readonly Row[]> {
  await using closing = new AsyncDisposableStack()
  const [full, small] = [await open(million, closing), await open(few, closing)]
  const bytes = [{ subject: full.bytesPerGrant, peer: mostBytesPerGrant }]
  const looked = await lookupRows({ scenario, subject, peer }, full, small)
  // The nodes have the server's core for themselves.
  for (const { redisPid } of [full, small]) pinToLoad(redisPid)
  const agent = new Agent({ keepAlive: true })
  closing.defer(() => agent.destroy())
  const names = { scenario, subject, peer, unit: 'introspections' }
  return [
    rowOf({ scenario, subject, peer: 'the goal', metric: 'bytes per grant' }, bytes),
    ...looked,
    ...(await pairedRounds(names, introspecting(full, agent), introspecting(small, agent))),
  ]
}

/** Equal speeds differ by so much from run to run. */
const notSlower = ({ ratio }: Row): boolean => ratio >= 0.95

/** Takes some minutes: a million grants have to be written first. */
export const millionRedis: Scenario = {
  name: scenario,
  goals: [
    { scenario, metric: 'bytes per grant', holds: ({ ratio }) => ratio < 1, text: 'below 1.5 KB' },
    {
      scenario,
      metric: 'microseconds of a single look-up',
      holds: ({ ratio }) => ratio <= 1.05,
      text: 'not slower',
    },
    { scenario, metric: 'lookups per second', holds: notSlower, text: 'not slower' },
    { scenario, metric: 'records read per second', holds: notSlower, text: 'not slower' },
    {
      scenario,
      metric: 'records read per second, of the same for plain GETs',
      holds: notSlower,
      text: 'no more slower than any Redis with so many keys',
    },
    { scenario, metric: 'introspections per second', holds: notSlower, text: 'not slower' },
  ],
  run,
}
