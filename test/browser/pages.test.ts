import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openViews } from '#http/page.ts'
import {
  accessibilityFaults,
  cutTexts,
  launchBrowser,
  misshapen,
  sidewaysPixels,
} from '../support/browser.ts'
import { hostileText, ordinaryText } from './sample-models.ts'
import { samplePages } from './sample-pages.ts'
import { type PageServer, servePages } from './serve-pages.ts'

const names = Object.keys(samplePages(openViews(), ordinaryText))
const staying = names.filter((name) => name !== 'continue')

let browser: Browser
let ordinary: PageServer
let hostile: PageServer

beforeAll(async () => {
  ordinary = await servePages(ordinaryText)
  hostile = await servePages(hostileText)
  browser = await launchBrowser()
})

afterAll(async () => {
  await browser?.close()
  await ordinary?.[Symbol.asyncDispose]()
  await hostile?.[Symbol.asyncDispose]()
})

describe('pages, on a phone and on a desk', () => {
  let context: BrowserContext
  let page: Page

  beforeAll(async () => {
    context = await browser.newContext()
    page = await context.newPage()
  })
  afterAll(() => context?.close())

  test.each(staying)('%s passes axe-core in light and dark and does not scroll sideways', async (name) => {
    await page.emulateMedia({ colorScheme: 'light' })
    await page.goto(`${ordinary.origin}/${name}`)
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 800 })
      expect([await sidewaysPixels(page), await cutTexts(page), await misshapen(page)]).toEqual([0, [], []])
      expect(await accessibilityFaults(page)).toEqual([])
    }
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await accessibilityFaults(page, { runOnly: ['color-contrast'] })).toEqual([])
  })
})

describe('pages under their own policy', () => {
  let context: BrowserContext
  let page: Page
  let requested: string[]
  let complaints: string[]

  beforeAll(async () => {
    context = await browser.newContext({ viewport: { width: 360, height: 800 } })
    page = await context.newPage()
    page.on('request', (request) => requested.push(request.url()))
    page.on('console', (message) => {
      // Which features a browser knows differs from version to version, and it says so.
      if (!message.text().includes('Permissions-Policy')) complaints.push(message.text())
    })
    page.on('dialog', (dialog) => {
      complaints.push(dialog.message())
      void dialog.dismiss()
    })
  })
  afterAll(() => context?.close())

  /** To neither server of ours; the icon of the page before may still be on its way. */
  const foreignRequests = (): readonly string[] =>
    requested.filter((url) => ![ordinary, hostile].some(({ origin }) => url.startsWith(`${origin}/`)))

  async function open(server: PageServer, name: string): Promise<void> {
    requested = []
    complaints = []
    await page.goto(`${server.origin}/${name}`)
  }

  test.each(staying)('%s asks only our own origin and breaks no rule of it', async (name) => {
    await open(ordinary, name)
    expect(foreignRequests()).toEqual([])
    expect(complaints).toEqual([])
  })

  test.each(staying)('%s shows hostile text as text', async (name) => {
    await open(hostile, name)
    const foreign = await page.evaluate(
      `document.querySelectorAll('script:not([src^="/script/"]:empty), style, iframe, img, base, object, [style], [onload], [onerror], [onmouseover]').length`,
    )
    const text: string = await page.evaluate('document.documentElement.textContent')
    expect(foreign).toBe(0)
    expect(text).not.toMatch(/[\u00AD\u200B\u200F\u2028\u202E\u2066]/)
    expect(await page.title()).toMatch(/ · Panoptes$/)
    expect(await sidewaysPixels(page)).toBe(0)
    expect(foreignRequests()).toEqual([])
    expect(complaints).toEqual([])
  })

  test('continue goes on to the integration by itself, also without JavaScript', async () => {
    const scriptless = await browser.newContext({ javaScriptEnabled: false })
    try {
      await scriptless.route('http://integration.invalid/**', (route) =>
        route.fulfill({ body: 'arrived', contentType: 'text/plain' }),
      )
      const arriving = await scriptless.newPage()
      await arriving.goto(`${ordinary.origin}/continue`)
      await arriving.waitForURL('http://integration.invalid/**')
      expect(arriving.url()).toBe('http://integration.invalid/arrived?code=a&state=%22%3Cb%3E')
    } finally {
      await scriptless.close()
    }
  })

  test('sign-in offers exactly Default, US1, US2 and EU', async () => {
    await open(ordinary, 'sign-in')
    const options = page.getByRole('combobox', { name: 'Region', exact: true }).getByRole('option')
    expect(await options.allTextContents()).toEqual(['Default', 'US1', 'US2', 'EU'])
  })

  test.each([
    ['sign-in', ['Region', 'Email']],
    ['password', ['Password']],
    ['device-code', ['Code']],
  ])('%s has the fields %j', async (name, labels) => {
    await open(ordinary, name)
    for (const label of labels) expect(await page.getByLabel(label, { exact: true }).count()).toBe(1)
  })

  test.each([
    ['sign-in', ['Continue']],
    ['password', ['Change', 'Sign in']],
    ['device-code', ['Continue']],
    ['device-confirmation', ['Cancel', 'Continue']],
    ['confirm', ['Confirm', 'Logout']],
    ['confirm-device', ['Logout', 'Confirm']],
    ['confirm-many-groups', ['Check none', 'Check all', 'Confirm', 'Logout']],
    ['sign-out', ['Sign out']],
    ['account-disconnected', ['Sign out', 'Disconnect']],
  ])('%s has the buttons %j', async (name, buttons) => {
    await open(ordinary, name)
    expect(await page.getByRole('button').allTextContents()).toEqual(buttons)
  })

  test.each([
    ['confirm', 'Confirm authorization'],
    ['confirm-device', 'Confirm authorization'],
    ['confirm-device-late', 'Confirm authorization'],
    ['confirm-again', 'Confirm authorization'],
    ['device-confirmation', 'Cancel'],
    ['device-confirmation-late', 'Cancel'],
  ])('%s opens with the focus away from consent', async (name, focused) => {
    await open(ordinary, name)
    // Chromium moves the focus after the page has loaded.
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toBe(focused)
  })

  test('confirm offers the account groups as boxes of one group, each told by its name and more', async () => {
    await open(ordinary, 'confirm-again')
    const group = page.getByRole('group', { name: 'Account groups', exact: true })
    expect(await group.getByRole('checkbox').count()).toBe(2)
    const branches = group.getByRole('checkbox', { name: 'Acme Branches', exact: true })
    expect(await branches.isChecked()).toBe(true)
    expect(await branches.getAttribute('aria-describedby')).toBe('aid-1102-more')
    expect(await page.locator('#aid-1102-more').innerText()).toMatch(/^aid 1102\s+New$/)
    await group.getByText('Acme Branches', { exact: true }).click()
    expect(await branches.isChecked(), 'the name is part of the target').toBe(false)
  })

  test.each(['confirm', 'confirm-device'])('Enter in a box of %s decides nothing', async (name) => {
    await open(ordinary, name)
    await page.getByRole('checkbox', { name: 'Acme HQ' }).uncheck()
    const sent = page.waitForRequest((request) => request.method() === 'POST')
    await page.keyboard.press('Enter')
    const form = new URLSearchParams((await sent).postData() ?? '')
    expect(Object.fromEntries(form)).toEqual({ csrf: 'sample', choice: 'look-again', 'aid-1102': 'on' })
    await page.waitForURL('**/interaction/**')
  })

  test('confirm folds many account groups, and opens them once a choice was made', async () => {
    await open(ordinary, 'confirm-many-groups')
    const last = page.getByRole('checkbox', { name: 'Acme Branches 200', exact: true })
    expect(await last.isVisible()).toBe(false)
    await page.getByText('and 194 more').click()
    expect(await last.isVisible()).toBe(true)
    await open(ordinary, 'confirm-many-checked-none')
    expect(await page.getByRole('checkbox', { name: 'Acme Branches 40', exact: true }).isVisible()).toBe(true)
    expect(await page.getByRole('checkbox', { checked: true }).count()).toBe(0)
    expect(await page.evaluate('document.activeElement.id'), 'where the choice goes on').toBe(
      'account-groups',
    )
  })

  test('landing folds the users of a large seed', async () => {
    await open(ordinary, 'landing-many-users')
    const last = page.getByRole('cell', { name: 'user-203@acme.example', exact: true })
    expect(await page.getByRole('row', { name: /@acme\.example/ }).count()).toBe(7)
    expect(await last.isVisible()).toBe(false)
    await page.getByText('and 196 more').click()
    expect(await last.isVisible()).toBe(true)
    expect(await page.getByRole('table', { name: 'Users and 196 more' }).getByRole('row').count()).toBe(197)
  })

  test.each(['confirm-none-chosen', 'confirm-many-not-reached'])(
    'the problem of %s receives the focus and leads to the boxes',
    async (name) => {
      await open(ordinary, name)
      // The browser moves the focus when it draws the page, which may be after it has read it.
      await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('problem')
      await page.getByRole('alert').getByRole('link').click()
      expect(await page.evaluate('document.activeElement.id')).toBe('account-groups')
      expect(await page.title()).toMatch(/^Error: /)
    },
  )

  test.each([
    ['confirm-device', 'A device asked for this'],
    ['confirm-device-late', 'A device asked for this'],
    ['device-confirmation', 'A device asked for this'],
    ['device-confirmation-late', 'A device asked for this'],
    ['confirm-again', 'Changed since last time'],
    ['confirm-again-same', 'Nothing has changed since last time'],
  ])('%s has the note %s before anything that is asked', async (name, note) => {
    await open(ordinary, name)
    const found = page.getByRole('note', { name: note, exact: true })
    expect(await found.count()).toBe(1)
    const isBefore = await found.evaluate((element) =>
      Boolean(element.ownerDocument.querySelector('form')?.compareDocumentPosition(element) === 2),
    )
    expect(isBefore).toBe(true)
  })

  test('sign-in goes by keyboard from region to e-mail to Continue', async () => {
    await open(ordinary, 'sign-in')
    const visited: string[] = []
    for (let step = 0; step < 3; step++) {
      await page.keyboard.press('Tab')
      visited.push(await page.evaluate('document.activeElement.name || document.activeElement.textContent'))
    }
    expect(visited).toEqual(['region', 'email', 'Continue'])
  })

  test('a problem on a form receives the focus and is tied to its field', async () => {
    await open(ordinary, 'password-problem')
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('problem')
    expect(await page.getByLabel('Password').getAttribute('aria-describedby')).toBe('problem')
  })

  test.each(['sign-in', 'password', 'device-code'])(
    '%s has fields of at least 16 px, so that phones do not zoom in',
    async (name) => {
      await open(ordinary, name)
      const small = await page.evaluate(
        `[...document.querySelectorAll('input, select')].filter((field) => parseFloat(getComputedStyle(field).fontSize) < 16).length`,
      )
      expect(small).toBe(0)
    },
  )
})
