import { describe, expect, test } from 'vitest'
import { keptOnDisk } from '../authorization-server/kept-on-disk.ts'
import { ownRedis } from '../support/own-redis.ts'
import type { RunningPanoptes } from '../support/panoptes.ts'
import { nodesOn } from './redis-ground.ts'

const admin = { Authorization: 'Bearer f537f4ac-2921-3199-bbab-d5a43f1c2b60' }

interface Seen {
  readonly status: number
  readonly remaining: string | null
}

async function call({ url }: RunningPanoptes): Promise<Seen> {
  const answer = await fetch(`${url}/v7/account-groups`, { headers: admin })
  await answer.arrayBuffer()
  return { status: answer.status, remaining: answer.headers.get('x-organization-rate-limit-remaining') }
}

/** Two nodes whose minute has just begun. */
async function ground() {
  const redis = await ownRedis()
  const keys = keptOnDisk()
  const start = (count: number): Promise<readonly RunningPanoptes[]> =>
    nodesOn(redis.url.href, { count, keys, limits: 'on' })
  const nodes = (await start(2)) as [RunningPanoptes, RunningPanoptes]
  const seconds = 60 - (Date.now() % 60_000) / 1000
  for (const node of nodes) node.advance(seconds)
  return { redis, start, nodes, seconds }
}

async function spread(nodes: readonly RunningPanoptes[], calls: number): Promise<readonly Seen[]> {
  const seen: Seen[] = []
  for (let round = 0; round < calls / nodes.length; round += 1)
    seen.push(...(await Promise.all(nodes.map(call))))
  return seen
}

const refused: Seen = { status: 429, remaining: '0' }

describe('240 calls that are spread over two nodes', () => {
  test('are all that both let through in the minute, and all that one started meanwhile does', async () => {
    const { nodes, start, seconds } = await ground()
    const first = await spread(nodes, 240)
    expect(first.filter(({ status }) => status !== 200)).toEqual([])
    await expect.poll(() => spread(nodes, 2), { timeout: 10_000, interval: 250 }).toEqual([refused, refused])
    const [third] = (await start(1)) as [RunningPanoptes]
    third.advance(seconds)
    await expect.poll(() => call(third), { timeout: 10_000, interval: 250 }).toEqual(refused)
    for (const node of nodes) node.advance(60)
    expect((await spread(nodes, 2)).map(({ status }) => status)).toEqual([200, 200])
  })

  test('are told in the headers of both', async () => {
    const { nodes } = await ground()
    await spread(nodes, 100)
    let calls = 100
    for (const node of nodes)
      await expect
        .poll(
          async () => {
            calls += 1
            return 240 - calls - Number((await call(node)).remaining)
          },
          { timeout: 20_000, interval: 500 },
        )
        .toBe(0)
    expect(calls).toBeLessThan(200)
  })
})

test('nodes let nothing through uncounted while Redis is away, and count together again after it', async () => {
  const { nodes, redis } = await ground()
  await spread(nodes, 20)
  await redis.kill()
  await expect
    .poll(async () => (await spread(nodes, 2)).map(({ status }) => status), { timeout: 5_000 })
    .toEqual([503, 503])
  expect((await spread(nodes, 600)).filter(({ status }) => status === 200)).toEqual([])
  await redis.restart()
  await expect
    .poll(() => spread(nodes, 20).then((seen) => seen.slice(-2)), { timeout: 20_000 })
    .toEqual([refused, refused])
})
