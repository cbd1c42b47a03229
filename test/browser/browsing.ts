import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { launchBrowser, type Watched, watch } from '../support/browser.ts'

/** A browser of a person of their own, and what was noticed of its page. */
export interface Browsing {
  readonly context: BrowserContext
  readonly page: Page
  readonly watched: Watched
}

/** A Chromium for the tests of one file. @returns opens a browser of a person; it ends with the test */
export function browsing(): (options?: BrowserContextOptions) => Promise<Browsing> {
  let browser: Browser
  const contexts: BrowserContext[] = []
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser?.close())
  afterEach(() => Promise.all(contexts.splice(0).map((context) => context.close())))
  return async (options) => {
    const context = await browser.newContext(options)
    contexts.push(context)
    const page = await context.newPage()
    page.setDefaultTimeout(10_000)
    return { context, page, watched: watch(page) }
  }
}
