import { describe, expect, onTestFinished, test } from 'vitest'
import { generate } from '../account/api-token.ts'
import { addUser, atAccount, linkAt, startBrokerBefore } from '../broker/linked-broker.ts'
import { callV7 } from '../flow/v7.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { scrape } from '../support/scrape.ts'

async function start(configuration?: string) {
  const upstream = await startPanoptes()
  onTestFinished(upstream.stop)
  const broker = await startBrokerBefore(upstream, configuration)
  onTestFinished(() => broker[Symbol.asyncDispose]())
  await addUser(broker)
  const person = await atAccount(broker)
  await linkAt(person)
  return { upstream, broker, token: await generate(broker, person, { scopes: ['tests:read'] }) }
}

const control = (upstream: RunningPanoptes, path: string, body: object): Promise<Response> =>
  fetch(`${upstream.url}/emulator/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

const tests = '/v7/tests?aid=1101'

describe('the gauges of a broker', { timeout: 60_000 }, () => {
  test('tell the budget of 401s and what is spent of it, on a node that only looks, too', async () => {
    const { upstream, broker, token } = await start()
    const slots = async (state: string) =>
      (await scrape(broker)).value('panoptes_upstream_unauthorized_slots', { state })
    expect((await callV7(broker, token, tests)).status).toBe(200)
    expect([await slots('budget'), await slots('spent')]).toEqual([100, 0])
    expect(await slots('leased')).toBeGreaterThan(0)
    expect((await control(upstream, 'faults', { on: 'getTests', status: 401 })).status).toBe(201)
    expect((await callV7(broker, token, tests)).status).toBe(502)
    expect(await slots('spent')).toBe(1)
    await expect.poll(async () => (await scrape(broker)).value('panoptes_upstream_calls_under_way')).toBe(0)
  })

  test('tell a region that rests, and no other', async () => {
    const { upstream, broker, token } = await start()
    const resting = async (region: string) =>
      (await scrape(broker)).value('panoptes_upstream_resting', { region })
    expect(await resting('us1')).toBe(0)
    await upstream.stop()
    for (let round = 0; round < 5; round += 1) expect((await callV7(broker, token, tests)).status).toBe(502)
    expect((await callV7(broker, token, tests)).status).toBe(503)
    expect([await resting('us1'), await resting('eu1')]).toEqual([1, 0])
  })

  test('tell windows of organizations by what is left in them', async () => {
    const { broker, token, upstream } = await start()
    const windows = async () => {
      const { value } = await scrape(broker)
      return ['open', 'scarce', 'exhausted'].map((state) =>
        value('panoptes_upstream_organization_windows', { state }),
      )
    }
    expect((await callV7(broker, token, tests)).status).toBe(200)
    const [open = 0, ...used] = await windows()
    expect([open > 0, ...used]).toEqual([true, 0, 0])
    const of = { user: 'admin@acme.example', region: 'us1' }
    expect((await control(upstream, 'budgets/exhaust', of)).status).toBeLessThan(300)
    expect((await callV7(broker, token, tests)).status).toBe(429)
    expect(await windows()).toEqual([open - 1, 0, 1])
  })

  test('tell that the address is blocked, and that it is no longer', async () => {
    const { upstream, broker, token } = await start()
    const blocked = async () => (await scrape(broker)).value('panoptes_upstream_address_blocked')
    expect(await blocked()).toBe(0)
    const block = (method: string) =>
      fetch(`${upstream.url}/emulator/blocked-addresses/127.0.0.1`, { method })
    expect((await block('PUT')).ok).toBe(true)
    for (let round = 0; round < 3; round += 1) expect((await callV7(broker, token, tests)).status).toBe(503)
    expect(await blocked()).toBe(1)
    expect((await block('DELETE')).ok).toBe(true)
    broker.advance(301)
    expect((await callV7(broker, token, tests)).status).toBe(200)
    expect(await blocked()).toBe(0)
  })
})
