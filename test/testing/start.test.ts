import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { startPanoptes } from '../../src/testing.ts'

const wish = { integration: 'sd-wan-manager', user: 'ops@acme.example' }

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'panoptes-testing-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

describe('startPanoptes', () => {
  test('starts several beside each other, each on ports of its own, and ends each at its block’s end', async () => {
    const urls: string[] = []
    {
      await using one = await startPanoptes()
      await using other = await startPanoptes()
      urls.push(one.url, one.operatorUrl, other.url, other.operatorUrl)
      expect(new Set(urls).size).toBe(4)
      expect((await fetch(`${one.operatorUrl}/health/ready`)).status).toBe(200)
      expect(one.operatorToken.length).toBeGreaterThan(15)
      expect(one.ca).toBeUndefined()
      await one.clock.advance('1d')
      expect((await other.clock.read()).aheadSeconds).toBeLessThan(1)
    }
    for (const url of urls) await expect(fetch(url)).rejects.toThrow()
  })

  test('is stopped once however often that is asked', async () => {
    const panoptes = await startPanoptes()
    await Promise.all([panoptes.stop(), panoptes.stop(), panoptes[Symbol.asyncDispose]()])
    await expect(fetch(panoptes.url)).rejects.toThrow()
  })

  test('is stopped while somebody waits for a request that never comes', async () => {
    const panoptes = await startPanoptes()
    const waiting = expect(panoptes.journal.next({ name: 'token' }, { timeoutSeconds: 60 })).rejects.toThrow()
    await panoptes.clock.read()
    await panoptes.stop()
    await waiting
  })

  test('begins at an instant, frozen, and again with each reset', async () => {
    const now = new Date('2030-01-01T00:00:00Z')
    await using panoptes = await startPanoptes({ now, freeze: true })
    expect(await panoptes.clock.read()).toMatchObject({ now, frozen: true })
    await panoptes.clock.advance('1h')
    await panoptes.clock.resume()
    await panoptes.reset()
    expect(await panoptes.clock.read()).toMatchObject({ now, frozen: true })
  })

  test('logs nothing unless it is asked to', async () => {
    const log: object[] = []
    await using panoptes = await startPanoptes({ log: (entry) => void log.push(entry) })
    await fetch(`${panoptes.url}/v7/tests`, { headers: { authorization: 'Bearer nothing' } })
    expect(log.length).toBeGreaterThan(0)
  })

  test('takes a seed and integrations of one’s own', async () => {
    await using folder = await temporaryFolder()
    const seed = join(folder.path, 'seed.yaml')
    await writeFile(
      seed,
      `organizations:
  - id: '7'
    name: Only
    region: eu1
    accountGroups: [{ aid: '70', name: Only }]
    users:
      - { uid: '71', email: one@only.example, name: One Only, loginAccountGroup: '70', roles: { all: [Organization Admin] } }
`,
    )
    const integrations = join(folder.path, 'integrations.yaml')
    await writeFile(
      integrations,
      `integrations:
  - clientId: mine
    name: Mine
    placement: on-premises
    grantTypes: [device_code, refresh_token]
    scopes: [tests:read]
    lifetimes: { access: 1m, idle: 1h, absolute: 1d }
registered:
  lifetimes: { access: 1m, idle: 1h, absolute: 1d }
`,
    )
    await using panoptes = await startPanoptes({ seed, integrations })
    expect(await panoptes.users.list()).toMatchObject([{ id: 'eu1.71', email: 'one@only.example' }])
    expect(await panoptes.integrations.list()).toMatchObject([{ clientId: 'mine' }])
    const tokens = await panoptes.tokens.mint({ integration: 'mine', user: 'one@only.example' })
    expect(tokens.expires_in).toBe(60)
  })

  test('keeps everything in a directory', async () => {
    await using folder = await temporaryFolder()
    const data = join(folder.path, 'kept')
    const first = await startPanoptes({ data })
    const { refresh_token: token = '' } = await first.tokens.mint(wish)
    await first.stop()
    await using second = await startPanoptes({ data })
    expect(await second.tokens.expire(token)).toBe('refresh_token')
  })

  test.each([
    [{ seed: 'nothing' }, /^--seed: found "nothing"; allowed is/],
    [{ integrations: '/nowhere.yaml' }, /^integrations: found "\/nowhere\.yaml"; allowed is/],
    [{ limits: 'sometimes' as 'on' }, /^--limits: found "sometimes"; allowed are on and off/],
    [{ now: 'noon' }, /now: found "noon"; allowed is an instant/],
    [{ data: '/proc/nothing' }, /^--data: found \/proc\/nothing/],
  ])('refuses %j in one line, and leaves nothing running', async (options, words) => {
    const refused = startPanoptes(options)
    await expect(refused).rejects.toThrow(words)
    await expect(refused).rejects.not.toThrow(/\n/)
  })
})

describe('startPanoptes with tls', () => {
  const get = (url: string, ca: string | undefined): Promise<string> =>
    new Promise((resolve, reject) => {
      const sent = request(url, { ...(ca === undefined ? {} : { ca }) }, (answer) => resolve(text(answer)))
      sent.once('error', reject)
      sent.end()
    })

  test('shows a certificate that clients can trust, and only then', async () => {
    await using panoptes = await startPanoptes({ tls: true })
    expect(panoptes.url).toMatch(/^https:\/\/localhost:/)
    expect(await get(`${panoptes.url}/emulator/clock`, panoptes.ca)).toContain('aheadSeconds')
    await expect(get(`${panoptes.url}/emulator/clock`, undefined)).rejects.toThrow(/self-signed/)
  })

  test('goes on when the clock passes the end of the certificate', async () => {
    await using panoptes = await startPanoptes({ tls: true })
    await panoptes.clock.advance('3650d')
    expect((await panoptes.clock.read()).aheadSeconds).toBeGreaterThan(3_649 * 86_400)
    await using workspace = await panoptes.workspaces.create('beside')
    expect(workspace.url).toMatch(/^https:/)
    expect((await workspace.clock.read()).frozen).toBe(false)
  })
})
