import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askForCode, exchangeCode, readsAgents, refresh } from '../steps/requests.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'

interface Listed {
  readonly createdAt: string
  readonly firstUsedAt: string | null
  readonly lastUsedAt: string
  readonly lastUsedAddress: string | null
}

describe('first and last use of a connection', () => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes(['--config', 'test/authorization-server/config/behind-proxy.yaml'])
  })
  afterAll(() => service.stop())

  async function listed(): Promise<Listed> {
    const answer = await fetch(`${service.operatorUrl}/operator/connections?user=ops@acme.example`, {
      headers: { authorization: `Bearer ${service.operatorToken}` },
    })
    const { connections } = (await answer.json()) as { connections: readonly Listed[] }
    return connections[0] as Listed
  }

  /** A call from another address, as a proxy that is trusted tells it. */
  async function callFrom(address: string, token: string): Promise<number> {
    const answer = await fetch(`${service.url}/v7/agents`, {
      headers: { authorization: `Bearer ${token}`, 'x-forwarded-for': address },
    })
    await answer.arrayBuffer()
    return answer.status
  }

  const seconds = (text: string | null): number => Date.parse(text ?? '') / 1000

  test('is told from Confirm over the first tokens and calls to a refresh', async () => {
    const person = new Person()
    const request = askForCode(service)
    await person.open(request.href)
    await person.signIn('ops@acme.example', 'panoptes-us1')
    await person.press('Confirm')
    const page = async (): Promise<string> => (await person.open(`${service.url}/account`)).text
    const code = person.leavesTo
    expect(await page()).toContain('First used Not yet Last used Not yet')
    expect(await listed()).toMatchObject({ firstUsedAt: null, lastUsedAddress: null })

    service.advance(5)
    const { access_token, refresh_token } = await exchangeCode(service, request, code)
    const exchanged = await listed()
    expect(seconds(exchanged.firstUsedAt) - seconds(exchanged.createdAt)).toBeGreaterThanOrEqual(5)
    expect(exchanged).toMatchObject({ lastUsedAt: exchanged.firstUsedAt, lastUsedAddress: '127.0.0.1' })
    expect(await page()).toMatch(
      /First used \d+ \w+ \d{4}, \d\d:\d\d UTC Last used \d.* UTC Last used from 127\.0\.0\.1/,
    )

    service.advance(120)
    expect(await callFrom('192.0.2.44', access_token)).toBe(200)
    await expect.poll(async () => (await listed()).lastUsedAddress).toBe('192.0.2.44')
    const called = await listed()
    expect(seconds(called.lastUsedAt) - seconds(exchanged.lastUsedAt)).toBeGreaterThanOrEqual(120)
    expect(called.firstUsedAt).toBe(exchanged.firstUsedAt)
    expect(await page()).toContain('Last used from 192.0.2.44')

    service.advance(10)
    expect((await refresh(service, refresh_token)).status).toBe(200)
    const renewed = await listed()
    expect(renewed).toMatchObject({ firstUsedAt: exchanged.firstUsedAt, lastUsedAddress: '127.0.0.1' })
    expect(seconds(renewed.lastUsedAt)).toBeGreaterThan(seconds(called.lastUsedAt))
  })

  test('refreshes among calls all succeed: noting a use is no rival of theirs', async () => {
    const person = new Person()
    const request = askForCode(service)
    await person.open(request.href)
    await person.signIn('admin@acme.example', 'panoptes-us1')
    await person.press('Confirm')
    let tokens = await exchangeCode(service, request, person.leavesTo)
    for (let round = 0; round < 10; round += 1) {
      service.advance(61)
      const [called, renewed] = await Promise.all([
        readsAgents(service, tokens.access_token),
        refresh(service, tokens.refresh_token),
      ])
      expect({ round, called, renewed: renewed.status }).toEqual({ round, called: 200, renewed: 200 })
      tokens = (await renewed.json()) as typeof tokens
    }
  })
})
