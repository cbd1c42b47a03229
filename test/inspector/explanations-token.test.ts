import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { explain } from '#inspector/explanations.ts'
import {
  approve,
  askForDeviceCode,
  connectDevice,
  connectMeraki,
  exchange,
  type Fields,
  merakiSecret,
  newCode,
  paths,
  pollFields,
  post,
  refresh,
  resourceServer,
  sdWan,
  sdWanScope,
  signedIn,
  splunk,
} from '../authorization-server/protocol.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import type { Person } from '../support/person.ts'
import { explained, newest, rulesBy } from './explained.ts'

let service: RunningPanoptes
let person: Person

beforeAll(async () => {
  service = await startPanoptes(['--limits', 'off'])
  person = await signedIn(service)
})
afterAll(() => service?.stop())

const tokenRequest = (fields: Fields): Promise<unknown> => post(service, paths.token, fields).then()
const refreshFields = (token: string): Fields => ({
  grant_type: 'refresh_token',
  ...merakiSecret,
  refresh_token: token,
})

/** What is sent, and the one rule that refuses it. */
const refusals: readonly (readonly [rule: string, send: () => Promise<unknown>])[] = [
  [
    'The secret is not sent as Basic',
    () => post(service, paths.token, refreshFields('x')).auth('meraki', 'meraki-secret').then(),
  ],
  [
    'client_id and client_secret stand once',
    () => tokenRequest({ ...refreshFields('x'), client_id: ['meraki', 'meraki'] }),
  ],
  ['The client says who it is', () => tokenRequest({ grant_type: 'refresh_token', refresh_token: 'x' })],
  ['The client exists', () => tokenRequest({ grant_type: 'refresh_token', client_id: 'nobody' })],
  [
    'It proves who it is, as it is registered to',
    () => tokenRequest({ ...refreshFields('x'), client_secret: 'wrong' }),
  ],
  [
    'grant_type is one that is offered',
    () => tokenRequest({ ...merakiSecret, grant_type: 'password', username: 'a' }),
  ],
  ['grant_type is one that is offered', () => tokenRequest({ ...merakiSecret })],
  ['The client may use this grant type', () => tokenRequest(pollFields('x', merakiSecret))],
  [
    'Every other parameter stands once',
    () => tokenRequest({ ...refreshFields('x'), refresh_token: ['x', 'y'] }),
  ],
  ['code and redirect_uri are there', () => exchange(service, '', { code: undefined }).then()],
  ['The code is one of ours', () => exchange(service, 'made-up').then()],
  [
    'It has not expired',
    async () => {
      const code = await newCode(service, person)
      service.advance(61)
      await exchange(service, code)
    },
  ],
  [
    'code_verifier fits the challenge',
    async () => exchange(service, await newCode(service, person), { code_verifier: 'w'.repeat(43) }),
  ],
  [
    'code_verifier is well formed',
    async () => exchange(service, await newCode(service, person), { code_verifier: 'short' }),
  ],
  [
    'redirect_uri is the one of the authorization request',
    async () =>
      exchange(service, await newCode(service, person), { redirect_uri: 'http://127.0.0.1:1/callback' }),
  ],
  ['refresh_token is there', () => tokenRequest({ ...merakiSecret, grant_type: 'refresh_token' })],
  ['The refresh token is one of ours', () => refresh(service, 'made-up').then()],
  [
    'It was issued to this client',
    async () => {
      const { refresh_token } = await connectDevice(service, person)
      await tokenRequest({ ...refreshFields(refresh_token) })
    },
  ],
  [
    'scope asks for no more than was granted',
    async () => {
      const { refresh_token } = await connectMeraki(service, person, { scope: 'tests:manage' })
      await refresh(service, refresh_token, { scope: 'tests:manage agents:manage' })
    },
  ],
  [
    'It was not used before',
    async () => {
      const { refresh_token } = await connectMeraki(service, person)
      const { body } = await refresh(service, refresh_token)
      await refresh(service, body.refresh_token)
      await refresh(service, refresh_token)
    },
  ],
  ['The device code is one of ours', () => tokenRequest(pollFields('made-up'))],
  [
    'It was issued to this client',
    async () => tokenRequest(pollFields((await askForDeviceCode(service)).device_code, splunk)),
  ],
  [
    'The person has decided',
    async () => tokenRequest(pollFields((await askForDeviceCode(service)).device_code)),
  ],
  [
    'The device does not poll too fast',
    async () => {
      const { device_code } = await askForDeviceCode(service)
      await tokenRequest(pollFields(device_code))
      await tokenRequest(pollFields(device_code))
    },
  ],
  [
    'It has not expired',
    async () => {
      const { device_code, ...told } = await askForDeviceCode(service)
      service.advance(Number(Reflect.get(told, 'expires_in')) + 1)
      await tokenRequest(pollFields(device_code))
    },
  ],
]

describe('the token endpoint, explained', () => {
  test.each(refusals)('a request that breaks "%s" is refused by that rule', async (rule, send) => {
    await send()
    const explanation = await explained(service, { name: 'token' })
    expect(rulesBy(explanation, 'refused'), JSON.stringify(explanation, null, 1)).toEqual([rule])
    expect(rulesBy(explanation, 'perhaps')).toEqual([])
    expect(explanation.summary).toContain(rule)
    const outcomes = explanation.checks.map(({ outcome }) => outcome)
    const at = outcomes.indexOf('refused')
    expect(new Set(outcomes.slice(0, at))).not.toContain('not reached')
    expect(outcomes.slice(at + 1).every((outcome) => outcome === 'not reached')).toBe(true)
  })

  test('every check of a good request held, and each names its source', async () => {
    await connectMeraki(service, person)
    const exchanged = await explained(service, { name: 'token' })
    const { body } = await refresh(service, (await connectMeraki(service, person)).refresh_token)
    expect(body.access_token).toBeDefined()
    const refreshed = await explained(service, { name: 'token' })
    await connectDevice(service, person)
    const polled = await explained(service, { name: 'token' })
    for (const { checks, summary } of [exchanged, refreshed, polled]) {
      expect(checks.length).toBeGreaterThan(10)
      expect(checks.map(({ outcome }) => outcome).every((outcome) => outcome === 'held')).toBe(true)
      expect(checks.every(({ source }) => /^(?:RFC \d{4} §|OpenID|ours)/.test(source))).toBe(true)
      expect(summary).toBe('Answered with 200: every check held.')
    }
  })

  test('a code that is used again is told apart, or not at all', async () => {
    const code = await newCode(service, person)
    await exchange(service, code)
    await exchange(service, code)
    const { checks } = await explained(service, { name: 'token' })
    const suspects = checks.filter(({ outcome }) => outcome === 'refused' || outcome === 'perhaps')
    expect(suspects.map(({ rule }) => rule)).toEqual(['It was not used before'])
  })

  test('tokens of a device that are fetched twice leave it open which of two rules it was', async () => {
    const code = await askForDeviceCode(service, { ...sdWan, scope: sdWanScope })
    await approve(person, code)
    await tokenRequest(pollFields(code.device_code))
    await tokenRequest(pollFields(code.device_code))
    expect(rulesBy(await explained(service, { name: 'token' }), 'perhaps')).toEqual([
      'Its tokens were not fetched a moment ago',
      'Its tokens were not fetched before',
    ])
  })

  test('without the log several rules answer alike, and the explanation says so', async () => {
    await refresh(service, 'made-up')
    const explanation = explain({ ...(await newest(service, { name: 'token' })), notes: [] })
    expect(rulesBy(explanation, 'refused')).toEqual([])
    expect(rulesBy(explanation, 'perhaps')).toContain('The refresh token is one of ours')
    expect(rulesBy(explanation, 'perhaps')).toContain('It was not used before')
    expect(rulesBy(explanation, 'held')).toContain('The client exists')
    expect(explanation.summary).toContain('cannot be told which')
  })

  test('revocation says nothing of whether there was such a token', async () => {
    await post(service, paths.revoke, { ...merakiSecret, token: 'made-up' })
    const explanation = await explained(service, { name: 'revoke' })
    expect(rulesBy(explanation, 'not told')).toEqual([
      'It was issued to this client',
      'The connection ends with all of its tokens',
    ])
  })

  test('introspection of a dead token may be either of two rules', async () => {
    await post(service, paths.introspect, { ...resourceServer, token: 'made-up' })
    const { checks } = await explained(service, { name: 'introspect' })
    expect(checks.filter(({ outcome }) => outcome === 'perhaps')).toHaveLength(2)
  })

  test('nothing is claimed of an exchange that a fault disturbed', async () => {
    await fetch(`${service.url}/emulator/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ on: 'token', status: 400, error: 'invalid_grant' }),
    })
    await refresh(service, 'made-up')
    await fetch(`${service.url}/emulator/faults`, { method: 'DELETE' })
    const explanation = await explained(service, { name: 'token' })
    expect(explanation.checks).toEqual([])
    expect(explanation.summary).toContain('fault-1')
  })
})
