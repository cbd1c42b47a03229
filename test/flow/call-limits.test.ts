import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askForCode, exchangeCode, refresh } from '../steps/requests.ts'
import { ownIntegrations } from '../support/own-integrations.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { callV7, type V7Call } from './v7.ts'

const admin = 'admin@acme.example'
const newTest = { testName: 'mine', url: 'https://acme.example', interval: 60, agents: [{ agentId: '3' }] }

interface Problem {
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly instance: string
}

/** A token of the integration, made by the control API with all of its scopes. */
async function tokenOf(service: RunningPanoptes, integration: string): Promise<string> {
  const response = await fetch(`${service.url}/emulator/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ integration, user: admin, region: 'us1' }),
  })
  return ((await response.json()) as { access_token: string }).access_token
}

describe('an integration that the configuration limits', () => {
  const own = ownIntegrations({
    of: {
      meraki: { readOnly: true },
      'sd-wan-manager': { operations: ['getTests', 'get /v7/agents', 'POST /tests/http-server'] },
      '0oalgciz1dyS1Uonr697': { callsPerMinute: 3, readOnly: true },
    },
  })
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes(own.args)
  })
  afterAll(async () => {
    await service.stop()
    own[Symbol.dispose]()
  })

  const call = async (integration: string, path: string, how?: V7Call) =>
    callV7<Problem>(service, await tokenOf(service, integration), path, how)

  test('to reading changes nothing, whatever its scopes open: 403 with a code of ours', async () => {
    expect((await call('meraki', '/v7/tests')).status).toBe(200)
    const refused = await call('meraki', '/v7/tests/http-server', { method: 'POST', json: newTest })
    expect(refused.status).toBe(403)
    expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(refused.body).toMatchObject({
      title: 'Forbidden',
      status: 403,
      code: 'read_only',
      instance: '/v7/tests/http-server',
    })
    for (const method of ['PUT', 'DELETE'] as const)
      expect((await call('meraki', '/v7/agents/3', { method, json: {} })).body.code).toBe('read_only')
  })

  test('to reading may ask with a POST that changes nothing', async () => {
    const path = '/v7/endpoint/test-results/scheduled-tests/network/filter'
    expect((await call('0oalgciz1dyS1Uonr697', path, { method: 'POST', json: {} })).status).not.toBe(403)
  })

  test('to operations may call those alone, named by id or by method and path', async () => {
    for (const path of ['/v7/tests', '/v7/agents'])
      expect((await call('sd-wan-manager', path)).status, path).toBe(200)
    const made = await call('sd-wan-manager', '/v7/tests/http-server', { method: 'POST', json: newTest })
    expect(made.status).toBe(201)
    for (const path of ['/v7/tests/http-server', '/v7/agents/3', '/v7/account-groups', '/v7/templates'])
      expect(await call('sd-wan-manager', path), path).toMatchObject({
        status: 403,
        body: { code: 'operation_not_allowed' },
      })
  })

  test('is told so before its scope is: a scope that it lacks is still the answer', async () => {
    const refused = await call('meraki', '/v7/alerts/rules', { method: 'POST', json: {} })
    expect(refused.body.code).toBe('insufficient_scope')
  })

  test('in calls has its own window, which the others do not feel', async () => {
    service.advance(60)
    const token = await tokenOf(service, '0oalgciz1dyS1Uonr697')
    const statuses: number[] = []
    const limits = new Set<string | null>()
    for (let count = 0; count < 4; count += 1) {
      const { status, headers } = await callV7(service, token, '/v7/tests')
      statuses.push(status)
      limits.add(headers.get('x-organization-rate-limit-limit'))
    }
    service.advance(60)
    const next = await callV7(service, token, '/v7/tests')
    const other = await call('sd-wan-manager', '/v7/tests')
    // A minute that ends between the calls would open the window once more.
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(3)
    expect([...limits]).toEqual(['3'])
    expect(next.status).toBe(200)
    expect(other.headers.get('x-organization-rate-limit-limit')).toBe('240')
  })

  test('in calls can be exhausted by the control API, by its own figure', async () => {
    service.advance(60)
    const token = await tokenOf(service, '0oalgciz1dyS1Uonr697')
    await fetch(`${service.url}/emulator/budgets/exhaust`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user: admin, region: 'us1', integration: '0oalgciz1dyS1Uonr697' }),
    })
    const { status, headers } = await callV7(service, token, '/v7/tests')
    expect([status, headers.get('x-organization-rate-limit-remaining')]).toEqual([429, '0'])
  })

  test('says on the confirm page and under Connections that it only reads', async () => {
    const asked = askForCode(service)
    const person = new Person()
    await person.open(asked.href)
    const confirm = await person.signIn(admin, 'panoptes-us1')
    expect(confirm.text).toContain('Read-only. It can change nothing')
    await person.press('Confirm')
    expect((await person.open(`${service.url}/account`)).text).toContain('Read-only. It can change nothing')
  })

  test('says on the confirm page which operations it may call', async () => {
    const response = await fetch(`${service.url}/v7/oauth2/device/authorization`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: 'sd-wan-manager', scope: 'tests:manage' }),
    })
    const { verification_uri_complete: link } = (await response.json()) as Record<string, string>
    const person = new Person()
    await person.open(link ?? '')
    await person.press('Continue') // the code, which the link has filled in
    await person.press('Continue') // it is my device
    const { text } = await person.signIn(admin, 'panoptes-us1')
    expect(text).toContain('Limited to certain operations')
    for (const name of ['GET /v7/tests', 'GET /v7/agents', 'POST /v7/tests/http-server'])
      expect(text).toContain(name)
  })
})

test('a grant keeps the limits that its user was told when the configuration lets go of them', async () => {
  using own = ownIntegrations({ of: { meraki: { readOnly: true } } })
  const data = join(own.folder, 'data')
  const args = [...own.args, '--data', data]
  const write = async (service: RunningPanoptes, token: string): Promise<number> =>
    (await callV7(service, token, '/v7/tests/http-server', { method: 'POST', json: newTest })).status

  async function begin(): Promise<string> {
    await using service = await startPanoptes(args)
    const asked = askForCode(service)
    const person = new Person()
    await person.open(asked.href)
    await person.signIn(admin, 'panoptes-us1')
    await person.press('Confirm')
    const tokens = await exchangeCode(service, asked, person.leavesTo)
    expect(await write(service, tokens.access_token)).toBe(403)
    return tokens.refresh_token
  }

  const token = await begin()
  own.write({})
  await using service = await startPanoptes(args)
  const renewed = (await (await refresh(service, token)).json()) as { access_token: string }
  expect(await write(service, renewed.access_token)).toBe(403)
  expect(await write(service, await tokenOf(service, 'meraki'))).toBe(201)
})
