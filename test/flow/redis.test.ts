import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { connect, integrations } from './integrations.ts'
import { callV7 } from './v7.ts'

const keys = mkdtempSync(join(tmpdir(), 'panoptes-keys-'))
let redis: RedisServer
/** Two processes of one installation: one store, one set of keys. */
let one: RunningPanoptes
let other: RunningPanoptes

beforeAll(async () => {
  redis = await startRedisServer()
  const start = (): Promise<RunningPanoptes> =>
    startPanoptes(['--data', keys, '--limits', 'off'], { PANOPTES_STORE: redis.url.href })
  one = await start()
  other = await start()
})
afterAll(async () => {
  await Promise.all([one.stop(), other.stop()])
  await redis[Symbol.asyncDispose]()
  rmSync(keys, { recursive: true, force: true })
})

describe.each(integrations)('$name on Redis', (integration) => {
  test('connects, refreshes, calls v7, and is refused at once after its revocation, on both nodes', async () => {
    const tokens = await connect(one, integration)
    const opens = async (node: RunningPanoptes, token: string): Promise<number> =>
      (await callV7(node, token, '/v7/account-groups')).status
    expect([await opens(one, tokens.access_token), await opens(other, tokens.access_token)]).toEqual([
      200, 200,
    ])
    const refreshed = await integration.refresh(one, tokens.refresh_token)
    expect(await opens(other, refreshed.access_token)).toBe(200)
    await integration.revoke(one, refreshed.refresh_token)
    expect([await opens(one, refreshed.access_token), await opens(other, refreshed.access_token)]).toEqual([
      401, 401,
    ])
    await expect(integration.refresh(one, refreshed.refresh_token)).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })

  test('of twenty refreshes at once all get the same successor, and it lives', async () => {
    const tokens = await connect(one, integration)
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => integration.refresh(one, tokens.refresh_token)),
    )
    const successors = new Set(answers.map((answer) => answer.refresh_token))
    expect(successors.size).toBe(1)
    const next = await integration.refresh(one, [...successors][0] ?? '')
    expect((await callV7(one, next.access_token, '/v7/account-groups')).status).toBe(200)
  })
})
