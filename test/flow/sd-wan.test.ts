import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enterCode, followLink } from '../support/device.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { admin, askForTokens, askStrictly, refreshStrictly, sdWan, strictClient } from './integrations.ts'
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
    // Not asked for by offline_access, and given all the same (DECISIONS 2).
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
    const code = await askStrictly(device, sdWan.scope)
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
