import { readFileSync } from 'node:fs'
import { dump } from 'js-yaml'
import { describe, expect, test } from 'vitest'
import { parseIntegrations } from '#integrations/configured-integrations.ts'
import { loadOperations } from '#upstream/operations.ts'
import { readScopeRules } from '#upstream/scope-rules.ts'
import { attacksOf } from '../authorization-server/attacks.ts'

const origin = 'http://localhost:7070'
const knownScopes = (await readScopeRules()).words.map(({ name }) => name)
const operations = await loadOperations()
const context = { name: 'integrations.yaml', origin, knownScopes, operations }
const good = {
  clientId: 'cloud',
  name: 'Cloud',
  placement: 'cloud',
  clientSecret: 'cloud-secret',
  grantTypes: ['authorization_code', 'refresh_token'],
  redirectUris: ['https://app.example/cb'],
  scopes: ['tests:read'],
  lifetimes: { access: '5m', idle: '24h', absolute: '90d' },
}
const registered = { lifetimes: { access: '10m', idle: '7d', absolute: '90d' } }

const parse = (changes: object, document: object = {}): ReturnType<typeof parseIntegrations> =>
  parseIntegrations(dump({ integrations: [{ ...good, ...changes }], registered, ...document }), context)

describe('parseIntegrations', () => {
  test('reads the integrations that come with Panoptes', () => {
    const path = 'config/integrations.yaml'
    const { integrations, resourceServers } = parseIntegrations(readFileSync(path, 'utf8'), context)
    expect(integrations.map(({ clientId }) => clientId)).toEqual([
      'sd-wan-manager',
      'meraki',
      '0oalgciz1dyS1Uonr697',
    ])
    expect(resourceServers).toEqual([{ clientId: 'resource-server', clientSecret: 'resource-server-secret' }])
    const meraki = integrations.find(({ clientId }) => clientId === 'meraki')
    expect(meraki).toMatchObject({
      onPremises: false,
      lifetimes: { accessSeconds: 300, idleSeconds: 86_400, absoluteSeconds: 90 * 86_400 },
      redirectUris: [`${origin}/playground/meraki/callback`, 'http://127.0.0.1/callback'],
    })
  })

  test('writes spans as seconds and grant types as they go over the wire', () => {
    const { integrations } = parse({
      grantTypes: ['device_code', 'refresh_token'],
      redirectUris: [],
      lifetimes: { access: '90s', idle: '2h', absolute: '1d' },
    })
    expect(integrations[0]).toMatchObject({
      grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
      lifetimes: { accessSeconds: 90, idleSeconds: 7_200, absoluteSeconds: 86_400 },
    })
  })

  test('knows operations by their id, and by method and path with any names in the braces', () => {
    const names = ['getTests', 'get /v7/tests/{id}/history', 'DELETE /alerts/rules/{}']
    expect(parse({ operations: names }).integrations[0]?.limits).toEqual({
      isReadOnly: false,
      operations: new Set(['getTests', 'getTestVersionHistory', 'deleteAlertRule']),
    })
  })

  test('lets users make API tokens of a year at most, twenty of them, when nothing is said', () => {
    const { apiTokens } = parse({})
    expect(apiTokens).toMatchObject({
      mostPerUser: 20,
      integration: { clientId: 'api-tokens', lifetimes: { absoluteSeconds: 365 * 86_400 }, grantTypes: [] },
    })
    expect(parse({}, { apiTokens: 'off' }).apiTokens).toBeUndefined()
    expect(parse({}, { apiTokens: false }).apiTokens).toBeUndefined()
  })

  test.each<[string, unknown, RegExp]>([
    ['another word', 'no', /apiTokens: found "no"; allowed is off, or a mapping of/],
    ['an unknown key', { maximum: 3 }, /apiTokens: found {"maximum":3}; allowed are .*longest, most/],
    ['no token at all', { most: 0 }, /apiTokens\.most: found 0; allowed is a whole number from 1/],
    ['a span without a unit', { longest: 5 }, /apiTokens\.longest: found 5; allowed is a number and s/],
    [
      'an unknown scope',
      { scopes: ['tests:write'] },
      /api-tokens\.scopes: found tests:write; allowed are the words/,
    ],
    [
      'an unknown operation',
      { operations: ['x'] },
      /api-tokens\.operations: found x; allowed are operation ids/,
    ],
  ])('names what is wrong with apiTokens: %s', (_case, apiTokens, message) => {
    expect(() => parse({}, { apiTokens })).toThrow(message)
  })

  test('keeps the client id of API tokens for them', () => {
    expect(() => parse({ clientId: 'api-tokens' })).toThrow(/allowed is one client of an id/)
  })

  test('limits nothing when nothing is said', () => {
    expect(Object.keys(parse({}).integrations[0] ?? {})).not.toContain('limits')
    expect(Object.keys(parse({}).integrations[0] ?? {})).not.toContain('callsPerMinute')
  })

  test.each([
    'https://app.example/cb',
    'https://app.example:8443/cb?tenant=1',
    'http://127.0.0.1/cb',
    'http://[::1]/cb',
    'http://localhost:3000/cb',
    '{origin}/playground/cb',
  ])('takes the redirect URI %s', (uri) => {
    expect(parse({ redirectUris: [uri] }).integrations[0]?.redirectUris).toEqual([
      uri.replace('{origin}', origin),
    ])
  })

  test.each([
    'http://app.example/cb',
    'http://127.0.0.1.evil.example/cb',
    'http://127.0.0.2/cb',
    'http://192.168.0.1/cb',
    'https://app.example/cb#',
    'https://app.example/cb#f',
    'https://user@app.example/cb',
    'https://:secret@app.example/cb',
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'vbscript:x',
    'com.app:/cb',
    'ftp://app.example/cb',
    '//app.example/cb',
    '/cb',
    'cb',
    '',
    ' ',
    'https://',
    'http://localhost:7070.evil.example/cb',
  ])('refuses to start with the redirect URI %j and names it, security-cases A03, A04', (uri) => {
    expect(() => parse({ redirectUris: [uri] })).toThrow(/cloud\.redirectUris: found .*; allowed is https/)
    expect(() => parse({ postLogoutRedirectUris: [uri] })).toThrow(/cloud\.postLogoutRedirectUris/)
  })

  test('takes none of the hostile redirect URIs that are no https', () => {
    const unsafe = attacksOf('oauth-redirect-uris.txt').filter((uri) => URL.parse(uri)?.protocol !== 'https:')
    expect(unsafe.length).toBeGreaterThan(15)
    for (const uri of unsafe) expect(() => parse({ redirectUris: [uri] }), uri).toThrow(/redirectUris/)
  })

  test.each<[string, object, RegExp]>([
    ['an unknown key', { redirects: [] }, /integrations\.0/],
    ['no client id', { clientId: undefined }, /integrations\.0\.clientId/],
    ['a client id with a space', { clientId: 'a b' }, /integrations\.0\.clientId: found "a b"; allowed are/],
    ['an empty client id', { clientId: '' }, /integrations\.0\.clientId/],
    ['a short secret', { clientSecret: 'short' }, /integrations\.0\.clientSecret/],
    [
      'an unknown grant type',
      { grantTypes: ['implicit'] },
      /integrations\.0\.grantTypes\.0: found "implicit"/,
    ],
    ['no grant type', { grantTypes: [] }, /integrations\.0\.grantTypes/],
    [
      'a code without a redirect URI',
      { redirectUris: [] },
      /redirectUris.*authorization_code needs at least one/,
    ],
    ['no scope', { scopes: [] }, /integrations\.0\.scopes/],
    [
      'a span without a unit',
      { lifetimes: { ...good.lifetimes, access: '5' } },
      /lifetimes\.access: found "5"; allowed is a number and/,
    ],
    ['a span of nothing', { lifetimes: { ...good.lifetimes, access: '0m' } }, /lifetimes\.access/],
    ['a negative span', { lifetimes: { ...good.lifetimes, access: '-5m' } }, /lifetimes\.access/],
    [
      'idle before access',
      { lifetimes: { ...good.lifetimes, idle: '1m' } },
      /allowed is access <= idle <= absolute/,
    ],
    [
      'absolute before idle',
      { lifetimes: { ...good.lifetimes, absolute: '1h' } },
      /allowed is access <= idle <= absolute/,
    ],
    [
      'a limit that is no flag',
      { readOnly: 'yes' },
      /integrations\.0\.readOnly: found "yes"; allowed are true and false/,
    ],
    ['no operation', { operations: [] }, /integrations\.0\.operations: found \[\]; allowed is at least one/],
    [
      'operations as text',
      { operations: 'getTests' },
      /integrations\.0\.operations: found "getTests"; allowed is a list/,
    ],
    [
      'an unknown operation',
      { operations: ['getTests', 'getTest5'] },
      /cloud\.operations: found getTest5; allowed are operation ids/,
    ],
    [
      'an operation of another method',
      { operations: ['PUT /v7/tests'] },
      /cloud\.operations: found PUT \/v7\/tests; allowed are/,
    ],
    [
      'no calls at all',
      { callsPerMinute: 0 },
      /integrations\.0\.callsPerMinute: found 0; allowed is a whole number/,
    ],
    [
      'half a call',
      { callsPerMinute: 1.5 },
      /integrations\.0\.callsPerMinute: found 1\.5; allowed is a whole number/,
    ],
    ['another placement', { placement: 'moon' }, /integrations\.0\.placement: found "moon"/],
  ])('names the key, what was found and what is allowed: %s', (_case, changes, message) => {
    expect(() => parse(changes)).toThrow(message)
    expect(() => parse(changes)).toThrow(/^integrations\.yaml: /)
  })

  test.each(['organisation:read', 'tests:read nope', 'TESTS:READ', ''])(
    'refuses the scope %j, which does not exist',
    (scope) => {
      expect(() => parse({ scopes: ['tests:read', scope] })).toThrow(
        /cloud\.scopes: found .*config\/scopes\.yaml/,
      )
    },
  )

  test('refuses two clients with one id, whatever they are', () => {
    const twice = { integrations: [good, good] }
    expect(() => parse({}, twice)).toThrow(/cloud/)
    const both = { resourceServers: [{ clientId: 'cloud', clientSecret: 'another-secret' }] }
    expect(() => parse({}, both)).toThrow(/cloud/)
  })

  test.each(['', '[]', 'x', 'integrations: 7', 'registered: {}', '{', '\t'])(
    'refuses the document %j in one line',
    (text) => {
      expect(() => parseIntegrations(text, context)).toThrow(/^[^\n]+$/)
    },
  )
})
