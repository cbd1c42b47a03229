import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enterCode, followLink, poll } from '../support/device.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import {
  admin,
  askForTokens,
  askStrictly,
  connect,
  refreshStrictly,
  type StrictClient,
  sdWanManager,
  strictClient,
  viewer,
} from './integrations.ts'
import { callV7 } from './v7.ts'

const clientId = 'sd-wan-manager'
const documentedScopes = [
  'agents:manage',
  'organization:read',
  'templates:deploy',
  'templates:manage',
  'tests:manage',
]

interface Polling {
  readonly config: client.Configuration
  /** The error of each poll that got no tokens, in order. */
  readonly refusals: string[]
  /** Resolves when the device was told to wait for the first time. */
  readonly firstRefusal: Promise<void>
}

/** SD-WAN Manager on openid-client, with an ear on its polls. */
async function pollingClient(service: RunningPanoptes): Promise<Polling> {
  const config = await client.discovery(new URL(service.url), clientId, undefined, client.None(), {
    algorithm: 'oauth2',
    execute: [client.allowInsecureRequests],
  })
  const refusals: string[] = []
  const { promise: firstRefusal, resolve: tell } = Promise.withResolvers<void>()
  config[client.customFetch] = async (url, init) => {
    const answer = await fetch(url, init as RequestInit)
    if (answer.status === 400) {
      refusals.push(String(((await answer.clone().json()) as { error: unknown }).error))
      tell()
    }
    return answer
  }
  return { config, refusals, firstRefusal }
}

describe('Cisco SD-WAN Manager, device code', () => {
  let folder = ''
  let configFile = ''

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'panoptes-flow-'))
    configFile = join(folder, 'panoptes.yaml')
    const integrations = resolve('config/integrations.yaml')
    writeFileSync(configFile, `integrations: ${integrations}\nspans:\n  devicePollingInterval: 1s\n`)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test('waits for the person, gets tokens for its five scopes, works with tests, refreshes and logs out', async () => {
    await using service = await startPanoptes(['--config', configFile])
    const { config, refusals, firstRefusal } = await pollingClient(service)
    const code = await client.initiateDeviceAuthorization(config, { scope: documentedScopes.join(' ') })
    expect(code).toMatchObject({ interval: 1, expires_in: 600 })

    const polling = client.pollDeviceAuthorizationGrant(config, code)
    await firstRefusal
    const person = new Person()
    await enterCode(person, code)
    await person.signIn(admin.email, admin.password)
    expect(person.page?.text).toContain('Cisco SD-WAN Manager asks for access')
    for (const scope of documentedScopes) expect(person.page?.text).toContain(scope)
    await person.press('Confirm')
    expect(person.page?.text).toContain('Device connected')

    const tokens = await polling
    expect(refusals).toContain('authorization_pending')
    expect(refusals).not.toContain('slow_down')
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 600 })
    expect(tokens.scope?.split(' ').sort()).toEqual(documentedScopes)
    expect(tokens.id_token).toBeUndefined()
    // Not asked for by offline_access, and given all the same (design, section 3).
    expect(tokens.refresh_token).toBeTypeOf('string')

    const agents = await callV7<{ agents: { agentId: string }[] }>(service, tokens.access_token, '/v7/agents')
    expect(agents.status).toBe(200)
    const json = {
      testName: 'Branch to controller',
      url: 'https://controller.example',
      interval: 300,
      agents: [{ agentId: agents.body.agents[0]?.agentId }],
    }
    const created = await callV7<{ testId: string }>(service, tokens.access_token, '/v7/tests/http-server', {
      method: 'POST',
      json,
    })
    expect(created).toMatchObject({ status: 201, body: { testName: 'Branch to controller' } })
    const tests = await callV7(service, tokens.access_token, '/v7/tests')
    expect(tests.body).toMatchObject({
      tests: expect.arrayContaining([expect.objectContaining({ testId: created.body.testId })]),
    })

    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token)
    expect((await callV7(service, refreshed.access_token, '/v7/tests')).status).toBe(200)

    await client.tokenRevocation(config, refreshed.refresh_token ?? '')
    for (const token of [tokens.access_token, refreshed.access_token])
      expect((await callV7(service, token, '/v7/tests')).status).toBe(401)
    await expect(client.refreshTokenGrant(config, refreshed.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })

  test('connects over the link that its QR code holds, by oauth4webapi', async () => {
    await using service = await startPanoptes()
    const device = await strictClient(service, clientId)
    const code = await askStrictly(device, sdWanManager.scope)
    const person = new Person()
    await person.open(code.verification_uri_complete ?? '')
    // The link fills the code in; the person sends it (RFC 8628 §3.3.1).
    expect(person.page?.html).toContain(code.user_code)
    await followLink(person, code.verification_uri_complete ?? '')
    await person.signIn(admin.email, admin.password)
    expect(person.page?.text).toContain(code.user_code)
    await person.press('Confirm')
    const tokens = await askForTokens(device, code.device_code)
    const refreshed = await refreshStrictly(device, tokens.refresh_token)
    expect((await callV7(service, refreshed.access_token, '/v7/account-groups')).status).toBe(200)
  })
})

/** What SD-WAN Manager deploys for a branch: two tests whose fields come from what the user fills in. */
const branchTemplate = {
  name: 'Branch health',
  description: 'Reachability of an application from the branches',
  userInputs: {
    domain: { name: 'Application', type: 'string' },
    interval: { name: 'Interval', type: 'number', defaultValue: 300 },
    agents: { name: 'Branch routers', type: 'agents' },
  },
  tests: {
    application: {
      type: 'http-server',
      testName: '{{name}} - {{userInputs.domain}}',
      url: 'https://{{userInputs.domain}}',
      interval: '{{userInputs.interval}}',
      agents: '{{userInputs.agents}}',
    },
    network: {
      type: 'agent-to-server',
      testName: '{{name}} - network',
      server: '{{userInputs.domain}}',
      port: 443,
      interval: '{{userInputs.interval}}',
      agents: '{{userInputs.agents}}',
    },
  },
}

describe('Cisco SD-WAN Manager, templates', () => {
  test('creates a template, deploys it with what the user filled in, and finds the tests that it made', async () => {
    await using service = await startPanoptes()
    const { access_token: token } = await connect(service, sdWanManager)
    const created = await callV7<{ id: string }>(service, token, '/v7/templates', {
      method: 'POST',
      json: branchTemplate,
    })
    expect(created).toMatchObject({ status: 201, body: { name: 'Branch health' } })
    expect(new URL(created.headers.get('location') ?? '').pathname).toBe(`/v7/templates/${created.body.id}`)
    expect(await callV7(service, token, '/v7/templates?name=Branch%20health')).toMatchObject({
      status: 200,
      body: { templates: [{ id: created.body.id }] },
    })

    const deployed = await callV7(service, token, `/v7/templates/${created.body.id}/deploy`, {
      method: 'POST',
      json: {
        name: 'Austin',
        userInputValues: { domain: 'crm.example', interval: 120, agents: [{ agentId: '110201' }] },
      },
    })
    expect(deployed.status).toBe(200)
    expect(deployed.headers.get('x-template-deploy-rate-limit-limit')).toBe('10')
    expect(deployed.headers.get('x-template-deploy-rate-limit-remaining')).toBe('9')

    const { body } = await callV7<{ tests: { testId: string; testName: string; type: string }[] }>(
      service,
      token,
      '/v7/tests',
    )
    const made = body.tests.filter(({ testName }) => testName.startsWith('Austin - '))
    expect(made.map(({ testName, type }) => [testName, type]).sort()).toEqual([
      ['Austin - crm.example', 'http-server'],
      ['Austin - network', 'agent-to-server'],
    ])
    const http = made.find(({ type }) => type === 'http-server')
    expect(await callV7(service, token, `/v7/tests/http-server/${http?.testId}?expand=agent`)).toMatchObject({
      body: { url: 'https://crm.example', interval: 120, agents: [{ agentId: '110201' }] },
    })
  })

  test('deploys nothing without templates:deploy, and nothing for a Regular User', async () => {
    await using service = await startPanoptes()
    const admins = await connect(service, sdWanManager, { scope: 'templates:manage' })
    const { body } = await callV7<{ id: string }>(service, admins.access_token, '/v7/templates', {
      method: 'POST',
      json: branchTemplate,
    })
    const viewers = await connect(service, sdWanManager, { credentials: viewer })
    for (const { access_token: token } of [admins, viewers]) {
      const refused = await callV7(service, token, `/v7/templates/${body.id}/deploy`, {
        method: 'POST',
        json: {},
      })
      expect(refused.status).toBe(403)
    }
  })
})

describe('POST /v7/oauth2/token of a polling device, RFC 8628 §3.5', () => {
  let service: RunningPanoptes
  let device: StrictClient

  beforeAll(async () => {
    service = await startPanoptes()
    device = await strictClient(service, clientId)
  })
  afterAll(() => service.stop())

  const pollFor = async (deviceCode: string): Promise<unknown> =>
    (await poll(service, { clientId, deviceCode })).body['error']

  async function confirm(code: { user_code: string; verification_uri: string }): Promise<void> {
    const person = new Person()
    await enterCode(person, code)
    await person.signIn(admin.email, admin.password)
    await person.press('Confirm')
  }

  test('answers authorization_pending at every interval until the person has decided', async () => {
    const code = await askStrictly(device, sdWanManager.scope)
    for (let polls = 0; polls < 3; polls += 1) {
      expect(await pollFor(code.device_code)).toBe('authorization_pending')
      service.advance(code.interval ?? 5)
    }
    await confirm(code)
    expect(await askForTokens(device, code.device_code)).toMatchObject({ expires_in: 600 })
  })

  test('answers slow_down to a poll before its interval has passed; a device that then obeys is never stuck', async () => {
    const code = await askStrictly(device, sdWanManager.scope)
    expect(code.interval).toBe(5)
    expect(await pollFor(code.device_code)).toBe('authorization_pending')
    service.advance(1)
    expect(await pollFor(code.device_code)).toBe('slow_down')
    for (let polls = 0; polls < 3; polls += 1) {
      service.advance(10) // slow_down adds five seconds for this and all later polls
      expect(await pollFor(code.device_code)).toBe('authorization_pending')
    }
    service.advance(6) // the old interval is not enough any more
    expect(await pollFor(code.device_code)).toBe('slow_down')
    service.advance(15)
    expect(await pollFor(code.device_code)).toBe('authorization_pending')
    await confirm(code)
    service.advance(15)
    expect(await askForTokens(device, code.device_code)).toMatchObject({ expires_in: 600 })
  })

  test('hands the tokens out at once when the person has decided, however early the poll', async () => {
    const code = await askStrictly(device, sdWanManager.scope)
    expect(await pollFor(code.device_code)).toBe('authorization_pending')
    await confirm(code)
    expect(await askForTokens(device, code.device_code)).toMatchObject({ expires_in: 600 })
  })

  test('gives one set of tokens to many parallel polls, and it lives', async () => {
    const code = await askStrictly(device, sdWanManager.scope)
    await confirm(code)
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => poll(service, { clientId, deviceCode: code.device_code })),
    )
    const [winner, ...others] = answers.filter(({ status }) => status === 200)
    expect(others).toEqual([])
    expect(answers.filter(({ body }) => body['error'] === 'invalid_grant')).toHaveLength(9)
    expect((await callV7(service, String(winner?.body['access_token']), '/v7/tests')).status).toBe(200)
  })

  test('tells another client nothing about the code and leaves it untouched', async () => {
    const code = await askStrictly(device, sdWanManager.scope)
    const stranger = { clientId: '0oalgciz1dyS1Uonr697', deviceCode: code.device_code }
    expect((await poll(service, stranger)).body['error']).toBe('invalid_grant')
    await confirm(code)
    expect((await poll(service, stranger)).body['error']).toBe('invalid_grant')
    expect(await askForTokens(device, code.device_code)).toMatchObject({ expires_in: 600 })
  })
})

describe('POST /v7/oauth2/device/authorization, RFC 8628 §3.2', () => {
  test('answers with code, verification addresses on our own origin, lifetime and interval, never to be stored', async () => {
    await using service = await startPanoptes()
    const response = await fetch(`${service.url}/v7/oauth2/device/authorization`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: clientId, scope: sdWanManager.scope }),
    })
    expect(response.headers.get('cache-control')).toContain('no-store')
    const body = (await response.json()) as Record<string, unknown>
    expect(body).toEqual({
      device_code: expect.stringMatching(/^[\w-]{43}$/),
      user_code: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/),
      verification_uri: `${service.url}/oauth2/device`,
      verification_url: `${service.url}/oauth2/device`,
      verification_uri_complete: `${service.url}/oauth2/device?user_code=${body['user_code']}`,
      expires_in: 600,
      interval: 5,
    })
  })
})
