import { describe, expect, test } from 'vitest'
import { connectMeraki, refresh, signedIn, v7Status } from '../authorization-server/protocol.ts'
import { ownRedis, plainClient } from '../support/own-redis.ts'
import { nodeOn, readiness, untilReadiness } from './redis-ground.ts'

const secret = 'the-password-of-our-user'

/** What docs/many-nodes.md says that our user needs. */
const needed = '+@read +@write +@scripting +@pubsub +@connection +info +time +wait'.split(' ')

describe('a Redis that takes our rights away', () => {
  test('makes a node not ready in words without the password, and ready again when they are back', async () => {
    const redis = await ownRedis()
    const plain = plainClient(redis)
    const user = ['panoptes', 'on', `>${secret}`, '~{panoptes}:*', '&{panoptes}:*', '-@all', ...needed]
    await plain.call('ACL', 'SETUSER', ...user)
    const node = await nodeOn(`redis://panoptes:${secret}@${redis.url.host}`)
    const tokens = await connectMeraki(node, await signedIn(node))
    expect(await v7Status(node, tokens.access_token)).toBe(200)

    // Another password, and its connections are cut.
    await plain.call('ACL', 'SETUSER', 'panoptes', 'resetpass', '>another-password')
    await plain.call('CLIENT', 'KILL', 'USER', 'panoptes')
    await untilReadiness(node, 503)
    // Redis tells why with the next attempt to connect.
    await expect
      .poll(async () => (await readiness(node)).body.reason, { timeout: 5_000 })
      .toMatch(/^Redis at 127\.0\.0\.1:\d+ does not answer: not connected \(.*/)
    expect((await refresh(node, tokens.refresh_token)).status).toBe(503)
    await plain.call('ACL', 'SETUSER', 'panoptes', `>${secret}`)
    await untilReadiness(node, 200)

    // Rights alone.
    await plain.call('ACL', 'SETUSER', 'panoptes', '-@write')
    const refused = await refresh(node, tokens.refresh_token)
    expect(refused.status).toBe(503)
    await plain.call('ACL', 'SETUSER', 'panoptes', '-@all')
    await untilReadiness(node, 503)
    await plain.call('ACL', 'SETUSER', 'panoptes', ...needed)
    await untilReadiness(node, 200)
    expect((await refresh(node, tokens.refresh_token)).status).toBe(200)
    expect(JSON.stringify(node.log)).not.toContain(secret)
    expect(JSON.stringify(node.log)).not.toContain('another-password')
  })
})
