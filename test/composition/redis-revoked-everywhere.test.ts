import { describe, expect, test } from 'vitest'
import { keptOnDisk } from '../authorization-server/kept-on-disk.ts'
import {
  connectMeraki,
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
import type { Person } from '../support/person.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { nodeOn } from './redis-ground.ts'

interface Ground {
  readonly redis: RedisServer
  readonly near: RunningPanoptes
  readonly far: RunningPanoptes
  readonly link: FaultProxy
  readonly person: Person
  readonly tokens: Tokens
}

/**
 * A connection that a node has at hand, which hears late of what another one does.
 * @param latencyMs so much later than the others: longer than a call takes
 */
async function ground(latencyMs = 60): Promise<Ground> {
  const redis = await ownRedis()
  const link = await startFaultProxy(redis.port)
  const keys = keptOnDisk()
  const near = await nodeOn(redis.url.href, { keys })
  const far = await nodeOn(`redis://127.0.0.1:${link.port}`, { keys })
  const person = await signedIn(near)
  const tokens = await connectMeraki(near, person)
  for (let call = 0; call < 3; call += 1) expect(await v7Status(far, tokens.access_token)).toBe(200)
  await link.behave({ latencyMs })
  return { redis, near, far, link, person, tokens }
}

const asOperator = async (node: RunningPanoptes, method: string, path: string): Promise<number> => {
  const headers = { authorization: `Bearer ${node.operatorToken}` }
  return (await fetch(`${node.operatorUrl}${path}`, { method, headers })).status
}

const doors: Readonly<Record<string, (ground: Ground) => Promise<void>>> = {
  async 'the integration revokes its refresh token'({ near, tokens }) {
    expect((await post(near, paths.revoke, { ...merakiSecret, token: tokens.refresh_token })).status).toBe(
      200,
    )
  },
  async 'the integration revokes its access token'({ near, tokens }) {
    expect((await post(near, paths.revoke, { ...merakiSecret, token: tokens.access_token })).status).toBe(200)
  },
  async 'the integration logs the person out'({ near, person, tokens }) {
    await person.open(`${near.url}/oauth2/logout?id_token_hint=${tokens.id_token}`)
    await person.press('Sign out')
    expect(person.page?.text).toContain('You are signed out')
  },
  async 'the person disconnects it'({ near, person }) {
    await person.open(`${near.url}/account`)
    await person.press('Disconnect')
    expect(person.page?.text).toContain('is disconnected')
  },
  async 'the operator ends the connections of the region'({ near }) {
    expect(await asOperator(near, 'DELETE', '/operator/connections?region=us1')).toBe(200)
  },
  async 'the operator disables the user'({ near }) {
    expect(await asOperator(near, 'POST', '/operator/users/us1.1001/disable')).toBe(200)
  },
  async 'a refresh token is used again long after it was spent'({ near, far, tokens }) {
    expect((await refresh(near, tokens.refresh_token)).status).toBe(200)
    near.advance(60)
    for (let call = 0; call < 3; call += 1) expect(await v7Status(far, tokens.access_token)).toBe(200)
    expect((await refresh(near, tokens.refresh_token)).status).toBe(400)
  },
}

describe('on another node, which hears late, nothing opens any more once the answer is there, when', () => {
  test.each(Object.entries(doors))('%s', async (_, leave) => {
    const all = await ground()
    await leave(all)
    expect(await v7Status(all.far, all.tokens.access_token)).toBeOneOf([401, 403])
  })
})

describe('whoever asks for the end of what another request has just ended', () => {
  test('is answered only once it opens nothing anywhere', async () => {
    // Longer than both requests take, and twice that is shorter than nodes are waited for.
    const { near, far, tokens } = await ground(100)
    const revoked = async (token: string): Promise<number> =>
      (await post(near, paths.revoke, { ...merakiSecret, token })).status
    const first = revoked(tokens.refresh_token)
    await expect.poll(() => v7Status(near, tokens.access_token), { interval: 1 }).toBe(401)
    expect(await revoked(tokens.access_token)).toBe(200)
    expect(await v7Status(far, tokens.access_token)).toBe(401)
    expect(await first).toBe(200)
  })
})

describe('a token that was revoked on another node', () => {
  test('is refused without a word to Redis', async () => {
    const { redis, near, far, tokens } = await ground(0)
    expect((await post(near, paths.revoke, { ...merakiSecret, token: tokens.refresh_token })).status).toBe(
      200,
    )
    const statistics = plainClient(redis)
    const reads = async (): Promise<number> =>
      Number(/^cmdstat_mget:calls=(\d+)/m.exec(await statistics.info('commandstats'))?.[1])
    const readsOfTwentyCalls = async (): Promise<number> => {
      const before = await reads()
      for (let call = 0; call < 20; call += 1) expect(await v7Status(far, tokens.access_token)).toBe(401)
      return (await reads()) - before
    }
    // A node that stood still for a moment asks again until its next beat, and there are other reads than these.
    await expect.poll(readsOfTwentyCalls, { timeout: 20_000 }).toBeLessThan(3)
  })
})

describe('a node that hears late', () => {
  test('still opens what another one has just refreshed: a refresh waits for nobody', async () => {
    const { near, far, tokens } = await ground()
    expect((await refresh(near, tokens.refresh_token)).status).toBe(200)
    expect(await v7Status(far, tokens.access_token)).toBe(200)
  })
})
