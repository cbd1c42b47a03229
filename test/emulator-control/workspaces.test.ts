import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Panoptes, startPanoptes } from '../../src/testing.ts'
import { type Ask, controlApi } from './support/control-api.ts'
import { askForCode, call, poll, refresh, statusOf } from './support/oauth.ts'

let panoptes: Panoptes
let ask: Ask
beforeEach(async () => {
  panoptes = await startPanoptes()
  ask = controlApi(panoptes.url)
})
afterEach(() => panoptes.stop())

const wish = { integration: 'sd-wan-manager', user: 'ops@acme.example' }
const create = async (name: string): Promise<string> => (await ask('POST', '/workspaces', { name })).body.url

describe('/emulator/workspaces', () => {
  test('begins, shows and ends one', async () => {
    const { status, headers, body } = await ask('POST', '/workspaces', { name: 'billing' })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe('/emulator/workspaces/billing')
    expect(body.url).not.toBe(panoptes.url)
    expect((await ask('GET', '/workspaces/billing')).body).toEqual(body)
    expect((await ask('GET', '/workspaces')).body.workspaces).toEqual([
      { name: 'default', url: panoptes.url },
      body,
    ])
    expect((await controlApi(body.url)('GET', '')).body).toMatchObject({
      workspace: 'billing',
      url: body.url,
    })
    expect((await ask('DELETE', '/workspaces/billing')).status).toBe(204)
    expect((await ask('GET', '/workspaces/billing')).status).toBe(404)
    await expect(fetch(body.url)).rejects.toThrow()
  })

  test('nothing of one is seen in another: tokens, users, clock, faults, journal, snapshots', async () => {
    const other = await create('other')
    const askOther = controlApi(other)
    const { access_token: token, refresh_token: refreshToken } = (await ask('POST', '/tokens', wish)).body
    await ask('POST', '/clock/advance', { by: '1d' })
    await ask('PUT', '/users/viewer@acme.example/lock')
    await ask('POST', '/faults', { on: 'device_authorization', status: 503 })
    await ask('PUT', '/snapshots/mine')
    await ask('PATCH', '/integrations/sd-wan-manager', { lifetimes: { access: '5s' } })
    await ask('POST', '/budgets/exhaust', wish)

    expect(await statusOf(other, token)).toBe(401)
    expect((await refresh(other, refreshToken)).body.error).toBe('invalid_grant')
    expect((await askOther('POST', '/tokens/revoke', { token })).status).toBe(404)
    expect((await askOther('GET', '/clock')).body.aheadSeconds).toBe(0)
    const { users } = (await askOther('GET', '/users')).body
    expect(users.filter(({ locked }: { locked: boolean }) => locked)).toEqual([])
    expect((await askOther('GET', '/faults')).body.faults).toEqual([])
    expect((await askOther('GET', '/snapshots')).body.snapshots).toEqual([])
    const device = await askForCode(other)
    await askOther('POST', `/device-codes/${device.user_code}/approve`, { user: wish.user })
    const tokens = await poll(other, device.device_code)
    expect(tokens.body.expires_in).toBe(600)
    expect(await statusOf(other, tokens.body.access_token)).toBe(200)
    const { exchanges } = (await ask('GET', '/journal')).body
    expect(exchanges.map(({ name }: { name: string }) => name)).toEqual([])
  })

  test.each([
    [{ name: 'default' }, 409, 'workspace_exists'],
    [{ name: 'Big Name' }, 422, 'invalid_body'],
    [{ name: '' }, 422, 'invalid_body'],
    [{ name: '../x' }, 422, 'invalid_body'],
    [{ name: 'a'.repeat(33) }, 422, 'invalid_body'],
    [{}, 422, 'invalid_body'],
    [{ name: 'x', port: 70_000 }, 422, 'invalid_body'],
    [{ name: 'x', port: '80' }, 422, 'invalid_body'],
  ])('refuses to begin %j', async (body, status, code) => {
    expect(await ask('POST', '/workspaces', body)).toMatchObject({ status, body: { code } })
  })

  test('refuses a port that is in use', async () => {
    const port = Number(new URL(panoptes.url).port)
    const answer = await ask('POST', '/workspaces', { name: 'x', port })
    expect(answer).toMatchObject({ status: 409, body: { code: 'workspace_not_begun' } })
    expect(answer.body.detail).toMatch(/in use/)
    expect((await ask('POST', '/workspaces', { name: 'x' })).status).toBe(201)
  })

  test('the first one cannot be ended, and none ends itself', async () => {
    const url = await create('other')
    expect(await ask('DELETE', '/workspaces/default')).toMatchObject({
      status: 409,
      body: { code: 'default_workspace' },
    })
    expect(await controlApi(url)('DELETE', '/workspaces/other')).toMatchObject({
      status: 409,
      body: { code: 'own_workspace' },
    })
    expect((await ask('GET', '/workspaces')).body.workspaces).toHaveLength(2)
  })

  test('an unknown one is refused with those there are', async () => {
    for (const method of ['GET', 'DELETE'])
      expect(await ask(method, '/workspaces/nowhere')).toMatchObject({
        status: 404,
        body: { detail: 'workspace: found "nowhere"; allowed are default' },
      })
  })
})

async function testsOf(token: string): Promise<unknown> {
  return (await call(panoptes.url, token)).json()
}

describe('POST /emulator/reset', () => {
  test('goes back to the seed: records, objects, clock, lifetimes, locks, faults and journal', async () => {
    const { access_token: token } = (await ask('POST', '/tokens', wish)).body
    const before = await testsOf(token)
    const made = await fetch(`${panoptes.url}/v7/tests/agent-to-server`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        testName: 'Made',
        server: 'example.com',
        port: 443,
        interval: 300,
        agents: [{ agentId: '3' }],
      }),
    })
    expect(made.status).toBe(201)
    await ask('POST', '/clock/advance', { by: '1h' })
    await ask('PUT', '/users/viewer@acme.example/lock')
    await ask('PATCH', '/integrations/sd-wan-manager', { lifetimes: { access: '5s' } })
    await ask('POST', '/faults', { on: 'token', status: 503 })
    await ask('PUT', '/snapshots/kept')
    expect((await ask('POST', '/reset')).status).toBe(204)

    expect(await statusOf(panoptes.url, token)).toBe(401)
    expect((await ask('GET', '/clock')).body).toMatchObject({ aheadSeconds: 0, frozen: false })
    expect((await ask('GET', '/faults')).body.faults).toEqual([])
    const fresh = (await ask('POST', '/tokens', wish)).body
    expect(fresh.expires_in).toBe(600)
    expect(await testsOf(fresh.access_token)).toEqual(before)
    const { users } = (await ask('GET', '/users')).body
    expect(users.filter(({ locked }: { locked: boolean }) => locked)).toEqual([])
    expect((await ask('GET', '/journal?name=getTests')).body.exchanges).toHaveLength(2)
    expect((await ask('GET', '/snapshots')).body.snapshots).toMatchObject([{ name: 'kept' }])
  })
})
