import { beforeEach, describe, expect, test } from 'vitest'
import { fileEmulator } from './support/file-emulator.ts'
import { askForCode, poll, statusOf } from './support/oauth.ts'

const panoptes = fileEmulator()
const { ask } = panoptes
beforeEach(() => ask('POST', '/reset'))

const otis = { user: 'ops@acme.example' }

describe('POST /emulator/device-codes/{user_code}/approve', () => {
  test('completes a device flow in four calls', async () => {
    const device = await askForCode(panoptes.url)
    const decision = await ask('POST', `/device-codes/${device.user_code}/approve`, otis)
    expect(decision).toMatchObject({ status: 200, body: { decision: 'approved', user: 'us1.1002' } })
    const tokens = await poll(panoptes.url, device.device_code)
    expect(tokens).toMatchObject({ status: 200, body: { token_type: 'Bearer' } })
    expect(await statusOf(panoptes.url, tokens.body.access_token)).toBe(200)
  })

  test('knows a code as people type it', async () => {
    const device = await askForCode(panoptes.url)
    const typed = device.user_code.toLowerCase().replace('-', '')
    expect((await ask('POST', `/device-codes/${typed}/approve`, otis)).status).toBe(200)
    expect((await poll(panoptes.url, device.device_code)).status).toBe(200)
  })

  test('refuses a code that is not known', async () => {
    const answer = await ask('POST', '/device-codes/XXXX-XXXX/approve', otis)
    expect(answer).toMatchObject({ status: 404, body: { code: 'unknown_user_code' } })
  })

  test('refuses a code whose time is over', async () => {
    const device = await askForCode(panoptes.url)
    await ask('POST', '/clock/advance', { by: device.expires_in + 1 })
    const answer = await ask('POST', `/device-codes/${device.user_code}/approve`, otis)
    expect([404, 410]).toContain(answer.status)
  })

  test('refuses to decide twice', async () => {
    const device = await askForCode(panoptes.url)
    await ask('POST', `/device-codes/${device.user_code}/deny`, otis)
    const answer = await ask('POST', `/device-codes/${device.user_code}/approve`, otis)
    expect(answer).toMatchObject({ status: 409, body: { code: 'decided_user_code' } })
  })

  test('takes a user id, and an e-mail address of two regions only with its region', async () => {
    const codes = [
      await askForCode(panoptes.url),
      await askForCode(panoptes.url),
      await askForCode(panoptes.url),
    ]
    const [first, second, third] = codes.map(({ user_code: code }) => `/device-codes/${code}/approve`)
    expect((await ask('POST', `${first}`, { user: 'us2.2001' })).body.user).toBe('us2.2001')
    const ambiguous = await ask('POST', `${second}`, { user: 'admin@acme.example' })
    expect(ambiguous).toMatchObject({ status: 409, body: { code: 'ambiguous_user' } })
    expect(ambiguous.body.detail).toMatch(/us1, us1\.1001.*eu1, eu1\.3002.*allowed are us1, eu1/)
    const settled = await ask('POST', `${third}`, { user: 'ADMIN@acme.example', region: 'eu1' })
    expect(settled.body.user).toBe('eu1.3002')
  })

  test('names the users there are when one is unknown', async () => {
    const device = await askForCode(panoptes.url)
    const answer = await ask('POST', `/device-codes/${device.user_code}/approve`, {
      user: 'nobody@acme.example',
    })
    expect(answer).toMatchObject({ status: 404, body: { code: 'unknown_user' } })
    expect(answer.body.detail).toMatch(/found "nobody@acme\.example"; allowed are .*ops@acme\.example/)
  })
})

describe('POST /emulator/device-codes/{user_code}/deny', () => {
  test('answers the device access_denied', async () => {
    const device = await askForCode(panoptes.url)
    const decision = await ask('POST', `/device-codes/${device.user_code}/deny`, otis)
    expect(decision.body.decision).toBe('denied')
    expect(await poll(panoptes.url, device.device_code)).toMatchObject({
      status: 400,
      body: { error: 'access_denied' },
    })
  })
})
