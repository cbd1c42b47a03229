import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { accessibilityFaults, launchBrowser, sidewaysPixels, watch } from '../support/browser.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { allStops, tabTo } from './flow-keys.ts'
import { admin, heading, press, signIn, text } from './flow-user.ts'

const desktop = { viewport: { width: 1280, height: 800 } } as const
const phone = {
  viewport: { width: 360, height: 740 },
  userAgent:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
} as const

let service: RunningPanoptes
let browser: Browser
let contexts: BrowserContext[] = []

beforeAll(async () => {
  service = await startPanoptes()
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await service?.stop()
})
beforeEach(() => {
  contexts = []
})
afterEach(() => Promise.all(contexts.map((context) => context.close())))

/** A browser of its own, without scripts, in which the administrator is signed in and looks at the sessions. */
async function atSessions(options: typeof desktop | typeof phone): Promise<Page> {
  const context = await browser.newContext({ ...options, javaScriptEnabled: false })
  contexts.push(context)
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  await page.goto(`${service.url}/account`)
  await signIn(page, admin)
  await page.getByRole('link', { name: 'Sessions', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'Your sessions' }).waitFor()
  return page
}

const signOuts = (page: Page) => page.getByRole('button', { name: /^Sign out Safari on iOS/ })

describe('the sessions tab, without scripts', () => {
  test('signs out the phone from the desk, by its name', async () => {
    const [mobile, desk] = [await atSessions(phone), await atSessions(desktop)]
    const { complaints } = watch(desk)
    await signOuts(desk).click()
    await desk.getByRole('status').waitFor()
    expect(await text(desk)).toContain('That browser is signed out.')
    expect(await signOuts(desk).count()).toBe(0)
    await mobile.reload()
    expect(await heading(mobile)).toBe('Sign in')
    expect(complaints).toEqual([])
    await press(desk, 'Sign out everywhere')
  })

  test('signs out everywhere by keyboard, and every stop says what it ends', async () => {
    const [mobile, desk] = [await atSessions(phone), await atSessions(desktop)]
    const stops = (await allStops(desk)).map(({ name }) => name)
    const ends = stops.filter((name) => name.startsWith('Sign out '))
    expect(ends).toHaveLength(3)
    expect(new Set(ends).size).toBe(3)
    expect(ends[0]).toMatch(/^Sign out Chrome on Linux, 127\.0\.0\.1, signed in /)
    expect(ends[2]).toBe('Sign out everywhere')
    await tabTo(desk, 'Sign out everywhere')
    await desk.keyboard.press('Enter')
    await desk.getByRole('heading', { level: 1, name: 'You are signed out' }).waitFor()
    await mobile.reload()
    expect(await heading(mobile)).toBe('Sign in')
  })

  test('ends its own session from the list, on a phone', async () => {
    const mobile = await atSessions(phone)
    await signOuts(mobile).first().click()
    await mobile.getByRole('heading', { level: 1, name: 'You are signed out' }).waitFor()
    await mobile.goto(`${service.url}/account/sessions`)
    expect(await heading(mobile)).toBe('Sign in')
  })
})

describe.each([360, 1280])('the sessions tab at a width of %i', (width) => {
  test('passes axe-core, before and after a sign-out, and does not scroll sideways', async () => {
    await atSessions(phone)
    const context = await browser.newContext({ viewport: { width, height: 800 } })
    contexts.push(context)
    const page = await context.newPage()
    await page.goto(`${service.url}/account`)
    await signIn(page, admin)
    await page.goto(`${service.url}/account/sessions`)
    expect(await accessibilityFaults(page)).toEqual([])
    expect(await sidewaysPixels(page)).toBe(0)
    await signOuts(page).first().click()
    await page.getByRole('status').waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
    expect(await sidewaysPixels(page)).toBe(0)
    await press(page, 'Sign out everywhere')
  })
})
