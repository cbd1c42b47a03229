import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { connectMeraki, readsAgents, refresh } from '../steps/requests.ts'
import { startBroker } from '../support/broker.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { readScrape, type Sample, type Scrape, scrape } from '../support/scrape.ts'

const boundOf = ({ labels }: Sample): number => Number(labels['le']?.replace('+Inf', 'Infinity'))

let service: RunningPanoptes
let read: Scrape
beforeAll(async () => {
  service = await startPanoptes()
  const tokens = await connectMeraki(service, new Person())
  await readsAgents(service, tokens.access_token)
  await readsAgents(service, 'nothing')
  await refresh(service, tokens.refresh_token)
  read = await scrape(service)
})
afterAll(() => service.stop())

describe('GET /metrics, exposition format 0.0.4', () => {
  test.each([
    ['without a token', {}],
    ["with the operator's", { authorization: 'operator' }],
    ['with whatever another scraper sends', { authorization: 'Bearer of-another-system' }],
  ])('answers a scraper %s', async (_, sent: { readonly authorization?: string }) => {
    const headers =
      sent.authorization === 'operator' ? { authorization: `Bearer ${service.operatorToken}` } : sent
    const answer = await fetch(`${service.operatorUrl}/metrics`, { headers })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await answer.text()).toContain('panoptes_ready 1\n')
  })

  test.each([
    ['a sample without a type', 'one 1\n'],
    ['a sample of another name', '# TYPE one counter\nother 1\n'],
    ['a sample twice', '# TYPE one counter\none{a="1"} 1\none{a="1"} 2\n'],
    ['a label without quotes', '# TYPE one counter\none{a=1} 1\n'],
    ['a quote in a label', '# TYPE one counter\none{a="""} 1\n'],
    ['no number', '# TYPE one counter\none one\n'],
    ['a type twice', '# TYPE one counter\n# TYPE one counter\n'],
    ['no end', '# TYPE one counter\none 1'],
  ])('would not be read with %s', (_, text) => {
    expect(() => readScrape(text)).toThrow()
  })

  test('has names with unit and type at their ends, and a help of ours for each', () => {
    const own = [...read.types].filter(([name]) => name.startsWith('panoptes_'))
    expect(own.length).toBeGreaterThan(12)
    for (const [name, type] of own) {
      if (type === 'counter') expect(name).toMatch(/_total$/)
      if (type === 'histogram') expect(name).toMatch(/_seconds$/)
      expect(read.helps.get(name)).toMatch(/^[A-Zv].{15,}\.$/)
    }
  })

  test('has buckets that rise up to the count', () => {
    const counts = read.samples.filter(({ name }) => /^panoptes_.*_seconds_count$/.test(name))
    expect(counts.length).toBeGreaterThan(5)
    for (const { name, labels, value } of counts) {
      const buckets = read.samples
        .filter((sample) => sample.name === name.replace(/_count$/, '_bucket'))
        .filter((sample) => Object.entries(labels).every(([label, of]) => sample.labels[label] === of))
        .toSorted((one, other) => boundOf(one) - boundOf(other))
        .map((sample) => sample.value)
      expect(buckets).toEqual(buckets.toSorted((one, other) => one - other))
      expect(buckets.at(-1)).toBe(value)
    }
  })

  test('has event loop, memory and file descriptors of the process', () => {
    for (const name of ['process_resident_memory_bytes', 'process_open_fds', 'process_start_time_seconds'])
      expect(read.value(name)).toBeGreaterThan(0)
    expect(read.types.get('nodejs_eventloop_lag_p99_seconds')).toBe('gauge')
  })

  test('keeps the figures of two services of one process apart', async () => {
    await using other = await startPanoptes()
    expect((await scrape(other)).value('panoptes_tokens_issued_total')).toBe(0)
    expect((await scrape(service)).value('panoptes_tokens_issued_total')).toBe(2)
  })

  test('names nobody: no user, address, token or path', async () => {
    const { text } = await scrape(service)
    // Without the figures, in which any digits may stand.
    const words = text.replace(/^# .*$/gm, '').replace(/ [\d.e+-]+$/gm, '')
    expect(words).toContain('panoptes_ready\n')
    for (const secret of ['acme.example', '1001', '127.0.0.1', '/v7', service.operatorToken])
      expect(words).not.toContain(secret)
  })
})

describe('GET /metrics of a broker', () => {
  test('has the same figures, and gauges of its upstream and of its records on the disk', async () => {
    await using broker = await startBroker()
    await readsAgents(broker, 'nothing')
    const { types, value } = await scrape(broker)
    const upstream = (name: string): boolean => name.startsWith('panoptes_upstream_')
    const checkpoint = 'panoptes_checkpoint_behind'
    expect(types.get(checkpoint)).toBe('gauge')
    expect([...types.keys()].filter((name) => !upstream(name) && name !== checkpoint)).toEqual([
      ...read.types.keys(),
    ])
    expect([...types].filter(([name]) => upstream(name)).map(([, type]) => type)).toEqual(
      Array.from({ length: 5 }, () => 'gauge'),
    )
    expect([
      value('panoptes_ready'),
      value('panoptes_gateway_refusals_total', { code: 'invalid_token' }),
    ]).toEqual([1, 1])
  })
})

describe('GET /metrics while the store is away', () => {
  test('answers, says that we are not ready, and counts what failed', async () => {
    await using redis = await startRedisServer()
    const keys = mkdtempSync(join(tmpdir(), 'panoptes-keys-'))
    onTestFinished(() => rmSync(keys, { recursive: true, force: true }))
    await using node = await startPanoptes(['--data', keys], { PANOPTES_STORE: redis.url.href })
    const tokens = await connectMeraki(node, new Person())
    expect((await scrape(node)).value('panoptes_ready')).toBe(1)
    await redis.kill()
    expect((await refresh(node, tokens.refresh_token)).status).toBe(503)
    const away = await scrape(node)
    expect(away.value('panoptes_ready')).toBe(0)
    expect(away.value('panoptes_refreshes_total', { outcome: 'failed' })).toBe(1)
    expect(
      away.value('panoptes_store_command_duration_seconds_count', { outcome: 'failed' }),
    ).toBeGreaterThan(0)
    expect(
      away.value('panoptes_oauth_request_duration_seconds_count', { endpoint: 'token', status_class: '5xx' }),
    ).toBe(1)
  })
})
