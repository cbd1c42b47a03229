import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Panoptes, startPanoptes as startLibrary } from '../../src/testing.ts'
import { startPanoptes } from '../support/panoptes.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'

const documentedToken = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'

const call = (url: string, path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${url}/v7${path}`, {
    ...init,
    headers: { authorization: `Bearer ${documentedToken}`, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(10_000),
  })

const tagsOf = async (url: string): Promise<readonly string[]> => {
  const { tags } = (await (await call(url, '/tags')).json()) as { tags: { value: string }[] }
  return tags.map(({ value }) => value)
}

const createTag = (url: string, value: string): Promise<Response> =>
  call(url, '/tags', {
    method: 'POST',
    body: JSON.stringify({ key: 'reset', value, objectType: 'test', accessType: 'all' }),
  })

const reset = (url: string): Promise<Response> =>
  fetch(`${url}/emulator/reset`, { method: 'POST', signal: AbortSignal.timeout(10_000) })

const seeded = ['headquarters']

async function provesReset(url: string): Promise<void> {
  expect((await createTag(url, 'made')).status).toBe(201)
  expect(await tagsOf(url)).toContain('made')
  expect((await reset(url)).status).toBe(204)
  expect(await tagsOf(url)).toEqual(seeded)
}

describe('reset', () => {
  test('goes back to the seed in a data directory, and a restart finds it so', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'panoptes-reset-'))
    try {
      {
        await using panoptes = await startPanoptes(['--data', directory])
        await provesReset(panoptes.url)
        expect((await createTag(panoptes.url, 'kept')).status).toBe(201)
      }
      await using again = await startPanoptes(['--data', directory])
      const tags = await tagsOf(again.url)
      expect(tags).toContain('kept')
      expect(tags).not.toContain('made')
      await provesReset(again.url)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })

  describe('on Redis', () => {
    let redis: RedisServer
    beforeAll(async () => {
      redis = await startRedisServer()
    })
    afterAll(() => redis[Symbol.asyncDispose]())

    test('goes back to the seed', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'panoptes-reset-'))
      try {
        await using panoptes = await startPanoptes(['--data', directory], { PANOPTES_STORE: redis.url.href })
        await provesReset(panoptes.url)
      } finally {
        rmSync(directory, { recursive: true, force: true })
      }
    })
  })

  describe('under load', () => {
    let panoptes: Panoptes
    beforeAll(async () => {
      panoptes = await startLibrary({ limits: 'off' })
    })
    afterAll(() => panoptes.stop())

    test('no request fails, and nothing that was written before is there afterwards', async () => {
      const { url } = panoptes
      let goesOn = true
      const statuses = new Set<number>()
      const writer = async (name: number): Promise<void> => {
        for (let count = 0; goesOn; count += 1)
          statuses.add((await createTag(url, `${name}-${count}`)).status)
      }
      const writers = [0, 1, 2, 3].map(writer)
      for (let round = 0; round < 10; round += 1) await panoptes.reset()
      goesOn = false
      await Promise.all(writers)
      expect([...statuses]).toEqual([201])
      await panoptes.reset()
      expect(await tagsOf(url)).toEqual(seeded)
    })

    test('a refresh under way is answered, and neither token of it lives on', async () => {
      const { url } = panoptes
      const refresh = (token: string): Promise<Response> =>
        fetch(`${url}/v7/oauth2/token`, {
          method: 'POST',
          body: new URLSearchParams({
            grant_type: 'refresh_token',
            client_id: 'sd-wan-manager',
            refresh_token: token,
          }),
          signal: AbortSignal.timeout(10_000),
        })
      const wish = { integration: 'sd-wan-manager', user: 'ops@acme.example' }
      const { refresh_token: token = '' } = await panoptes.tokens.mint(wish)
      const [answer] = await Promise.all([refresh(token), panoptes.reset()])
      expect([200, 400]).toContain(answer.status)
      const tokens = (await answer.json()) as { refresh_token?: string }
      expect((await refresh(tokens.refresh_token ?? token)).status).toBe(400)
    })
  })
})
