import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import {
  admin,
  connect,
  type Integration,
  meraki,
  sdWan,
  splunkApp,
  type Tokens,
  viewer,
} from './integrations.ts'
import { callV7 } from './v7.ts'

const globex = { email: 'admin@globex.example', password: 'panoptes-us2' }

/** One connection each: three of the admin of US1, one of a viewer there, one of the admin of US2. */
async function connectAll(
  service: RunningPanoptes,
): Promise<ReadonlyMap<string, readonly [Integration, Tokens]>> {
  const asked = [
    ['admin', sdWan, admin],
    ['admin', meraki, admin],
    ['admin', splunkApp, admin],
    ['viewer', meraki, viewer],
    ['globex', meraki, globex],
  ] as const
  const made = asked.map(async ([name, integration, credentials]) => {
    const tokens = await connect(service, integration, { credentials })
    return [`${name} ${integration.clientId}`, [integration, tokens]] as const
  })
  return new Map(await Promise.all(made))
}

async function endConnections(
  service: RunningPanoptes,
  query: string,
  authorization = `Bearer ${service.operatorToken}`,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${service.operatorUrl}/operator/connections${query}`, {
    method: 'DELETE',
    headers: { authorization },
    signal: AbortSignal.timeout(10_000),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

async function livingOf(
  service: RunningPanoptes,
  connections: ReadonlyMap<string, readonly [Integration, Tokens]>,
): Promise<readonly string[]> {
  const living: string[] = []
  for (const [name, [integration, tokens]] of connections) {
    const { status } = await callV7(service, tokens.access_token, '/v7/account-groups')
    const refreshed = await integration.refresh(service, tokens.refresh_token).then(
      () => 'refreshed',
      (refusal: { readonly error?: string }) => refusal.error,
    )
    expect([200, 401]).toContain(status)
    expect(refreshed).toBe(status === 200 ? 'refreshed' : 'invalid_grant')
    if (status === 200) living.push(name)
  }
  return living
}

const everything = [
  'admin sd-wan-manager',
  'admin meraki',
  `admin ${splunkApp.clientId}`,
  'viewer meraki',
  'globex meraki',
]

describe('DELETE /operator/connections', () => {
  let service: RunningPanoptes

  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterEach(async () => {
    for (const region of ['us1', 'us2', 'eu1']) await endConnections(service, `?region=${region}`)
  })
  afterAll(() => service.stop())

  test.each([
    ['?user=admin@acme.example', ['viewer meraki', 'globex meraki']],
    ['?user=us1.1003', everything.filter((name) => name !== 'viewer meraki')],
    ['?integration=meraki', ['admin sd-wan-manager', `admin ${splunkApp.clientId}`]],
    ['?region=us2', everything.filter((name) => name !== 'globex meraki')],
    [
      '?region=us1&integration=meraki',
      ['admin sd-wan-manager', `admin ${splunkApp.clientId}`, 'globex meraki'],
    ],
    ['?user=Admin@Acme.Example&integration=sd-wan-manager&region=us1', everything.slice(1)],
    ['?user=admin@acme.example&region=eu1', everything], //   the namesake there has no connection
    ['?user=nobody@acme.example', everything],
    ['?integration=nobody', everything],
  ])('%s ends what matches at once and leaves the rest', async (query, living) => {
    const connections = await connectAll(service)
    expect(await endConnections(service, query)).toEqual({
      status: 200,
      body: { revoked: everything.length - living.length },
    })
    expect(await livingOf(service, connections)).toEqual(living)
  })

  test('refuses what it does not understand, and a call without the token, and ends nothing', async () => {
    const connections = await connectAll(service)
    for (const query of [
      '',
      '?user=',
      '?region=default',
      '?region=US1',
      '?region=us1&region=us2',
      '?integration=meraki&integration=meraki',
      '?users=admin@acme.example',
      '?user=admin@acme.example&confirm=yes',
    ])
      expect(await endConnections(service, query), query).toMatchObject({
        status: 400,
        body: { status: 400 },
      })
    for (const authorization of ['', 'Bearer wrong', `Basic ${service.operatorToken}`, service.operatorToken])
      expect((await endConnections(service, '?integration=meraki', authorization)).status).toBe(401)
    const onPublicListener = await fetch(`${service.url}/operator/connections?integration=meraki`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${service.operatorToken}` },
    })
    expect(onPublicListener.status).toBe(404)
    expect(await livingOf(service, connections)).toEqual(everything)
  })

  test('ends a connection whose code is not exchanged yet', async () => {
    const person = new Person()
    const asked = await meraki.ask(service, person)
    await person.signIn(viewer.email, viewer.password)
    await person.press('Confirm')
    expect(await endConnections(service, '?integration=meraki')).toMatchObject({ body: { revoked: 1 } })
    await expect(asked.finish()).rejects.toMatchObject({ error: 'invalid_grant' })
  })
})
