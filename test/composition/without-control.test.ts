import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { load } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newKeyMaterial } from '#secrets/key-file.ts'
import { openStore } from '#store/open-store.ts'
import { compose } from '../../src/compose.ts'
import { loadFacts } from '../../src/compose-facts.ts'
import { readSettings } from '../../src/settings.ts'
import { startPanoptes } from '../support/panoptes.ts'

/** Every path and method of the control API's own document. */
const operations = Object.entries(
  (load(readFileSync('config/control/openapi.yaml', 'utf8')) as { paths: Record<string, object> }).paths,
).flatMap(([path, item]) =>
  Object.keys(item)
    .filter((method) => ['get', 'post', 'put', 'patch', 'delete'].includes(method))
    .map((method) => [method.toUpperCase(), path.replace(/\{[^}]+\}/g, 'some-name')] as const),
)

/** What every composition has, and nothing of an emulator around it. */
async function listenToCore(): Promise<{ server: Server; url: string; close(): Promise<void> }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = new URL(`http://localhost:${(server.address() as AddressInfo).port}`)
  const settings = readSettings([], {})
  const clock = { now: () => Date.now() }
  const { store } = await openStore({ kind: 'memory' }, { clock, random: randomBytes })
  const surroundings = {
    clock,
    engineNow: clock.now,
    randomBytes,
    newUuid: randomUUID,
    fetch,
    log: () => undefined,
  }
  const [facts, material] = await Promise.all([loadFacts(settings), newKeyMaterial(randomBytes)])
  const composed = await compose(
    { settings, origin, surroundings, facts, material, store, cookieSuffix: '', knownEntries: new Map() },
    () => [],
  )
  server.on('request', composed.publicListener)
  return {
    server,
    url: origin.origin,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await composed.close()
      await store.close()
    },
  }
}

const send = (url: string, method: string): Promise<Response> =>
  fetch(url, {
    method,
    ...(method === 'GET' ? {} : { body: '{}', headers: { 'content-type': 'application/json' } }),
    redirect: 'manual',
    signal: AbortSignal.timeout(10_000),
  })

describe('a composition that is no emulator', () => {
  let core: Awaited<ReturnType<typeof listenToCore>>
  beforeAll(async () => {
    core = await listenToCore()
  })
  afterAll(() => core.close())

  test('serves OAuth and v7', async () => {
    const metadata = await send(`${core.url}/.well-known/oauth-authorization-server`, 'GET')
    expect(metadata.status).toBe(200)
    expect((await send(`${core.url}/v7/tests`, 'GET')).status).toBe(401)
  })

  test('the document names the whole control API', () => {
    expect(operations.length).toBeGreaterThan(30)
  })

  test.each(operations)('answers %s %s with 404', async (method, path) => {
    expect((await send(`${core.url}${path}`, method)).status).toBe(404)
  })

  test.each(['/playground', '/inspector', '/inspector/events'])('has no %s', async (path) => {
    expect((await send(`${core.url}${path}`, 'GET')).status).toBe(404)
  })
})

describe('the emulator', () => {
  test('answers the same paths by itself', async () => {
    await using panoptes = await startPanoptes()
    const contents = await send(`${panoptes.url}/emulator`, 'GET')
    expect(contents.status).toBe(200)
    expect((await send(`${panoptes.url}/emulator/clock`, 'GET')).status).toBe(200)
  })
})
