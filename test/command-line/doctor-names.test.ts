import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startPanoptes } from '../support/panoptes.ts'
import { examined, freshFolder, on, today } from './machine.ts'

const dayMs = 86_400_000

/** What was found on the redirect URIs of one integration, in the order of the file. */
async function foundOn(uris: readonly string[], options: readonly string[] = []): Promise<readonly string[]> {
  const folder = freshFolder()
  const client = {
    clientId: 'a',
    name: 'A',
    placement: 'cloud',
    clientSecret: 'abcdefgh',
    grantTypes: ['authorization_code'],
    redirectUris: uris,
    scopes: ['openid'],
    lifetimes: { access: '5m', idle: '1h', absolute: '1d' },
  }
  const registered = { lifetimes: client.lifetimes }
  writeFileSync(join(folder, 'integrations.yaml'), JSON.stringify({ integrations: [client], registered }))
  writeFileSync(join(folder, 'own.yaml'), 'integrations: integrations.yaml\nallowedHosts: [b.example]')
  const findings = await examined(['--config', join(folder, 'own.yaml'), ...options])
  return findings
    .filter(({ about }) => about === 'redirect URIs of a' || about === 'integrations')
    .filter(({ about, verdict }) => about !== 'integrations' || verdict !== 'ok')
    .map(({ verdict, words }) => `${verdict} ${words}`)
}

describe('the doctor on redirect URIs', () => {
  test.each([
    [['https://app.example/callback'], 'ok 1, each absolute and https, loopback or ours'],
    [['{origin}/playground/a/callback'], 'ok 1, each absolute'],
    [['http://localhost:3000/callback'], 'ok 1, each absolute'],
    [
      ['http://127.0.0.1/callback', 'http://[::1]/cb'],
      'loopback or ours; those on a loopback address match on any',
    ],
    [['/callback'], 'fail'],
    [['http://app.example/callback'], 'allowed is https, or http on a loopback address'],
    [['https://app.example/callback#part'], 'without fragment'],
    [['https://user@app.example/callback'], 'fail'],
    [['com.example.app:/callback'], 'fail'],
  ])('%j', async (uris, words) => {
    const found = await foundOn(uris)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(words)
  })

  test('warns of each that is this server under another name or port', async () => {
    const elsewhere = [
      'http://127.0.0.1:7070/callback',
      'http://localhost:8080/playground/a/callback',
      'https://b.example/callback',
    ]
    const found = await foundOn([...elsewhere, 'https://app.example/callback'])
    expect(found).toEqual(
      elsewhere.map(
        (uri) =>
          `warn ${uri} is this server under another name or port than http://localhost:7070; write {origin} instead`,
      ),
    )
  })

  test('resolves {origin} to the configured one', async () => {
    const origin = ['--origin', 'https://panoptes.example']
    expect(await foundOn(['{origin}/cb', 'https://panoptes.example/other'], origin)).toEqual([
      'ok 2, each absolute and https, loopback or ours',
    ])
    expect(await foundOn(['https://panoptes.example:8443/cb'], origin)).toEqual([
      'warn https://panoptes.example:8443/cb is this server under another name or port than https://panoptes.example; write {origin} instead',
    ])
  })
})

describe('the doctor on the certificate', () => {
  const names = ['--origin', 'https://api.thousandeyes.com', '--hostname', 'app.thousandeyes.com:8443']

  test('says that it will be made, and makes none', async () => {
    const directory = freshFolder()
    const findings = await examined(['--tls', '--data', directory, ...names])
    expect(on('certificate', findings)).toMatch(
      /^ok .*tls-certificate\.pem is made by the first start, for api\.thousandeyes\.com, app\.thousandeyes\.com$/,
    )
    expect(readdirSync(directory)).toEqual([])
  })

  test('warns that without --data no client can trust it beforehand', async () => {
    expect(on('certificate', await examined(['--tls']))).toMatch(
      /^warn made anew by each start.* add --data DIR/,
    )
  })

  test('says for an origin of https without --tls who ends TLS', async () => {
    expect(on('certificate', await examined(['--origin', 'https://a.example']))).toMatch(
      /in front must end TLS/,
    )
  })

  test('warns when the one that is kept lacks a name, ends soon, or has ended', async () => {
    const directory = freshFolder()
    await (await startPanoptes(['--tls', '--data', directory, ...names])).stop()
    const at = async (now: number, more: readonly string[] = []): Promise<string> =>
      on('certificate', await examined(['--tls', '--data', directory, ...names, ...more], { now: () => now }))
    const now = Date.now()
    expect(await at(now)).toMatch(
      /^ok .* is for api\.thousandeyes\.com, app\.thousandeyes\.com, until .*: 36[45] days/,
    )
    expect(await at(now, ['--hostname', 'c.example'])).toMatch(
      /^warn .* is not for c\.example; the next start/,
    )
    expect(await at(now + 340 * dayMs)).toMatch(/^warn .*: 2[45] days left; remove it/)
    expect(await at(now + 366 * dayMs)).toMatch(/^warn .* has expired on .*; the next start replaces it/)
  })

  test('fails when its key is no secret or another one’s', async () => {
    const directory = freshFolder()
    await (await startPanoptes(['--tls', '--data', directory])).stop()
    const key = join(directory, 'tls-key.pem')
    writeFileSync(key, 'no key')
    expect(on('certificate', await examined(['--tls', '--data', directory]))).toMatch(
      /^fail .*do not belong together/,
    )
    chmodSync(key, 0o644)
    expect(on('certificate', await examined(['--tls', '--data', directory]))).toMatch(/^fail .*chmod 600/)
    expect(existsSync(key)).toBe(true)
  })
})

describe('the doctor on host names', () => {
  const name = 'api.thousandeyes.com'
  const about = `host name ${name}`
  const resolving = (...addresses: readonly string[]) => ({ resolve: async () => addresses })

  test.each([
    ['127.0.0.1', 'ok leads to 127.0.0.1, which is this machine'],
    ['::1', 'ok leads to ::1, which is this machine'],
    ['192.0.2.10', 'ok leads to 192.0.2.10, which is this machine'],
    ['198.51.100.7', 'warn leads to 198.51.100.7, not to this machine; '],
  ])('that lead to %s', async (address, words) => {
    expect(on(about, await examined(['--hostname', name], resolving(address)))).toContain(words)
  })

  test('that lead nowhere: gives the line for the hosts file of the platform', async () => {
    const findings = await examined(['--hostname', `${name}:8443`])
    expect(on(about, findings)).toBe(
      `warn leads nowhere; for clients on this machine add the line "127.0.0.1 ${name}" to /etc/hosts`,
    )
    const onWindows = await examined(['--hostname', name], { platform: 'win32' })
    expect(on(about, onWindows)).toContain(String.raw`to C:\Windows\System32\drivers\etc\hosts`)
  })

  test.each([
    ['https://192.0.2.10', 'ok an address of this machine'],
    ['https://192.0.2.11', 'warn no address of this machine'],
    ['https://[2001:db8::1]', 'warn no address of this machine'],
  ])('that are addresses: %s', async (origin, words) => {
    const address = new URL(origin).hostname.replace(/^\[|\]$/g, '')
    expect(on(`host name ${address}`, await examined(['--origin', origin]))).toBe(words)
  })

  test.each(['http://localhost:9', 'http://127.0.0.9', 'http://[::1]', 'http://te.localhost'])(
    'of loopback need nothing: %s',
    async (origin) => {
      const resolve = (): never => {
        throw new Error('it was resolved')
      }
      expect(on('host names', await examined(['--origin', origin], { resolve, now: () => today }))).toMatch(
        /^ok /,
      )
    },
  )
})
