import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { noMetrics } from '#metrics/no-metrics.ts'
import { newKeyMaterial } from '#secrets/key-file.ts'
import { openStore } from '#store/open-store.ts'
import { composeBroker } from '../../src/compose-broker.ts'
import { loadBrokerFacts } from '../../src/compose-facts.ts'
import { readBrokerSettings } from '../../src/settings.ts'
import { startPanoptes } from '../support/panoptes.ts'

/** Every path and method of the control API's own document. */
const operations = Object.entries(
  (load(readFileSync('config/control/openapi.yaml', 'utf8')) as { paths: Record<string, object> }).paths,
).flatMap(([path, item]) =>
  Object.keys(item)
    .filter((method) => ['get', 'post', 'put', 'patch', 'delete'].includes(method))
    .map((method) => [method.toUpperCase(), path.replace(/\{[^}]+\}/g, 'some-name')] as const),
)

/** A broker, with nothing of an emulator around it. */
async function listenToBroker(): Promise<{ server: Server; url: string; close(): Promise<void> }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = new URL(`http://localhost:${(server.address() as AddressInfo).port}`)
  const data = mkdtempSync(join(tmpdir(), 'panoptes-broker-'))
  const settings = readBrokerSettings(['--config', 'config/broker.example.yaml', '--data', data], {})
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
  const [facts, material] = await Promise.all([loadBrokerFacts(), newKeyMaterial(randomBytes)])
  const composed = await composeBroker({
    ...{ settings, origin, surroundings, facts, material, store, isShared: false },
    openMetrics: noMetrics,
    cookieSuffix: '',
  })
  server.on('request', composed.publicListener)
  return {
    server,
    url: origin.origin,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await composed.close()
      await store.close()
      rmSync(data, { recursive: true })
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

describe('a broker', () => {
  let broker: Awaited<ReturnType<typeof listenToBroker>>
  beforeAll(async () => {
    broker = await listenToBroker()
  })
  afterAll(() => broker.close())

  test('serves OAuth and v7', async () => {
    const metadata = await send(`${broker.url}/.well-known/oauth-authorization-server`, 'GET')
    expect(metadata.status).toBe(200)
    expect((await send(`${broker.url}/v7/tests`, 'GET')).status).toBe(401)
  })

  test('the document names the whole control API', () => {
    expect(operations.length).toBeGreaterThan(30)
  })

  test.each(operations)('answers %s %s with 404', async (method, path) => {
    expect((await send(`${broker.url}${path}`, method)).status).toBe(404)
  })

  test.each(['/playground', '/inspector', '/inspector/events', '/demo-provider/', '/account/profile'])(
    'has no %s',
    async (path) => {
      expect((await send(`${broker.url}${path}`, 'GET')).status).toBe(404)
    },
  )
})

describe('the emulator', () => {
  test('answers the same paths by itself', async () => {
    await using panoptes = await startPanoptes()
    const contents = await send(`${panoptes.url}/emulator`, 'GET')
    expect(contents.status).toBe(200)
    expect((await send(`${panoptes.url}/emulator/clock`, 'GET')).status).toBe(200)
  })
})
