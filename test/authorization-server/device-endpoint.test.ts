import type { Response } from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import type { Person } from '../support/person.ts'
import { attacksOf } from './attacks.ts'
import {
  approve,
  askForDeviceCode,
  type DeviceAnswer,
  expectRefusal,
  type Fields,
  merakiSecret,
  newVerifier,
  paths,
  pollFields,
  post,
  refresh,
  sdWan,
  sdWanScope,
  signedIn,
  splunk,
  type Tokens,
  toFullMinute,
  v7Status,
} from './protocol.ts'

let service: RunningPanoptes
let person: Person

beforeAll(async () => {
  service = await startPanoptes()
  person = await signedIn(service)
})
afterAll(() => service.stop())

const newCode = (): Promise<DeviceAnswer> => askForDeviceCode(service)
const poll = (code: DeviceAnswer | string, client: Fields = sdWan): Promise<Response> =>
  post(service, paths.token, pollFields(typeof code === 'string' ? code : code.device_code, client)).then()

async function decline(code: DeviceAnswer): Promise<void> {
  await person.open(code.verification_uri)
  await person.press('Continue', { user_code: code.user_code })
  await person.press('Cancel')
}

describe('POST /v7/oauth2/device/authorization, RFC 8628 §3.1', () => {
  test('answers codes, addresses, lifetime and interval, not to be stored', async () => {
    const answer = await post(service, paths.device, { ...sdWan, scope: sdWanScope })
    expect(answer.status).toBe(200)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(Object.keys(answer.body).sort()).toEqual([
      'device_code',
      'expires_in',
      'interval',
      'user_code',
      'verification_uri',
      'verification_uri_complete',
      'verification_url',
    ])
    expect(answer.body).toMatchObject({
      expires_in: 600,
      interval: 5,
      verification_uri: `${service.url}/oauth2/device`,
    })
  })

  test('gives the same addresses whatever Host and X-Forwarded-Host claim, security-cases D18', async () => {
    const answer = await post(service, paths.device, { ...sdWan, scope: sdWanScope })
      .set('X-Forwarded-Host', 'evil.example')
      .set('X-Forwarded-Proto', 'https')
      .set('Forwarded', 'host=evil.example;proto=https')
    expect(answer.body.verification_uri).toBe(`${service.url}/oauth2/device`)
    expect(answer.text).not.toContain('evil')
    const forged = await post(service, paths.device, { ...sdWan, scope: sdWanScope }).set(
      'Host',
      'evil.example',
    )
    expectRefusal(forged, 'invalid_request', 421)
    expect(forged.text).not.toContain('evil')
  })

  test('takes the spelling of older clients and ignores what belongs to other flows', async () => {
    const answer = await post(service, paths.device, {
      ...sdWan,
      scope: sdWanScope,
      response_type: 'device_code',
      redirect_uri: 'https://evil.example/',
      prompt: 'none',
      state: 'x',
      resource: 'https://api.example/',
      teRegion: '1',
    })
    expect(answer.status, answer.text).toBe(200)
  })

  test.each([undefined, '', ' '])('refuses an absent scope (%j)', async (scope) => {
    expectRefusal(await post(service, paths.device, { ...sdWan, scope }), 'invalid_scope')
  })

  test.each(
    attacksOf('oauth-scopes.txt').filter((scope) => !/^tests:manage (?:templates:deploy)$/.test(scope)),
  )('refuses the scope %j and narrows nothing', async (scope) => {
    expectRefusal(await post(service, paths.device, { ...sdWan, scope }), 'invalid_scope')
  })

  test('refuses clients without the grant type, unknown ones and duplicates', async () => {
    expectRefusal(
      await post(service, paths.device, { ...merakiSecret, scope: 'openid' }),
      'unauthorized_client',
    )
    expectRefusal(
      await post(service, paths.device, { client_id: 'nope', scope: 'openid' }),
      'invalid_client',
      401,
    )
    expectRefusal(await post(service, paths.device, { scope: sdWanScope }), 'invalid_request')
    const twice = { ...sdWan, scope: [sdWanScope, sdWanScope] }
    expectRefusal(await post(service, paths.device, twice), 'invalid_request')
    const two = { client_id: [sdWan.client_id, sdWan.client_id], scope: sdWanScope }
    expectRefusal(await post(service, paths.device, two), 'invalid_request')
    const withRequest = await post(service, paths.device, { ...sdWan, scope: sdWanScope, request: 'x.y.z' })
    expect(withRequest).toMatchObject({ status: 400, body: { error: 'request_not_supported' } })
  })
})

describe('POST /v7/oauth2/token, device_code, RFC 8628 §3.4 and §3.5', () => {
  test('says that the code has expired, for five minutes; then it is unknown', async () => {
    const code = await newCode()
    service.advance(599)
    expectRefusal(await poll(code), 'authorization_pending')
    service.advance(1)
    expectRefusal(await poll(code), 'expired_token')
    expectRefusal(await poll(code), 'expired_token')
    service.advance(301)
    expectRefusal(await poll(code), 'invalid_grant')
    person = await signedIn(service)
  })

  test('says access_denied once when the user declines, then the code is spent', async () => {
    const code = await newCode()
    await decline(code)
    expectRefusal(await poll(code), 'access_denied')
    expectRefusal(await poll(code), 'invalid_grant')
  })

  test('is bound to the client, before and after the approval, CVE-2023-2585', async () => {
    const code = await newCode()
    expectRefusal(await poll(code, splunk), 'invalid_grant')
    // A stranger's polls count for nobody: the device's own first poll is on time.
    expectRefusal(await poll(code), 'authorization_pending')
    await approve(person, code)
    expectRefusal(await poll(code, splunk), 'invalid_grant')
    expectRefusal(await poll(code, merakiSecret), 'unauthorized_client')
    expect((await poll(code)).status).toBe(200)
  })

  test('gives one token set to 50 polls at the same moment, and it lives, security-cases D11', async () => {
    for (let round = 0; round < 4; round += 1) {
      const code = await newCode()
      await approve(person, code)
      const answers = await Promise.all(Array.from({ length: 50 }, () => poll(code)))
      const winners = answers.filter(({ status }) => status === 200)
      expect(winners).toHaveLength(1)
      for (const loser of answers) if (loser.status !== 200) expectRefusal(loser, 'invalid_grant')
      const tokens = winners[0]?.body as Tokens
      expect(await v7Status(service, tokens.access_token)).toBe(200)
      const next = await refresh(service, tokens.refresh_token, { ...sdWan, client_secret: undefined })
      expect(next.status, next.text).toBe(200)
    }
  })

  test('ends the connection when a spent code comes again later', async () => {
    const code = await newCode()
    await approve(person, code)
    const tokens = (await poll(code)).body as Tokens
    service.advance(6)
    expectRefusal(await poll(code, splunk), 'invalid_grant')
    expect(await v7Status(service, tokens.access_token)).toBe(200)
    expectRefusal(await poll(code), 'invalid_grant')
    expect(await v7Status(service, tokens.access_token)).toBe(401)
  })

  test('refuses a code whose connection was ended between the approval and the poll, security-cases F07', async () => {
    const code = await newCode()
    await approve(person, code)
    const ended = await fetch(`${service.operatorUrl}/operator/connections?integration=sd-wan-manager`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${service.operatorToken}` },
    })
    expect(ended.status).toBe(200)
    expectRefusal(await poll(code), 'invalid_grant')
  })

  test('takes no user code, access token or refresh token for a device code', async () => {
    const code = await newCode()
    await approve(person, code)
    const tokens = (await poll(code)).body as Tokens
    for (const other of [
      code.user_code,
      code.user_code.replace('-', ''),
      tokens.access_token,
      tokens.refresh_token,
    ])
      expectRefusal(await poll(other), 'invalid_grant')
    expect(await v7Status(service, code.device_code)).toBe(401)
    expectRefusal(
      await refresh(service, code.device_code, { ...sdWan, client_secret: undefined }),
      'invalid_grant',
    )
  })

  test.each(attacksOf('oauth-tokens.txt'))('refuses the made-up device code %j', async (form) => {
    expectRefusal(await poll(form.replace('TAG', 'AAAAAAAAAAAAAAAA')), /^invalid_(?:grant|request)$/)
  })
})

describe('POST /v7/oauth2/token, guessed device codes, RFC 8628 §5.2', () => {
  test('are answered 429 after sixty a minute, while a device with a real code is served', async () => {
    await using quiet = await startPanoptes()
    toFullMinute(quiet)
    const code = await askForDeviceCode(quiet)
    const guess = (deviceCode: string): Promise<Response> =>
      post(quiet, paths.token, pollFields(deviceCode)).then()
    const statuses: number[] = []
    for (let guesses = 0; guesses < 70; guesses += 1) statuses.push((await guess(newVerifier())).status)
    expect(statuses.slice(0, 60).every((status) => status === 400)).toBe(true)
    const limited = await guess(newVerifier())
    expectRefusal(limited, 'temporarily_unavailable', 429)
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0)
    expectRefusal(await guess(code.device_code), 'authorization_pending')
    quiet.advance(61)
    expectRefusal(await guess(newVerifier()), 'invalid_grant')
  })

  test('and anonymous device authorizations have a bound, security-cases D08', async () => {
    await using quiet = await startPanoptes()
    toFullMinute(quiet)
    const ask = (): Promise<Response> => post(quiet, paths.device, { ...sdWan, scope: sdWanScope }).then()
    let answer = await ask()
    for (let asked = 1; asked < 245 && answer.status === 200; asked += 1) answer = await ask()
    expectRefusal(answer, 'temporarily_unavailable', 429)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  })
})
