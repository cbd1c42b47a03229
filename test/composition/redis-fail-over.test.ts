import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  connectMeraki,
  expectRefusal,
  merakiSecret,
  paths,
  post,
  refresh,
  signedIn,
  type Tokens,
  v7Status,
} from '../authorization-server/protocol.ts'
import type { RunningPanoptes } from '../support/panoptes.ts'
import { type RedisTopology, startRedisCluster, startRedisSentinels } from '../support/redis-topologies.ts'
import { nodesOn, untilAllReady } from './redis-ground.ts'

/** Asks until the answer is no 503: while nobody serves, nothing else may be said. */
async function untilAnswered(ask: () => PromiseLike<number>): Promise<number> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const status = await ask()
    if (status !== 503) return status
    await pause(50)
  }
  return 503
}

describe.each([
  ['Sentinels', startRedisSentinels],
  ['a Cluster', startRedisCluster],
])('two nodes on Redis by %s', (_, start) => {
  let topology: RedisTopology
  beforeAll(async () => {
    topology = await start()
  }, 60_000)
  afterAll(() => topology?.[Symbol.asyncDispose]())

  test('go on after a hand-over and after a death, and revoke on both of them', async () => {
    const nodes = await nodesOn(topology.text, { count: 2, environment: { PANOPTES_REPLICAS: '1' } })
    const [one, other] = nodes as [RunningPanoptes, RunningPanoptes]
    let tokens: Tokens = await connectMeraki(one, await signedIn(one))
    const ended = await connectMeraki(other, await signedIn(other))
    expect((await post(other, paths.revoke, { ...merakiSecret, token: ended.access_token })).status).toBe(200)

    await topology.handOver()
    await untilAllReady(nodes)
    for (const node of nodes) {
      expect(await untilAnswered(() => v7Status(node, tokens.access_token))).toBe(200)
      expect(await untilAnswered(() => v7Status(node, ended.access_token))).toBe(401)
    }
    const refreshed = async (): Promise<number> => {
      const answer = await refresh(other, tokens.refresh_token)
      if (answer.status === 200) tokens = answer.body as Tokens
      return answer.status
    }
    expect(await untilAnswered(refreshed)).toBe(200)
    expect(await v7Status(one, tokens.access_token)).toBe(200)
    const revoke = async (): Promise<number> =>
      (await post(one, paths.revoke, { ...merakiSecret, token: tokens.refresh_token })).status
    expect(await untilAnswered(revoke)).toBe(200)
    for (const node of nodes) expect(await untilAnswered(() => v7Status(node, tokens.access_token))).toBe(401)

    // The last replica takes over: what reads works, and nothing can be acknowledged any more.
    await topology.kill()
    await untilAllReady(nodes)
    for (const node of nodes) {
      expect(await untilAnswered(() => v7Status(node, tokens.access_token))).toBe(401)
      expectRefusal(await refresh(node, tokens.refresh_token), 'temporarily_unavailable', 503)
    }
  }, 90_000)
})
