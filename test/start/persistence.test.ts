import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  askForDevice,
  connectMeraki,
  pollDevice,
  readsAgents,
  refresh,
  type Tokens,
  typeUserCode,
} from '../steps/requests.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'

const documentedToken = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-restart-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Starts again on the same directory and the same port. */
async function restarted(service: RunningPanoptes, directory: string): Promise<RunningPanoptes> {
  await service.stop()
  return startPanoptes(['--data', directory, '--port', new URL(service.url).port])
}

const v7 = (
  service: RunningPanoptes,
  path: string,
  token: string,
  init: RequestInit = {},
): Promise<Response> =>
  fetch(`${service.url}/v7${path}`, {
    ...init,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  })

async function testNames(service: RunningPanoptes): Promise<readonly string[]> {
  const { tests } = (await (await v7(service, '/tests', documentedToken)).json()) as {
    tests: readonly { testName: string }[]
  }
  return tests.map(({ testName }) => testName)
}

const keysOf = async (service: RunningPanoptes): Promise<unknown> =>
  (await fetch(`${service.url}/v7/oauth2/provider/keys`)).json()

describe('--data keeps everything over a restart', () => {
  test('tokens, connections, sessions, device codes, v7 state, User API Tokens and keys', async () => {
    const directory = freshFolder()
    const first = await startPanoptes(['--data', directory])
    const person = new Person()
    const tokens = await connectMeraki(first, person)
    const device = await askForDevice(first)
    const created = await v7(first, '/tests/http-server', tokens.access_token, {
      method: 'POST',
      body: JSON.stringify({
        testName: 'Made before',
        url: 'https://before.example',
        interval: 300,
        agents: [{ agentId: '4' }],
      }),
    })
    expect(created.status).toBe(201)
    const removed = await v7(first, '/tests/http-server/110301', documentedToken, { method: 'DELETE' })
    expect(removed.status).toBe(204)
    const [keys, names] = [await keysOf(first), await testNames(first)]
    await using second = await restarted(first, directory)
    expect(await keysOf(second)).toEqual(keys)
    expect(await testNames(second)).toEqual(names)
    expect(names).toContain('Made before')
    expect(names).not.toContain('Acme portal')
    expect(await readsAgents(second, tokens.access_token)).toBe(200)
    const page = await person.open(`${second.url}/account`)
    expect(page.text).toContain('Your connections')
    expect(page.text).toContain('Meraki US1')
    await typeUserCode(second, person, device.user_code)
    await person.press('Continue')
    expect((await person.press('Confirm')).text).toContain('Device connected')
    expect(await pollDevice(second, device)).toBe('granted')
    const renewed = await refresh(second, tokens.refresh_token)
    expect(renewed.status).toBe(200)
    const { access_token } = (await renewed.json()) as Tokens
    expect(await readsAgents(second, access_token)).toBe(200)
  })

  test('what was ended stays ended, and what was guessed stays counted', async () => {
    const directory = freshFolder()
    const first = await startPanoptes(['--data', directory])
    const person = new Person()
    const tokens = await connectMeraki(first, person)
    const cookie = person.cookiesFor(new URL(first.url))
    await person.open(`${first.url}/account`)
    await person.press('Disconnect')
    await person.press('Sign out')
    await Promise.all(Array.from({ length: 10 }, () => typeUserCode(first, new Person(), 'BBBB-BBBB')))
    await using second = await restarted(first, directory)
    expect(await readsAgents(second, tokens.access_token)).toBe(401)
    expect((await refresh(second, tokens.refresh_token)).status).toBe(400)
    const page = await fetch(`${second.url}/account`, { headers: { cookie }, redirect: 'manual' })
    expect(page.status).toBe(303)
    expect((await typeUserCode(second, new Person(), 'BBBB-BBBB')).status).toBe(429)
  })

  test('an interaction that was begun goes on', async () => {
    const directory = freshFolder()
    const first = await startPanoptes(['--data', directory])
    const device = await askForDevice(first)
    const person = new Person()
    await typeUserCode(first, person, device.user_code)
    await person.press('Continue')
    await using second = await restarted(first, directory)
    await person.signIn('ops@acme.example', 'panoptes-us1')
    expect((await person.press('Confirm')).text).toContain('Device connected')
    expect(await pollDevice(second, device)).toBe('granted')
  })

  test('nothing in its files opens anything, and nothing there is a password', async () => {
    const directory = freshFolder()
    const service = await startPanoptes(['--data', directory])
    const person = new Person()
    const tokens = await connectMeraki(service, person)
    const device = await askForDevice(service)
    const secrets = [
      tokens.access_token,
      tokens.refresh_token,
      device.device_code,
      device.user_code,
      device.user_code.replace('-', ''),
      /panoptes_session=([^;]+)/.exec(person.cookiesFor(new URL(service.url)))?.[1] ?? 'no cookie',
      documentedToken,
      'panoptes-us1',
    ]
    await service.stop()
    const file = readFileSync(join(directory, 'panoptes.db'), 'latin1')
    expect(file.length).toBeGreaterThan(10_000)
    for (const secret of secrets) {
      expect(file.includes(secret), `${secret.slice(0, 4)}… in clear`).toBe(false)
      expect(file.includes(Buffer.from(secret).toString('base64url'))).toBe(false)
    }
  })
})

describe('without --data', () => {
  test('a restart begins anew', async () => {
    const first = await startPanoptes()
    const { port } = new URL(first.url)
    const tokens = await connectMeraki(first, new Person())
    const keys = await keysOf(first)
    await first.stop()
    await using second = await startPanoptes(['--port', port])
    expect(await readsAgents(second, tokens.access_token)).toBe(401)
    expect(await keysOf(second)).not.toEqual(keys)
  })
})
