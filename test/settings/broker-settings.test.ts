import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { load } from 'js-yaml'
import { afterAll, describe, expect, test } from 'vitest'
import { type BrokerSettings, readBrokerSettings, SettingsError } from '../../src/settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'panoptes-broker-settings-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function file(content: string): string {
  files += 1
  const path = join(folder, `broker-${files}.yaml`)
  writeFileSync(path, content, { mode: 0o600 })
  return path
}

const settingsIn = (content: string): BrokerSettings =>
  readBrokerSettings(['--config', file(`data: ./data\n${content}`)], {})

function problemOf(args: readonly string[]): string {
  try {
    readBrokerSettings(args, {})
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError)
    const { message } = error as Error
    expect(message).not.toContain('\n')
    return message
  }
  throw new Error('the settings were taken')
}

const problemIn = (content: string): string => problemOf(['--config', file(`data: ./data\n${content}`)])

const example = readFileSync('config/broker.example.yaml', 'utf8')

describe('secrets in the configuration itself', () => {
  const key = `a:${Buffer.alloc(32, 1).toString('base64url')}`
  const open = (content: string): readonly string[] => {
    const path = file(`data: ./data\n${content}`)
    chmodSync(path, 0o644)
    return ['--config', path]
  }

  test('are refused where they seal all others and others can read them', () => {
    const args = open(`keyEncryptionKeys: '${key}'`)
    const problem = problemOf(args)
    expect(problem).toContain(
      'keyEncryptionKeys: found keys in a file that others can read; allowed is mode 600',
    )
    expect(problem).not.toContain(key)
    expect(problem).toContain('chmod 600')
    expect(settingsIn(`keyEncryptionKeys: '${key}'`).keyEncryption.text).toBe(key)
  })

  test('are no affair of the file when the environment has them', () => {
    const { keyEncryption } = readBrokerSettings(open('keyEncryptionKeys: nothing'), {
      PANOPTES_KEY_ENCRYPTION_KEYS: key,
    })
    expect(keyEncryption.text).toBe(key)
  })

  test('are named where they can be changed when somebody has read them', () => {
    const content = [
      'operatorToken: operator-0123456789abcdef0123456789abcdef',
      'upstream: { proxy: "http://me:secret@proxy.example:3128" }',
    ].join('\n')
    const args = open(content)
    expect(readBrokerSettings(args, {}).exposed).toEqual([
      { key: 'operatorToken', file: args[1] },
      { key: 'upstream.proxy', file: args[1] },
    ])
    expect(settingsIn(content).exposed).toEqual([])
    expect(readBrokerSettings(open('upstream: { proxy: "http://proxy.example:3128" }'), {}).exposed).toEqual(
      [],
    )
  })

  const meraki = 'integrations: [{ clientId: meraki, clientSecret: meraki-secret }]'

  test.each([
    [0o644, meraki, ['clientSecret']],
    [0o640, meraki, ['clientSecret']],
    [0o604, 'resourceServers: [{ clientId: api, "clientSecret": api-secret }]', ['clientSecret']],
    [0o600, meraki, []],
    [0o644, 'integrations: [{ clientId: sd-wan-manager }] # clientSecret: none', []],
    [0o644, '', []],
    [0o644, 'integrations: [', []],
  ])('are named in an integrations file as well: mode %o, %s', (mode, content, exposed) => {
    const path = file(content)
    chmodSync(path, mode)
    expect(settingsIn(`integrations: ${path}`).exposed).toEqual(exposed.map((key) => ({ key, file: path })))
  })
})

describe('the settings of a broker', () => {
  test('lead to ThousandEyes over https and are closed by default', () => {
    const settings = settingsIn('')
    const api = 'https://api.thousandeyes.com'
    expect(settings.upstream.regions).toEqual({ us1: api, us2: api, eu1: api })
    expect(settings).toMatchObject({ registration: 'closed', sso: [], limits: 'on' })
    expect(settings.signIn.passwordCost).toBe('strong')
    expect(settings.store).toMatchObject({ kind: 'sqlite' })
  })

  test('take plaintext to loopback with the option that says so', () => {
    const { upstream } = settingsIn(
      'upstream: { allowPlaintextLoopback: true, regions: { eu1: http://127.0.0.1:7070 } }',
    )
    expect(upstream.regions.eu1).toBe('http://127.0.0.1:7070')
  })

  test('read certificates from where the configuration is', () => {
    writeFileSync(join(folder, 'ca.pem'), '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n')
    expect(settingsIn('upstream: { authorities: ca.pem }').upstream.authorities).toContain('MIIB')
  })

  test.each([
    ['upstream: { regions: { us1: http://api.thousandeyes.com } }', 'upstream.regions.us1', 'https://HOST'],
    [
      'upstream: { allowPlaintextLoopback: true, regions: { us1: http://api.thousandeyes.com } }',
      'upstream.regions.us1: found "http://api.thousandeyes.com"',
      'http://HOST of this machine',
    ],
    ['upstream: { regions: { us1: http://localhost:1 } }', 'upstream.regions.us1', 'allowPlaintextLoopback'],
    [
      'upstream: { regions: { us1: http://localhost.evil.example } , allowPlaintextLoopback: true }',
      'us1',
      'allowed is https',
    ],
    ['upstream: { regions: { us1: https://a.example/v7 } }', 'upstream.regions.us1', 'no path'],
    ['upstream: { regions: { us1: https://user:pass@a.example } }', 'upstream.regions.us1', 'no path'],
    ['upstream: { regions: { us9: https://a.example } }', 'upstream.regions.us9', 'us1, us2, eu1'],
    ['upstream: { retries: 3 }', 'upstream.retries: found an unknown key', 'breakerRest'],
    ['upstream: { headersTimeout: 30 }', 'upstream.headersTimeout: found 30', 'allowed is a number and s'],
    ['upstream: { maxInFlight: 0 }', 'upstream.maxInFlight: found 0', 'allowed is a whole number from 1'],
    ['upstream: { authorities: nowhere.pem }', 'upstream.authorities: found "nowhere.pem"', 'PEM'],
    ['upstream: []', 'upstream: found []', 'allowed is a mapping of regions'],
    ['seed: default', 'seed: found an unknown key', 'upstream'],
    ['tls: true', 'tls: found an unknown key', 'allowed are host'],
    [
      'sso: [{ region: us1, organization: 1, domains: [a.example], oidc: { issuer: "https://a.example", clientId: c }, create: [{ claim: g, value: v, role: r, accountGroup: 1 }] }]',
      'sso.0.create.0.role',
      'allowed are claim, value',
    ],
  ])('refuse %s', (content, ...parts) => {
    for (const part of parts) expect(problemIn(content)).toContain(part)
  })

  test('keep the password of a proxy out of their errors', () => {
    const problem = problemIn('upstream: { proxy: "ftp://me:secret@proxy.example" }')
    expect(problem).toContain('upstream.proxy: found a value that is not shown here; allowed is http')
    expect(problem).not.toContain('secret')
  })

  test.each([
    ['upstream: { regions: { us1: "https://me:secret@a.example" } }', 'upstream.regions.us1'],
    ['upstream: { proxy: "http://me:100%secret@proxy.example" }', 'upstream.proxy'],
  ])('keep what stands before an @ out of their errors: %s', (content, key) => {
    expect(problemIn(content)).toContain(`${key}: found a value that is not shown here; allowed is http`)
    expect(problemIn(content)).not.toContain('secret')
  })

  test('need a data directory, as keys and records must stay', () => {
    expect(problemOf(['--config', file('port: 0')])).toContain(
      'data: found nothing; allowed is the path of a directory',
    )
  })

  test('need a configuration', () => {
    expect(problemOf([])).toContain('--config: found nothing; allowed is the path of a configuration')
  })
})

describe('config/broker.example.yaml', () => {
  const shown = load(example) as Readonly<Record<string, unknown>>

  test('shows every setting', () => {
    const names = example.split('\n').map((line) => /^(?:# )?(\w+):/.exec(line)?.[1])
    const allowed = problemIn('noSuchKey: 1').split('allowed are ')[1]?.split(', ') ?? []
    expect(allowed.length).toBeGreaterThan(15)
    expect(allowed.filter((name) => !names.includes(name))).toEqual([])
  })

  test('shows every setting of the upstream', () => {
    const names = example.split('\n').map((line) => /^ {2}(?:# )?(\w+):/.exec(line)?.[1])
    const allowed = problemIn('upstream: { noSuchKey: 1 }').split('allowed are ')[1]?.split(', ') ?? []
    expect(allowed.length).toBeGreaterThan(8)
    expect(allowed.filter((name) => !names.includes(name))).toEqual([])
  })

  test.each(['spans', 'signIn'])('shows every setting of the block %s', (block) => {
    const allowed = problemIn(`${block}: { noSuchKey: 1s }`).split('allowed are ')[1]?.split(', ') ?? []
    expect(Object.keys(shown[block] as object).toSorted()).toEqual(allowed.toSorted())
  })

  test('shows a checkpoint that is taken as it stands there', () => {
    const [line = ''] = /^# checkpoint: \S+/m.exec(example) ?? []
    expect(settingsIn(line.slice(2)).store).toEqual({
      kind: 'sqlite',
      path: resolve('data/panoptes.db'),
      checkpoint: resolve('../panoptes-checkpoint'),
    })
  })

  test('says what counts when a key is left out', () => {
    const { data, ...said } = readBrokerSettings(['--config', 'config/broker.example.yaml'], {})
    const { data: _, ...unsaid } = readBrokerSettings(['--config', file('data: ./x')], {})
    expect(data).toBe(join(process.cwd(), 'panoptes-data'))
    expect({ ...said, store: undefined }).toEqual({ ...unsaid, store: undefined })
  })
})
