import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessibilityFaults, launchBrowser, sidewaysPixels, watch } from '../support/browser.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { askAsMeraki, openSite } from './flow-integrations.ts'
import { admin, signIn } from './flow-user.ts'
import { type PageName, pageNames, walkPages } from './flow-walk.ts'

const widths = [360, 1280] as const

/** What was found of a page when the walk came by. */
interface Found {
  readonly fields: readonly string[]
  readonly buttons: readonly string[]
  readonly regions: readonly string[]
  readonly atWidth: Readonly<
    Record<number, { readonly sideways: number; readonly faults: readonly string[] }>
  >
}

async function look(page: Page): Promise<Found> {
  const all = (script: string): Promise<readonly string[]> => page.evaluate(script)
  const atWidth: Record<number, { sideways: number; faults: readonly string[] }> = {}
  for (const width of widths) {
    await page.setViewportSize({ width, height: 800 })
    atWidth[width] = { sideways: await sidewaysPixels(page), faults: await accessibilityFaults(page) }
  }
  return {
    fields: await all(`[...document.querySelectorAll('label')].map((label) => label.textContent.trim())`),
    buttons: await page.getByRole('button').allInnerTexts(),
    regions: await all(`[...document.querySelectorAll('option')].map((option) => option.textContent)`),
    atWidth,
  }
}

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser?.close())

describe('the pages as they are served', () => {
  let service: RunningPanoptes
  let context: BrowserContext
  let requested: readonly string[]
  let complaints: readonly string[]
  const found = new Map<PageName, Found>()

  beforeAll(async () => {
    service = await startPanoptes(['--limits', 'off'])
    context = await browser.newContext()
    const page = await context.newPage()
    page.setDefaultTimeout(10_000)
    ;({ requested, complaints } = watch(page))
    await walkPages(service, page, async (name) => void found.set(name, await look(page)))
  }, 120_000)
  afterAll(async () => {
    await context?.close()
    await service?.stop()
  })

  test.each(pageNames)(
    '%s passes axe-core and does not scroll sideways, on a phone and on a desk',
    (name) => {
      const inOrder = { sideways: 0, faults: [] }
      expect(found.get(name)?.atWidth).toEqual({ 360: inOrder, 1280: inOrder })
    },
  )

  test('nothing is requested from elsewhere, and the browser complains of nothing, security-cases E04', () => {
    expect(requested.length).toBeGreaterThan(pageNames.length)
    expect(requested.filter((url) => new URL(url).origin !== service.url)).toEqual([])
    expect(complaints).toEqual([])
  })

  test.each<[PageName, readonly string[], readonly string[]]>([
    ['sign-in', ['Region', 'Email'], ['Continue']],
    ['password', ['Password'], ['Change', 'Sign in']],
    ['wrong password', ['Password'], ['Change', 'Sign in']],
    ['confirm', ['Acme HQ', 'Acme Branches'], ['Confirm', 'Logout']],
    ['account with a connection', [], ['Sign out', 'Disconnect']],
    ['device code', ['Code'], ['Continue']],
    ['wrong device code', ['Code'], ['Continue']],
    ['device confirmation', [], ['Cancel', 'Continue']],
    ['confirm for a device', ['Acme HQ', 'Acme Branches'], ['Logout', 'Confirm']],
    ['done', [], []],
    ['account without connections', [], ['Sign out']],
    ['sign-out', [], ['Sign out']],
  ])('%s has the fields %j and the buttons %j', (name, fields, buttons) => {
    expect(found.get(name)).toMatchObject({ fields, buttons })
  })

  test('Region offers exactly Default, US1, US2 and EU', () => {
    expect(found.get('sign-in')?.regions).toEqual(['Default', 'US1', 'US2', 'EU'])
  })
})

describe('the confirm page in a frame of a neighbour, security-cases E02', () => {
  test('stays blank, and the browser says why', async () => {
    await using service = await startPanoptes()
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto((await askAsMeraki(service, `${service.url}/playground/meraki/callback`)).href)
    await signIn(page, admin)
    const confirm = page.url()
    // Of the same site, so that the cookies go along and only the page's own policy stands in the way.
    await using site = await openSite({ html: `<!doctype html><iframe src="${confirm}"></iframe>` })
    const { complaints } = watch(page)
    await page.goto(site.neighbour)
    await page.waitForLoadState('networkidle')
    const [, frame] = page.frames()
    expect(await frame?.locator('button').count()).toBe(0)
    expect(frame?.url()).toMatch(/^chrome-error:/)
    expect(complaints.join(' ')).toContain("frame-ancestors 'none'")
    await page.goto(confirm)
    expect(await page.getByRole('button', { name: 'Confirm' }).count(), 'unframed it is there').toBe(1)
    await context.close()
  })
})
