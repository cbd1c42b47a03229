import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enterCode, poll } from '../support/device.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { admin, askForTokens, askStrictly, type StrictClient, sdWan, strictClient } from './integrations.ts'
import { callV7 } from './v7.ts'

const clientId = 'sd-wan-manager'

describe('POST /v7/oauth2/token of a polling device, RFC 8628 §3.5', () => {
  let service: RunningPanoptes
  let device: StrictClient

  beforeAll(async () => {
    service = await startPanoptes()
    device = await strictClient(service, clientId)
  })
  afterAll(() => service.stop())

  const pollFor = async (deviceCode: string): Promise<unknown> =>
    (await poll(service, { clientId, deviceCode })).body['error']

  async function confirm(code: { user_code: string; verification_uri: string }): Promise<void> {
    const person = new Person()
    await enterCode(person, code)
    await person.signIn(admin.email, admin.password)
    await person.press('Confirm')
  }

  test('answers authorization_pending at every interval until the person has decided', async () => {
    const code = await askStrictly(device, sdWan.scope)
    for (let polls = 0; polls < 3; polls += 1) {
      expect(await pollFor(code.device_code)).toBe('authorization_pending')
      service.advance(code.interval ?? 5)
    }
    await confirm(code)
    expect(await askForTokens(device, code.device_code)).toMatchObject({ expires_in: 600 })
  })

  test('answers slow_down to a poll before its interval has passed; a device that then obeys is never stuck', async () => {
    const code = await askStrictly(device, sdWan.scope)
    expect(code.interval).toBe(5)
    expect(await pollFor(code.device_code)).toBe('authorization_pending')
    service.advance(1)
    expect(await pollFor(code.device_code)).toBe('slow_down')
    for (let polls = 0; polls < 3; polls += 1) {
      service.advance(10) // slow_down adds five seconds for this and all later polls
      expect(await pollFor(code.device_code)).toBe('authorization_pending')
    }
    service.advance(6) // the old interval is not enough any more
    expect(await pollFor(code.device_code)).toBe('slow_down')
    service.advance(15)
    expect(await pollFor(code.device_code)).toBe('authorization_pending')
    await confirm(code)
    service.advance(15)
    expect(await askForTokens(device, code.device_code)).toMatchObject({ expires_in: 600 })
  })

  test('hands the tokens out at once when the person has decided, however early the poll', async () => {
    const code = await askStrictly(device, sdWan.scope)
    expect(await pollFor(code.device_code)).toBe('authorization_pending')
    await confirm(code)
    expect(await askForTokens(device, code.device_code)).toMatchObject({ expires_in: 600 })
  })

  test.each(['Cancel', 'Logout'])(
    'answers access_denied once after the person pressed %s',
    async (button) => {
      const code = await askStrictly(device, sdWan.scope)
      const person = new Person()
      await person.open(code.verification_uri)
      await person.press('Continue', { user_code: code.user_code })
      if (button === 'Logout') {
        await person.press('Continue')
        await person.signIn(admin.email, admin.password)
      }
      await person.press(button)
      expect(person.page?.text).toContain('Your device gets no access')
      expect(await pollFor(code.device_code)).toBe('access_denied')
      expect(await pollFor(code.device_code)).toBe('invalid_grant')
    },
  )

  test('gives one set of tokens to many parallel polls, and it lives', async () => {
    const code = await askStrictly(device, sdWan.scope)
    await confirm(code)
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => poll(service, { clientId, deviceCode: code.device_code })),
    )
    const [winner, ...others] = answers.filter(({ status }) => status === 200)
    expect(others).toEqual([])
    expect(answers.filter(({ body }) => body['error'] === 'invalid_grant')).toHaveLength(9)
    expect((await callV7(service, String(winner?.body['access_token']), '/v7/tests')).status).toBe(200)
  })

  test('tells another client nothing about the code and leaves it untouched', async () => {
    const code = await askStrictly(device, sdWan.scope)
    const stranger = { clientId: '0oalgciz1dyS1Uonr697', deviceCode: code.device_code }
    expect((await poll(service, stranger)).body['error']).toBe('invalid_grant')
    await confirm(code)
    expect((await poll(service, stranger)).body['error']).toBe('invalid_grant')
    expect(await askForTokens(device, code.device_code)).toMatchObject({ expires_in: 600 })
  })
})

describe('POST /v7/oauth2/device/authorization, RFC 8628 §3.2', () => {
  test('answers with code, verification addresses on our own origin, lifetime and interval, never to be stored', async () => {
    await using service = await startPanoptes()
    const response = await fetch(`${service.url}/v7/oauth2/device/authorization`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: clientId, scope: sdWan.scope }),
    })
    expect(response.headers.get('cache-control')).toContain('no-store')
    const body = (await response.json()) as Record<string, unknown>
    expect(body).toEqual({
      device_code: expect.stringMatching(/^[\w-]{43}$/),
      user_code: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/),
      verification_uri: `${service.url}/oauth2/device`,
      verification_url: `${service.url}/oauth2/device`,
      verification_uri_complete: `${service.url}/oauth2/device?user_code=${body['user_code']}`,
      expires_in: 600,
      interval: 5,
    })
  })
})
