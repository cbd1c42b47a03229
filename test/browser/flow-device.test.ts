import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sdWan } from '../flow/integrations.ts'
import type { Watched } from '../support/browser.ts'
import { askForCode, type DeviceAuthorization, poll } from '../support/device.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { browsing } from './browsing.ts'
import { readsAgents } from './flow-integrations.ts'
import { admin, fill, heading, press, signIn, text } from './flow-user.ts'

const openPerson = browsing()
let service: RunningPanoptes
let page: Page
let watched: Watched

beforeAll(async () => {
  service = await startPanoptes()
})
afterAll(async () => {
  await service?.stop()
})

/** A browser of a person of their own. */
async function openBrowser(options: { javaScriptEnabled?: boolean } = {}): Promise<void> {
  ;({ page, watched } = await openPerson(options))
}

const ask = (): Promise<DeviceAuthorization> => askForCode(service, sdWan)

/** The device polls when its interval has passed. @returns its access token, or the protocol's error */
async function pollOnce({ device_code: deviceCode, interval }: DeviceAuthorization): Promise<string> {
  service.advance(interval)
  const { body } = await poll(service, { clientId: sdWan.clientId, deviceCode })
  return String(body['access_token'] ?? body['error'])
}

describe.each([
  ['on', true],
  ['off', false],
])('SD-WAN Manager, device code, in Chromium with JavaScript %s', (_, javaScriptEnabled) => {
  beforeEach(() => openBrowser({ javaScriptEnabled }))

  test('from the code over sign-in and confirm to the device, which gets its tokens; then sign-out', async () => {
    const device = await ask()
    await page.goto(device.verification_uri)
    expect(await heading(page)).toBe('Connect a device')
    await fill(page, 'Code', device.user_code.toLowerCase().replace('-', ' '))
    await press(page, 'Continue')
    expect(await heading(page)).toBe('Is this your device?')
    for (const said of ['Cisco SD-WAN Manager', device.user_code, 'less than a minute ago', '127.0.0.1'])
      expect(await text(page)).toContain(said)
    await press(page, 'Continue')
    await signIn(page, admin)
    expect(await heading(page)).toBe('Confirm authorization')
    for (const said of ['A device asked for this', device.user_code, admin.email, 'US1', '10 minutes'])
      expect(await text(page)).toContain(said)
    expect(await pollOnce(device)).toBe('authorization_pending')
    await press(page, 'Confirm')
    await page.getByRole('heading', { name: 'Device connected' }).waitFor()
    expect(await text(page)).toContain('You stay signed in to Panoptes in this browser.')
    const accessToken = await pollOnce(device)
    expect(await readsAgents(service, accessToken)).toBe(200)

    await page.getByRole('link', { name: 'sign out' }).click()
    expect(await heading(page)).toBe('Sign out?')
    await press(page, 'Sign out')
    expect(await heading(page)).toBe('You are signed out')
    await page.goto(`${service.url}/account`)
    expect(await heading(page)).toBe('Sign in')
    expect(await readsAgents(service, accessToken), 'signing out leaves connections alone').toBe(200)
    expect(watched.complaints).toEqual([])
  })
})

describe('SD-WAN Manager, device code, in Chromium', () => {
  beforeEach(() => openBrowser())

  /** Signs in on the account page, so that the session is live before the link is followed. */
  async function signInFirst(): Promise<void> {
    await page.goto(`${service.url}/account`)
    await signIn(page, admin)
  }

  test('verification_uri_complete approves nothing by itself, with a live session neither; security-cases D13', async () => {
    const device = await ask()
    await signInFirst()
    await page.goto(device.verification_uri_complete)
    // Long enough for a page that sends itself to have done so.
    await page.waitForTimeout(500)
    expect(await heading(page)).toBe('Connect a device')
    expect(await page.getByLabel('Code', { exact: true }).inputValue()).toBe(device.user_code)
    expect(await pollOnce(device)).toBe('authorization_pending')
    await press(page, 'Continue')
    expect(await heading(page)).toBe('Is this your device?')
    const focused = page.locator(':focus')
    expect(await focused.innerText(), 'Enter by habit declines').toBe('Cancel')
    expect(await pollOnce(device)).toBe('authorization_pending')
    await press(page, 'Continue')
    expect(await heading(page), 'a remembered session skips sign-in').toBe('Confirm authorization')
    expect(await pollOnce(device)).toBe('authorization_pending')
    await press(page, 'Confirm')
    await page.getByRole('heading', { name: 'Device connected' }).waitFor()
    expect(await readsAgents(service, await pollOnce(device))).toBe(200)
  })

  test('a sign-in of sixteen minutes ago by a moved clock is repeated, and then confirms', async () => {
    await signInFirst()
    const moved = await fetch(`${service.url}/emulator/clock/advance`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by: '16m' }),
    })
    expect(moved.status).toBe(200)
    const device = await ask()
    await page.goto(device.verification_uri_complete)
    await press(page, 'Continue')
    await press(page, 'Continue')
    expect(await heading(page)).toBe('Sign in')
    expect(await text(page)).toContain('a device asks for access')
    expect(await page.getByLabel('Email', { exact: true }).inputValue()).toBe(admin.email)
    await signIn(page, admin)
    expect(await heading(page)).toBe('Confirm authorization')
    await press(page, 'Confirm')
    await page.getByRole('heading', { name: 'Device connected' }).waitFor()
    expect(await readsAgents(service, await pollOnce(device))).toBe(200)
    await fetch(`${service.url}/emulator/clock/reset`, { method: 'POST' })
  })

  test('a wrong code is said, tied to the field, and the right one goes on', async () => {
    const device = await ask()
    await page.goto(device.verification_uri)
    await fill(page, 'Code', 'BCDF-GHJK')
    await press(page, 'Continue')
    const code = page.getByLabel('Code', { exact: true })
    expect(await page.getByRole('alert').innerText()).toBe(
      'This code is not known or has expired. Compare it with the one on your device, or ask for a new one there.',
    )
    expect(await page.title()).toMatch(/^Error: /)
    expect(await code.inputValue()).toBe('BCDF-GHJK')
    expect(await code.getAttribute('aria-invalid')).toBe('true')
    await page.getByRole('alert').getByRole('link').click()
    expect(await page.locator(':focus').getAttribute('name')).toBe('user_code')
    await code.fill(device.user_code)
    await press(page, 'Continue')
    expect(await heading(page)).toBe('Is this your device?')
    expect(watched.complaints).toEqual([])
  })

  test('an expired code is not told from an unknown one', async () => {
    const device = await ask()
    service.advance(device.expires_in + 1)
    await page.goto(device.verification_uri)
    await fill(page, 'Code', device.user_code)
    await press(page, 'Continue')
    expect(await page.getByRole('alert').innerText()).toContain('This code is not known')
  })

  test('Cancel on the device confirmation declines', async () => {
    const device = await ask()
    await page.goto(device.verification_uri_complete)
    await press(page, 'Continue')
    await press(page, 'Cancel')
    expect(await text(page)).toContain('The request was declined. Your device gets no access.')
    expect(await page.title()).toBe('Declined: Connect a device · Panoptes')
    expect(await pollOnce(device)).toBe('access_denied')
    expect(watched.complaints).toEqual([])
  })

  test('Logout on confirm declines and ends the session', async () => {
    const device = await ask()
    await signInFirst()
    await page.goto(device.verification_uri_complete)
    await press(page, 'Continue')
    await press(page, 'Continue')
    await press(page, 'Logout')
    await page.getByText('The request was declined. Your device gets no access.').waitFor()
    expect(await pollOnce(device)).toBe('access_denied')
    await page.goto(`${service.url}/account`)
    expect(await heading(page)).toBe('Sign in')
    expect(watched.complaints).toEqual([])
  })
})
