import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { admin, connect, integrations } from './integrations.ts'
import { callV7 } from './v7.ts'

let service: RunningPanoptes

beforeAll(async () => {
  service = await startPanoptes()
})
afterAll(() => service.stop())

const statusOf = async (token: string): Promise<number> =>
  (await callV7(service, token, '/v7/account-groups')).status

test('access tokens live for another span with each integration', async () => {
  const spans = await Promise.all(integrations.map(async (one) => (await connect(service, one)).expires_in))
  expect(spans).toEqual([600, 300, 900])
})

describe.each(integrations)('$name', (integration) => {
  const { access, idle, absolute } = integration.lifetimes

  test('exchanges no code that has expired', async () => {
    const person = new Person()
    const asked = await integration.ask(service, person)
    await person.signIn(admin.email, admin.password)
    await person.press('Confirm')
    service.advance(integration.code.seconds + 1)
    await expect(asked.finish()).rejects.toMatchObject({ error: integration.code.expired })
  })

  test('has an access token for as long as expires_in says', async () => {
    const tokens = await connect(service, integration)
    expect(tokens.expires_in).toBe(access)
    service.advance(access - 5)
    expect(await statusOf(tokens.access_token)).toBe(200)
    service.advance(6)
    expect(await statusOf(tokens.access_token)).toBe(401)
  })

  test('loses a refresh token that it does not use, and keeps one that it uses in time', async () => {
    const [used, unused] = [await connect(service, integration), await connect(service, integration)]
    service.advance(idle - 60)
    const next = await integration.refresh(service, used.refresh_token)
    service.advance(61)
    await expect(integration.refresh(service, unused.refresh_token)).rejects.toMatchObject({
      error: 'invalid_grant',
    })
    service.advance(idle - 120)
    expect((await integration.refresh(service, next.refresh_token)).expires_in).toBe(access)
  })

  test('reaches the absolute end of a connection however busy it is', async () => {
    let tokens = await connect(service, integration)
    const step = idle - 3_600
    let age = 0
    for (; age + step < absolute - access; age += step) {
      service.advance(step)
      tokens = await integration.refresh(service, tokens.refresh_token)
    }
    service.advance(absolute - age - 60)
    tokens = await integration.refresh(service, tokens.refresh_token)
    // No token promises to outlive its connection.
    expect(tokens.expires_in).toBeGreaterThan(0)
    expect(tokens.expires_in).toBeLessThanOrEqual(60)
    expect(await statusOf(tokens.access_token)).toBe(200)
    service.advance(61)
    expect(await statusOf(tokens.access_token)).toBe(401)
    await expect(integration.refresh(service, tokens.refresh_token)).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })
})
