import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readSettings, SettingsError } from '../../src/settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'panoptes-settings-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
/** A configuration file of its own. @returns its path */
function file(content: string): string {
  files += 1
  const path = join(folder, `settings-${files}.yaml`)
  writeFileSync(path, content)
  return path
}

/** The one line that a reader of settings gets. */
function problemOf(args: readonly string[], environment: Readonly<Record<string, string>> = {}): string {
  try {
    readSettings(args, environment)
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError)
    const { message } = error as Error
    expect(message).not.toContain('\n')
    return message
  }
  throw new Error('the settings were taken')
}

const problemIn = (content: string): string => problemOf(['--config', file(content)])

describe('an error names the key, what was found and what is allowed', () => {
  const numbers = 'allowed is a whole number from 0 to 65535'

  test.each([
    [['--port', '70707'], '--port: found "70707"', numbers],
    [['--port', '-1'], 'Option', '--port'],
    [['--port=-1'], '--port: found "-1"', numbers],
    [['--port', ''], '--port: found ""', numbers],
    [['--port', '7070x'], '--port: found "7070x"', numbers],
    [['--operator-port', '1.5'], '--operator-port: found "1.5"', numbers],
    [['--origin', 'localhost'], '--origin: found "localhost"', 'allowed is http://HOST or https://HOST'],
    [['--origin', 'https://a.example/path'], '--origin: found "https://a.example/path"', 'no path'],
    [['--origin', 'ftp://a.example'], '--origin: found "ftp://a.example"', 'allowed is http'],
    [['--origin', 'https://user@a.example'], '--origin: found', 'allowed is http'],
    [
      ['--tls', '--origin', 'http://a.example'],
      '--origin: found "http://a.example" together with tls',
      'https://HOST',
    ],
    [['--hostname', ''], '--hostname: found ""', 'allowed is HOST or HOST:PORT'],
    [['--hostname', 'https://a.example'], '--hostname: found "https://a.example"', 'HOST:PORT'],
    [['--hostname', 'a.example/path'], '--hostname: found "a.example/path"', 'HOST:PORT'],
    [['--hostname', 'a.example:70707'], '--hostname: found "a.example:70707"', 'HOST:PORT'],
    [['--hostname', 'a.example', '--hostname', 'b c'], '--hostname: found "b c"', 'once for each name'],
    [['--limits', 'maybe'], '--limits: found "maybe"', 'allowed are on and off'],
    [['--seed', 'nothing'], '--seed: found "nothing"', 'allowed is a name in config/seeds or the path'],
    [['--seed', './'], '--seed: found "./"', 'that can be read'],
    [['--data', ''], '--data: found ""', 'allowed is the path of a directory'],
    [['--host', ''], '--host: found ""', 'allowed is an address'],
    [
      ['--config', 'no-such-file.yaml'],
      `--config: found "${resolve('no-such-file.yaml')}"`,
      'allowed is a file that can be read',
    ],
    [['--config', '.'], '--config: found "', 'allowed is a file that can be read'],
    [['--verbose'], "Unknown option '--verbose'", '--operator-port'],
    [['--PORT', '1'], "Unknown option '--PORT'", 'allowed are --host'],
    [['start'], "Unexpected argument 'start'", 'allowed are --host'],
    [['--port'], '--port', 'argument missing'],
    [['--tls=yes'], '--tls', 'does not take an argument'],
    [['--bump-epoch=yes'], '--bump-epoch', 'does not take an argument'],
    [['--bump-epoch'], '--bump-epoch: found without records in SQLite', 'allowed is with --data DIR'],
  ])('%j', (args, ...parts) => {
    for (const part of parts) expect(problemOf(args)).toContain(part)
  })

  test.each([
    ['PANOPTES_PORT', 'tcp://10.0.0.1:7070', numbers],
    ['PANOPTES_OPERATOR_PORT', 'x', numbers],
    ['PANOPTES_TLS', 'yes', 'allowed are true and false'],
    ['PANOPTES_LIMITS', '0', 'allowed are on and off'],
    ['PANOPTES_ORIGIN', '//a.example', 'allowed is http'],
  ])('%s=%s', (name, value, allowed) => {
    const problem = problemOf([], { [name]: value })
    expect(problem).toContain(`${name}: found ${JSON.stringify(value)}`)
    expect(problem).toContain(allowed)
  })

  test.each([
    ['prot: 7070', 'prot: found an unknown key; allowed are host, port,'],
    ['spans: { session: 1h }', 'spans.session: found an unknown key; allowed are authorizationCode,'],
    ['port: true', `port: found true; ${numbers}`],
    ['port: null', `port: found null; ${numbers}`],
    ['port: [80]', `port: found [80]; ${numbers}`],
    ['port: 1.5', `port: found 1.5; ${numbers}`],
    ['host: 5', 'host: found 5; allowed is an address'],
    ['limits: sometimes', 'limits: found "sometimes"; allowed are on and off'],
    ['tls: 1', 'tls: found 1; allowed are true and false'],
    ['registration: yes', 'registration: found "yes"; allowed are open and closed'],
    ['advertisedScopes: [a]', 'advertisedScopes: found ["a"]; allowed are all and live'],
    ['allowedHosts: a.example', 'allowedHosts: found "a.example"; allowed is a list of HOST'],
    [
      'allowedHosts: [http://a.example]',
      'allowedHosts.0: found "http://a.example"; allowed is a list of HOST',
    ],
    ['allowedHosts: [a.example, b<c]', 'allowedHosts.1: found "b<c"; allowed is a list of HOST'],
    [
      'trustedProxies: [10.0.0.0/33]',
      'trustedProxies.0: found "10.0.0.0/33"; allowed is a list of addresses',
    ],
    ['drainNotice: 61s', 'drainNotice: found "61s"; allowed is a number and s, from 1s to 60s, or off'],
    ['trustedProxies: [proxy.example]', 'trustedProxies.0: found "proxy.example"; allowed is a list'],
    ['checkpoint: elsewhere', 'checkpoint: found without records in SQLite; allowed is with --data DIR'],
    ['checkpoint: ""', 'checkpoint: found ""; allowed is the path of a file'],
    ['bump-epoch: true', 'bump-epoch: found an unknown key'],
    ['callsPerMinute: 0', 'callsPerMinute: found 0; allowed is a whole number from 1'],
    ['integrations: nowhere.yaml', 'integrations: found "nowhere.yaml"; allowed is the path of a file'],
    ['spans: 5', 'spans: found 5; allowed is a mapping of spans'],
    ['signIn: on', 'signIn: found "on"; allowed is a mapping of settings'],
    ['signIn: { lockAfter: 0 }', 'signIn.lockAfter: found 0; allowed is a whole number from 1 to 100'],
    ['signIn: { passwordCost: md5 }', 'signIn.passwordCost: found "md5"; allowed are light and strong'],
    ['signIn: { locks: on }', 'signIn.locks: found an unknown key; allowed are lockAfter, passwordCost'],
    [
      'spans: { authorizationCode: 61s }',
      'spans.authorizationCode: found "61s"; allowed is a number and s, m, h or d, from 1s to 60s',
    ],
    ['spans: { deviceCode: 10 }', 'spans.deviceCode: found 10; allowed is a number and s'],
    ['spans: { idToken: 0s }', 'spans.idToken: found "0s"; allowed is a number and s'],
    [
      'spans: { sessionIdle: 99999d }',
      'spans.sessionIdle: found "99999d"; allowed is a number and s, m, h or d, from 1s to 3650d',
    ],
    ...['0', '0s', '59s', 'on', 'true', 'never'].map((words): [string, string] => [
      `spans: { deviceSignInAge: ${words} }`,
      'allowed is a number and s, m, h or d, from 60s to 3650d, or off',
    ]),
    ['store: http://127.0.0.1', 'store: found a value that is not shown here; allowed is redis://'],
    ...[
      'redis://a,b',
      'redis://127.0.0.1:70000',
      'redis://127.0.0.1/name',
      'redis://127.0.0.1?db=1',
      'redis://user:%zz@127.0.0.1',
      'redis+sentinel://a:26379',
      'redis+sentinel://a:26379/main/x',
      'redis+sentinel://a:26379/main?password=secret',
      'redis+cluster://a:1/1',
      'redis+cluster://a b',
      'redis+ring://a:1',
      'redis://',
    ].map((words): [string, string] => [
      `store: ${words}`,
      'store: found a value that is not shown here; allowed is redis://HOST:PORT, redis+sentinel://HOST:PORT,HOST:PORT/NAME or redis+cluster://HOST:PORT,HOST:PORT; rediss for TLS',
    ]),
    ['store: redis://127.0.0.1', 'store: found a Redis store without --data; allowed is with --data DIR'],
    ['replicas: 9', 'replicas: found 9; allowed is a whole number from 0 to 8'],
    ['replicas: 1', 'replicas: found 1 without a Redis store; allowed is 0, or a store that has replicas'],
    [
      'operatorToken: short',
      'operatorToken: found a value that is not shown here; allowed are 16 characters',
    ],
    ['- a', 'not readable as YAML: the top level is no mapping'],
    ['text', 'not readable as YAML: the top level is no mapping'],
    ['a: b: c', 'not readable as YAML'],
    ['port: 1\nport: 2', 'not readable as YAML: duplicated mapping key'],
    ['\u0000', 'not readable as YAML'],
    ['a: &a [*a]', 'found an unknown key'],
  ])('in a file: %s', (content, words) => {
    expect(problemIn(content)).toContain(words)
    expect(problemIn(content)).toContain(folder)
  })
})

describe('an error in the rules of single sign-on', () => {
  /** A rule that is right but for what the test changes. */
  const rule = (change: Readonly<Record<string, unknown>>): string =>
    JSON.stringify({
      region: 'us1',
      organization: '110',
      domains: ['a.example'],
      oidc: { issuer: 'https://idp.example', clientId: 'panoptes', clientSecret: 'hush-hush' },
      ...change,
    })
  const oidc = (change: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
    oidc: { issuer: 'https://idp.example', clientId: 'panoptes', clientSecret: 'hush-hush', ...change },
  })

  const pem = '-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n'
  const saml = (change: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
    oidc: undefined,
    saml: { issuer: 'a', entryPoint: 'https://a.example', certificates: [pem], ...change },
  })

  test.each<[Readonly<Record<string, unknown>>, string]>([
    [{ region: 'us3' }, 'sso.0.region: found "us3"; allowed are us1, us2, eu1'],
    [{ organization: 'Acme' }, 'sso.0.organization: found "Acme"; allowed is a number of digits'],
    [
      { domains: [] },
      'sso.0.domains: found a value that is not shown here; allowed is a list of domains, one or more',
    ],
    [
      { domains: ['A.example'] },
      'sso.0.domains.0: found "A.example"; allowed is a domain as company.example',
    ],
    [{ domains: ['@a.example'] }, 'sso.0.domains.0: found "@a.example"; allowed is a domain'],
    [{ mode: 'sometimes' }, 'sso.0.mode: found "sometimes"; allowed are forced, optional and off'],
    [{ force: true }, 'sso.0.force: found an unknown key; allowed are region, organization, domains, mode'],
    [{ oidc: undefined }, 'sso.0.oidc: found'],
    [oidc({ issuer: 'idp.example' }), 'sso.0.oidc.issuer: found "idp.example"; allowed is an https URL'],
    [
      oidc({ issuer: 'http://idp.example' }),
      'sso.0.oidc.issuer: found a value that is not shown here; allowed is an https URL',
    ],
    [oidc({ issuer: 'https://idp.example/?a=b' }), 'sso.0.oidc.issuer: found'],
    [oidc({ issuer: 'javascript:alert(1)' }), 'sso.0.oidc.issuer: found'],
    [oidc({ clientID: 'x' }), 'sso.0.oidc.clientID: found an unknown key; allowed are issuer, clientId'],
    [oidc({ clientId: '' }), 'sso.0.oidc.clientId: found ""; allowed is the client_id'],
    [oidc({ clientSecret: ['hush-hush'] }), 'sso.0.oidc.clientSecret: found a value that is not shown here'],
    [
      oidc({ scopes: ['email'] }),
      'sso.0.oidc.scopes: found a value that is not shown here; allowed is a list of scopes with openid',
    ],
    [
      { create: [{ claim: 'groups', value: 'x', role: 'Regular User' }] },
      'sso.0.create.0.accountGroup: found',
    ],
    [
      { ...oidc({}), saml: { issuer: 'a', entryPoint: 'https://a.example', certificates: [pem] } },
      'allowed is either oidc or saml',
    ],
    [
      saml({ entryPoint: 'http://a.example' }),
      'sso.0.saml.entryPoint: found "http://a.example"; allowed is an https URL',
    ],
    [
      saml({ certificates: ['MIIC'] }),
      'sso.0.saml.certificates.0: found "MIIC"; allowed is a list of certificates',
    ],
    [saml({ certificates: [] }), 'sso.0.saml.certificates: found'],
    [
      saml({ cert: pem }),
      'sso.0.saml.cert: found an unknown key; allowed are issuer, entryPoint, certificates',
    ],
    [{ create: true }, 'sso.0.create: found true; allowed is a list of claim, value, role and accountGroup'],
  ])('%j', (change, words) => {
    const problem = problemIn(`sso: [${rule(change)}]`)
    expect(problem).toContain(words)
    expect(problem).not.toContain('hush')
  })

  test('is also one domain in two rules of a region, and none in two regions', () => {
    const both = `sso: [${rule({})}, ${rule({ domains: ['b.example', 'a.example'] })}]`
    expect(problemIn(both)).toContain('sso: found')
    expect(problemIn(both)).toContain('each domain once in a region')
    const apart = `sso: [${rule({})}, ${rule({ region: 'eu1' })}]`
    expect(readSettings(['--config', file(apart)], {}).sso).toHaveLength(2)
  })

  test('is none in a rule for SAML', () => {
    const [read] = readSettings(['--config', file(`sso: [${rule(saml({}))}]`)], {}).sso
    expect(read).toMatchObject({
      name: 'a.example',
      provider: { kind: 'saml', issuer: 'a', certificates: [pem] },
    })
  })

  test('is none where a rule says only what it must', () => {
    const [read] = readSettings(
      ['--config', file(`sso: [${rule({ organization: 110, mode: false })}]`)],
      {},
    ).sso
    expect(read).toMatchObject({
      organization: '110',
      mode: 'off',
      name: 'idp.example',
      create: [],
      provider: { kind: 'openid', scopes: ['openid', 'email', 'profile'], allowHttpOnLoopback: false },
    })
  })
})
