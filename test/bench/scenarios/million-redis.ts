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
import type { Store } from '#store/store.ts'
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts'
import { send } from '../../support/send.ts'
import { accessTokenOf, grantKeyOf, million, scattered, writeGrants } from '../many-grants.ts'
import { pairedRounds, type Side } from '../paired-rounds.ts'
import { type Row, rowOf, type Scenario } from '../row.ts'
import {
  ourStart,
  pinToLoad,
  pinToServer,
  processorMicroseconds,
  type ServerProcess,
  startServer,
} from '../server-process.ts'

const few = 1_000
const mostBytesPerGrant = 1_500
const rounds = 15
const roundMs = 1_000
/** Under way at a time. */
const parallel = 64
const scenario = 'million-redis'
/** As it is seeded. */
const resourceServer = { client_id: 'resource-server', client_secret: 'resource-server-secret' }
const subject = 'a million live grants on Redis'
const peer = 'a thousand live grants'

/** A Redis with so many grants, a node on it, and ways to it that need no node. */
interface Filled {
  readonly count: number
  readonly node: ServerProcess
  readonly secrets: Secrets
  readonly store: Store
  /** No more than GET, on the same keys. */
  readonly plain: Redis
  readonly redisPid: number
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
  const node = closing.use(await startNode(data, server))
  const secrets = secretsFrom(await loadKeyMaterial(data, randomBytes), randomBytes)
  const settings = { kind: 'redis', address: server.address, replicas: 0 } as const
  const { store } = await openStore(settings, { clock: systemClock, random: randomBytes })
  closing.defer(() => store.close())
  const plain = new Redis(server.url.href, { enableAutoPipelining: true })
  closing.defer(() => plain.disconnect())
  const before = await factOf(plain, 'memory', 'used_memory')
  await writeGrants(store, secrets, { count, now: systemClock.now() })
  const bytesPerGrant = ((await factOf(plain, 'memory', 'used_memory')) - before) / count
  return {
    count,
    node,
    secrets,
    store,
    plain,
    redisPid: await factOf(plain, 'server', 'process_id'),
    bytesPerGrant,
  }
}

interface Measured {
  readonly perSecond: number
  readonly perRedisSecond: number
}

/** @param ask reads one grant, one command each */
async function lookups(redisPid: number, ask: () => Promise<unknown>): Promise<Measured> {
  const used = processorMicroseconds(redisPid)
  const startedAt = performance.now()
  let count = 0
  async function reader(): Promise<void> {
    for (; performance.now() - startedAt < roundMs; count += 1)
      if (!(await ask())) throw new Error('a grant is missing')
  }
  await Promise.all(Array.from({ length: parallel }, reader))
  return {
    perSecond: (count / (performance.now() - startedAt)) * 1e3,
    perRedisSecond: (count / (processorMicroseconds(redisPid) - used)) * 1e6,
  }
}

/** Of the store's own reads, and of plain GETs: what a Redis with so many keys takes, whoever asks. */
async function lookupRows(full: Filled, small: Filled): Promise<readonly Row[]> {
  const numbers = scattered()
  const read = ({ store, count, redisPid }: Filled): Promise<Measured> =>
    lookups(redisPid, async () => (await store.read([grantKeyOf(numbers() % count)]))[0])
  const get = ({ plain, count, redisPid }: Filled): Promise<Measured> =>
    lookups(redisPid, () => plain.get(`{panoptes}:record:${grantKeyOf(numbers() % count)}`))
  const measured: Record<'full' | 'small' | 'fullPlain' | 'smallPlain', Measured>[] = []
  for (const { redisPid } of [full, small]) pinToServer(redisPid)
  for (let round = 0; round < rounds; round += 1)
    measured.push({
      full: await read(full),
      small: await read(small),
      fullPlain: await get(full),
      smallPlain: await get(small),
    })
  type Round = (typeof measured)[number]
  const row = (metric: string, of: (one: Round, side: 'full' | 'small') => number): Row =>
    rowOf(
      { scenario, subject, peer, metric },
      measured.map((one) => ({ subject: of(one, 'full'), peer: of(one, 'small') })),
    )
  const both = (unit: string, of: keyof Measured): readonly Row[] => [
    row(`lookups per ${unit}`, (one, side) => one[side][of]),
    row(`plain GETs per ${unit}`, (one, side) => one[`${side}Plain`][of]),
  ]
  const ofPlain = rowOf(
    { scenario, subject, peer, metric: 'lookups per second, of the same for plain GETs' },
    measured.map(({ full: one, small: other, fullPlain, smallPlain }) => ({
      subject: one.perSecond / other.perSecond,
      peer: fullPlain.perSecond / smallPlain.perSecond,
    })),
  )
  return [...both('second', 'perSecond'), ofPlain, ...both('second of Redis CPU', 'perRedisSecond')]
}

/** Introspections (RFC 7662), which read the grant anew each time: what a client notices of how many there are. */
function introspecting({ node, secrets, count }: Filled, agent: Agent): Side {
  const numbers = scattered()
  const url = `${node.ready['url']}/v7/oauth2/introspect`
  async function introspect(): Promise<void> {
    const token = accessTokenOf(secrets, numbers() % count)
    const { status, body } = await send(agent, url, {
      form: new URLSearchParams({ ...resourceServer, token }).toString(),
    })
    if (status !== 200 || !body.includes('"active":true'))
      throw new Error(`an introspection was answered ${status}: ${body}`)
  }
  return {
    server: node,
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
  const looked = await lookupRows(full, small)
  // The node has the server's core for itself.
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
    { scenario, metric: 'lookups per second', holds: notSlower, text: 'not slower' },
    {
      scenario,
      metric: 'lookups per second, of the same for plain GETs',
      holds: notSlower,
      text: 'no more slower than any Redis with so many keys',
    },
    { scenario, metric: 'introspections per second', holds: notSlower, text: 'not slower' },
  ],
  run,
}
