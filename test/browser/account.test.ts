import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Panoptes, startPanoptes } from '../../src/testing.ts'
import { callWith } from '../account/signed-in.ts'
import { accessibilityFaults, cutTexts, launchBrowser, sidewaysPixels, watch } from '../support/browser.ts'
import { allStops, stopNow, tabTo } from './flow-keys.ts'
import { fill, heading, press, signIn, text } from './flow-user.ts'

const ops = { email: 'ops@acme.example', password: 'panoptes-us1' } as const
const tabs = ['Connections', 'API Tokens', 'Profile', 'Account Groups', 'Sessions', 'Activity']

let service: Panoptes
let browser: Browser
let contexts: BrowserContext[] = []

beforeAll(async () => {
  service = await startPanoptes({ limits: 'off', tokenConfirmation: 'email' })
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await service?.stop()
})
afterEach(async () => {
  await Promise.all(contexts.map((context) => context.close()))
  contexts = []
  await service.reset()
})

/** A browser in which Otis is signed in and looks at the account. */
async function atAccount(options: { width?: number; javaScriptEnabled?: boolean } = {}): Promise<Page> {
  const { width = 1280, javaScriptEnabled = false } = options
  const context = await browser.newContext({ javaScriptEnabled, viewport: { width, height: 800 } })
  contexts.push(context)
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  await page.goto(`${service.url}/account`)
  await signIn(page, ops)
  return page
}

const newestCode = async (): Promise<string> =>
  /^\d{6}/.exec((await service.outbox.list({ to: ops.email }))[0]?.text ?? '')?.[0] ?? ''

const tokenField = (page: Page) => page.getByLabel('User API Token', { exact: true })

async function openTab(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Account' }).getByRole('link', { name, exact: true }).click()
  await page.locator(`nav a[aria-current="page"]:text-is("${name}")`).waitFor()
}

/** On the profile, with the token shown. */
async function generate(page: Page): Promise<string> {
  await openTab(page, 'Profile')
  await press(page, 'Generate')
  await page.getByLabel('Code', { exact: true }).waitFor()
  await fill(page, 'Code', await newestCode())
  await press(page, 'Generate')
  return tokenField(page).inputValue()
}

describe('the account, without scripts', () => {
  test('every tab says who is signed in and where, and which tab it is', async () => {
    const page = await atAccount()
    for (const name of tabs) {
      await openTab(page, name)
      const words = await text(page)
      for (const said of ['Otis Operations', 'ops@acme.example', 'US1', 'Sign out'])
        expect(words).toContain(said)
      expect(await page.locator('[aria-current="page"]').count()).toBe(1)
    }
  })

  test('the token is shown once: a reload hides it', async () => {
    const page = await atAccount()
    const token = await generate(page)
    expect(token).toMatch(/^[0-9a-f-]{36}$/)
    await page.reload()
    expect(await page.content()).not.toContain(token)
    expect(await text(page)).toContain('Expires')
  })

  test.each([true, false])(
    'Back does not bring the token again, with scripts allowed: %s',
    async (javaScriptEnabled) => {
      const page = await atAccount({ javaScriptEnabled })
      const token = await generate(page)
      await openTab(page, 'Activity')
      await page.goBack()
      await page.getByRole('heading', { level: 1, name: 'Profile' }).waitFor()
      expect(await page.content()).not.toContain(token)
      await page.goBack()
      await page.goForward()
      expect(await page.content()).not.toContain(token)
      expect(await callWith(service, token)).toBe(200)
    },
  )

  test('Revoke asks first; Cancel keeps the token, Revoke ends it', async () => {
    const page = await atAccount()
    const token = await generate(page)
    await press(page, 'Revoke')
    await page.getByRole('heading', { level: 1, name: 'Revoke your User API Token?' }).waitFor()
    await page.getByRole('link', { name: 'Cancel' }).click()
    expect(await callWith(service, token)).toBe(200)
    await press(page, 'Revoke')
    await press(page, 'Revoke')
    await page.getByRole('status').waitFor()
    expect(await callWith(service, token)).toBe(401)
    await openTab(page, 'Activity')
    const events = await page.locator('td:first-child').allInnerTexts()
    expect(events).toEqual(['User API Token revoked', 'User API Token generated', 'Signed in'])
  })

  test('Account Groups has names and no id, to the eye or in the page', async () => {
    const page = await atAccount()
    await openTab(page, 'Account Groups')
    expect(await page.locator('.groups > li').allInnerTexts()).toEqual([
      expect.stringMatching(/^Acme HQ\s+Login account group$/),
      'Acme Branches',
    ])
    expect(await page.content()).not.toMatch(/\b110[12]\b/)
  })
})

describe('the profile by keyboard alone', () => {
  test('from Generate over the code to Revoke; reading goes on at what happened', async () => {
    const page = await atAccount()
    await tabTo(page, 'Profile')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Profile' }).waitFor()
    const stops = await allStops(page)
    expect(stops.map(({ name }) => name)).toEqual(['Sign out', ...tabs, 'API token', 'Generate'])
    expect(stops.filter(({ isSeen }) => !isSeen)).toEqual([])
    await tabTo(page, 'Generate')
    await page.keyboard.press('Space')
    await page.getByLabel('Code', { exact: true }).waitFor()
    expect((await stopNow(page))?.name).toBe('Code')
    await page.keyboard.type('x')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    expect((await stopNow(page))?.name).toContain('That is not the code')
    await tabTo(page, 'Code')
    await page.keyboard.type(await newestCode())
    await page.keyboard.press('Enter')
    await tokenField(page).waitFor()
    expect((await stopNow(page))?.name).toBe('User API Token')
    const token = await tokenField(page).inputValue()
    await page.keyboard.type('changed')
    expect(await tokenField(page).inputValue()).toBe(token)
    await tabTo(page, 'Revoke')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Revoke your User API Token?' }).waitFor()
    await tabTo(page, 'Revoke')
    await page.keyboard.press('Space')
    await page.getByRole('status').waitFor()
    expect((await stopNow(page))?.name).toContain('is revoked')
    expect(await callWith(service, token)).toBe(401)
  })
})

describe.each([360, 1280])('the account at a width of %i', (width) => {
  test('passes axe-core in every tab and state, does not scroll sideways and cuts nothing off', async () => {
    const page = await atAccount({ width, javaScriptEnabled: true })
    const { complaints, requested } = watch(page)
    const found: Record<string, unknown> = {}
    const look = async (state: string): Promise<void> => {
      const [sideways, cut] = [await sidewaysPixels(page), await cutTexts(page)]
      found[state] = { sideways, cut, faults: await accessibilityFaults(page) }
    }
    for (const name of tabs) {
      await openTab(page, name)
      await look(name)
    }
    await openTab(page, 'Profile')
    await press(page, 'Generate')
    await page.getByLabel('Code', { exact: true }).waitFor()
    await look('code')
    await fill(page, 'Code', 'x')
    await press(page, 'Generate')
    await page.getByRole('alert').waitFor()
    await look('wrong code')
    await fill(page, 'Code', await newestCode())
    await press(page, 'Generate')
    await tokenField(page).waitFor()
    await look('new token')
    await page.reload()
    await look('hidden token')
    await press(page, 'Revoke')
    await page.getByRole('link', { name: 'Cancel' }).waitFor()
    await look('revoke')
    await press(page, 'Revoke')
    await page.getByRole('status').waitFor()
    await look('revoked')
    await page.goto(`${service.url}/playground/outbox`)
    expect(await heading(page)).toBe('Outbox')
    await look('outbox')
    const inOrder = { sideways: 0, cut: [], faults: [] }
    expect(found).toEqual(Object.fromEntries(Object.keys(found).map((state) => [state, inOrder])))
    expect(Object.keys(found)).toHaveLength(13)
    expect(complaints).toEqual([])
    expect(requested.filter((url) => !url.startsWith(`${service.url}/`))).toEqual([])
  }, 120_000)
})
