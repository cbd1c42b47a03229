import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sdWan } from '../flow/integrations.ts'
import { askForCode } from '../support/device.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { browsing } from './browsing.ts'
import { askAsMeraki, openSite, type Site } from './flow-integrations.ts'
import { allStops, type Stop, stopNow, tabTo } from './flow-keys.ts'
import { heading, press, signIn, text } from './flow-user.ts'

const openPerson = browsing()
let service: RunningPanoptes
let meraki: Site
let page: Page

beforeAll(async () => {
  service = await startPanoptes()
  meraki = await openSite()
})
afterAll(async () => {
  await meraki?.[Symbol.asyncDispose]()
  await service?.stop()
})
beforeEach(async () => {
  ;({ page } = await openPerson({ viewport: { width: 1280, height: 800 } }))
})

/** Of the account. */
const tabs = ['Connections', 'API Tokens', 'Profile', 'Account Groups', 'Sessions', 'Activity']

const arriveAt = (name: string): Promise<void> => page.getByRole('heading', { level: 1, name }).waitFor()

const isAfter = (stop: Stop, before: Stop): boolean =>
  stop.top > before.top || (Math.abs(stop.top - before.top) <= 8 && stop.left > before.left)

/** Goes once around the page: the stops are these, in the order in which they are read, each seen, and the key leaves the page. */
async function expectStops(names: readonly string[]): Promise<void> {
  const stops = await allStops(page)
  expect(stops.map(({ name }) => name)).toEqual(names)
  expect(
    stops.filter(({ isSeen }) => !isSeen).map(({ name }) => name),
    'without visible focus',
  ).toEqual([])
  const misplaced = stops.filter((stop, index) => index > 0 && !isAfter(stop, stops[index - 1] ?? stop))
  expect(
    misplaced.map(({ name }) => name),
    'out of reading order',
  ).toEqual([])
}

const focusedName = async (): Promise<string | undefined> => (await stopNow(page))?.name

describe('by keyboard alone', () => {
  test('Meraki, authorization code: region by its first letter, Enter in fields, Space on Confirm', async () => {
    const request = await askAsMeraki(service, `${meraki.origin}/callback`)
    await page.goto(request.href)
    await expectStops(['Region', 'Email', 'Continue'])
    await tabTo(page, 'Region')
    await page.keyboard.type('E')
    expect(await page.getByLabel('Region', { exact: true }).locator(':checked').innerText()).toBe('EU')
    await tabTo(page, 'Email')
    await page.keyboard.type('admin@initech.example')
    await page.keyboard.press('Enter')

    await page.getByLabel('Password', { exact: true }).waitFor()
    await expect.poll(focusedName).toBe('Password')
    await page.keyboard.type('wrong')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    await expect
      .poll(focusedName, { message: 'reading begins at the problem' })
      .toContain('We do not recognize')
    await expectStops([(await focusedName()) ?? '', 'Change', 'Password', 'Sign in'])
    await tabTo(page, 'Password')
    await page.keyboard.type('panoptes-eu1')
    await page.keyboard.press('Enter')

    await arriveAt('Confirm authorization')
    expect(await text(page)).toContain('Initech EU')
    await expect
      .poll(focusedName, { message: 'Enter by habit confirms nothing' })
      .toBe('Confirm authorization')
    await expectStops(['your account page', 'Confirm', 'Logout'])
    await tabTo(page, 'Confirm')
    await page.keyboard.press('Space')
    await page.waitForURL(`${meraki.origin}/callback?**`)
    expect((await request.exchange(page.url())).token_type).toBe('bearer')
  })

  test('SD-WAN Manager, device code: from the code to signing out', async () => {
    const device = await askForCode(service, sdWan)
    await page.goto(device.verification_uri)
    await expectStops(['Code', 'Continue'])
    await tabTo(page, 'Code')
    await page.keyboard.type(device.user_code)
    await page.keyboard.press('Enter')

    await arriveAt('Is this your device?')
    await expect.poll(focusedName).toBe('Cancel')
    await expectStops(['Cancel', 'Continue'])
    await tabTo(page, 'Continue')
    await page.keyboard.press('Enter')

    await page.getByLabel('Region', { exact: true }).focus()
    await page.keyboard.press('ArrowDown')
    expect(await page.getByLabel('Region', { exact: true }).locator(':checked').innerText()).toBe('US1')
    await tabTo(page, 'Email')
    await page.keyboard.type('admin@acme.example')
    await tabTo(page, 'Continue')
    await page.keyboard.press('Space')
    await page.getByLabel('Password', { exact: true }).waitFor()
    await page.keyboard.type('panoptes-us1')
    await tabTo(page, 'Sign in')
    await page.keyboard.press('Space')

    await arriveAt('Confirm authorization')
    await expectStops(['Acme HQ', 'Acme Branches', 'your account page', 'Logout', 'Confirm'])
    await tabTo(page, 'Acme Branches')
    await page.keyboard.press('Space')
    expect(await page.getByRole('checkbox', { checked: true }).count()).toBe(1)
    await tabTo(page, 'Confirm')
    await page.keyboard.press('Enter')
    await arriveAt('Device connected')
    await expectStops(['sign out', 'your account page'])
    await tabTo(page, 'sign out')
    await page.keyboard.press('Enter')
    await arriveAt('Sign out?')
    await expectStops(['your account page', 'Sign out', 'Stay signed in'])
    await tabTo(page, 'Sign out')
    await page.keyboard.press('Space')
    await arriveAt('You are signed out')
    await expectStops(['your account page'])
  })

  test('a locked user: a new password, refused and then taken', async () => {
    const email = 'admin@globex.example'
    await fetch(`${service.url}/emulator/users/${email}/lock`, { method: 'PUT' })
    await page.goto(`${service.url}/account`)
    await signIn(page, { email, password: 'panoptes-us2', region: 'US2' })
    await arriveAt('New password')
    // The heading is there a moment before the browser has put the focus where the page says.
    await expect.poll(focusedName).toBe('New password')
    await expectStops(['New password', 'Repeat new password', 'Change password'])
    await tabTo(page, 'New password')
    await page.keyboard.type('panoptes-us2')
    await tabTo(page, 'Repeat new password')
    await page.keyboard.type('panoptes-us2')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    await expect
      .poll(focusedName, { message: 'reading begins at the problem' })
      .toContain('Choose another password')
    await tabTo(page, 'New password')
    await page.keyboard.type('Correct horse 7')
    await tabTo(page, 'Repeat new password')
    await page.keyboard.type('Correct horse 7')
    await tabTo(page, 'Change password')
    await page.keyboard.press('Space')
    await page.getByRole('button', { name: 'Sign out' }).waitFor()
    expect(await text(page)).toContain(email)
  })

  test('Logout on confirm', async () => {
    await page.goto((await askAsMeraki(service, `${meraki.origin}/callback`)).href)
    await signIn(page, { email: 'viewer@acme.example', password: 'panoptes-us1' })
    await tabTo(page, 'Logout')
    await page.keyboard.press('Enter')
    await page.waitForURL(`${meraki.origin}/callback?**`)
    expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied')
  })

  test('the account page: scopes folded and opened, Disconnect, signing out', async () => {
    const request = await askAsMeraki(service, `${meraki.origin}/callback`)
    await page.goto(request.href)
    await signIn(page, { email: 'ops@acme.example', password: 'panoptes-us1' })
    await press(page, 'Confirm')
    await page.waitForURL(`${meraki.origin}/callback?**`)
    await page.goto(`${service.url}/account`)
    await expectStops(['Sign out', ...tabs, 'Disconnect', 'What it may do'])
    await tabTo(page, 'What it may do')
    const scope = page.getByText('tests:manage')
    expect(await scope.isVisible()).toBe(true)
    await page.keyboard.press('Enter')
    expect(await scope.isVisible()).toBe(false)
    await page.keyboard.press('Space')
    expect(await scope.isVisible()).toBe(true)
    await tabTo(page, 'Disconnect')
    await page.keyboard.press('Enter')
    await page.getByRole('status').waitFor()
    await expect
      .poll(focusedName, { message: 'reading goes on at what happened' })
      .toContain('Meraki is disconnected')
    await tabTo(page, 'Sign out')
    await page.keyboard.press('Enter')
    await arriveAt('You are signed out')
    expect(await heading(page)).toBe('You are signed out')
  })
})
