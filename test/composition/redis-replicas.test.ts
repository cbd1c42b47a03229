import { setTimeout as pause } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
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
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { ownRedis, plainClient } from '../support/own-redis.ts'
import type { RunningPanoptes } from '../support/panoptes.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { nodeOn, untilReadiness } from './redis-ground.ts'

interface Replicated {
  readonly node: RunningPanoptes
  readonly tokens: Tokens
  /** What the replica hears of its primary. */
  readonly link: FaultProxy
  /** The primary dies, and the replica serves. */
  failOver(): Promise<void>
}

async function untilLinked(replica: Redis): Promise<void> {
  while (!/master_link_status:up/.test(await replica.info('replication'))) await pause(50)
}

/** A node on a primary with one replica, and a connection that was replicated. */
async function replicated(replicas: number): Promise<Replicated> {
  const primary: RedisServer = await ownRedis()
  const link = await startFaultProxy(primary.port)
  const replica = await ownRedis(['--replicaof', '127.0.0.1', `${link.port}`])
  const plain = plainClient(replica)
  await untilLinked(plain)
  const front = await startFaultProxy(primary.port)
  const node = await nodeOn(`redis://127.0.0.1:${front.port}`, {
    environment: { PANOPTES_REPLICAS: String(replicas) },
  })
  const tokens = await connectMeraki(node, await signedIn(node))
  expect(await plainClient(primary).wait(1, 5_000)).toBe(1)
  return {
    node,
    tokens,
    link,
    async failOver() {
      await primary.kill()
      await plain.call('REPLICAOF', 'NO', 'ONE')
      front.turnTo(replica.port)
      await untilReadiness(node, 200)
    },
  }
}

const revoke = async (node: RunningPanoptes, { refresh_token: token }: Tokens): Promise<number> =>
  (await post(node, paths.revoke, { ...merakiSecret, token })).status

describe('a revocation and a fail-over to a replica that heard nothing of it', () => {
  test('is answered 503 where one replica has to have it', async () => {
    const { node, tokens, link, failOver } = await replicated(1)
    await link.behave('lose-replies')
    const begun = performance.now()
    expect(await revoke(node, tokens)).toBe(503)
    expect(performance.now() - begun).toBeLessThan(3_000)
    // It took effect on the primary, and that is not acknowledged either, however often it is asked: the replica knows nothing of it.
    expect(await revoke(node, tokens)).toBe(503)
    expectRefusal(await refresh(node, tokens.refresh_token), 'temporarily_unavailable', 503)
    await link.behave('pass')
    while ((await revoke(node, tokens)) !== 200) await pause(50)
    await failOver()
    expect(await v7Status(node, tokens.access_token)).toBe(401)
  })

  test('is answered 503 to the operator who ends everything, and says none is left once the replica has it', async () => {
    const { node, tokens, link, failOver } = await replicated(1)
    const endAll = (): Promise<Response> =>
      fetch(`${node.operatorUrl}/operator/connections?region=us1`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${node.operatorToken}` },
      })
    await link.behave('lose-replies')
    expect((await endAll()).status).toBe(503)
    // Nothing is left that could be ended, on the primary.
    expect((await endAll()).status).toBe(503)
    await link.behave('pass')
    let answer = await endAll()
    for (; answer.status !== 200; answer = await endAll()) await pause(50)
    expect(await answer.json()).toEqual({ revoked: 0 })
    await failOver()
    expect(await v7Status(node, tokens.access_token)).toBe(401)
  })

  test('comes back to life where none has to: Redis answers before it replicates', async () => {
    const { node, tokens, link, failOver } = await replicated(0)
    await link.behave('lose-replies')
    expect(await revoke(node, tokens)).toBe(200)
    expect(await v7Status(node, tokens.access_token)).toBe(401)
    await failOver()
    expect(await v7Status(node, tokens.access_token)).toBe(200)
  })
})

describe('a revocation and a fail-over to a replica that acknowledged it', () => {
  test('stays: the token is dead on the new primary', async () => {
    const { node, tokens, failOver } = await replicated(1)
    expect(await revoke(node, tokens)).toBe(200)
    await failOver()
    expect(await v7Status(node, tokens.access_token)).toBe(401)
  })

  test('nothing is acknowledged any more while no replica is left', async () => {
    const { node, tokens, failOver } = await replicated(1)
    await failOver()
    expect(await v7Status(node, tokens.access_token)).toBe(200)
    expect(await revoke(node, tokens)).toBe(503)
  })
})
