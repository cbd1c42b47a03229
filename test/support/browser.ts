/** A real Chromium for tests: the system's own, driven by playwright-core; and what it says of a page. */
import { accessSync, constants, readFileSync } from 'node:fs'
import type { AxeResults } from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright-core'

const candidates = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * @returns the path of the browser: `CHROMIUM_PATH` when it is set, else the first usual place that has one
 * @throws with one line that says what to install
 */
export function chromiumPath(): string {
  // biome-ignore lint/style/noProcessEnv: where the browser is belongs to the machine, not to the project
  const configured = process.env['CHROMIUM_PATH']
  const found = (configured ? [configured] : candidates).find(isExecutable)
  if (found) return found
  throw new Error(
    configured
      ? `CHROMIUM_PATH names no executable file: ${configured}`
      : 'No Chromium found for the browser tests: install it (Debian: apt-get install chromium) or set CHROMIUM_PATH.',
  )
}

/** Starts a headless Chromium that asks nothing of the network by itself. The caller closes it. */
export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath(),
    headless: true,
    timeout: 20_000,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })

/** How far a page can be scrolled sideways. */
export const sidewaysPixels = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

/** Texts that a frame cuts off at its right edge. What is hidden from the eye on purpose, and what scrolls, are no such frames. */
export const cutTexts = (page: Page): Promise<readonly string[]> =>
  page.evaluate(`(() => {
    const cut = []
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    const range = document.createRange()
    while (texts.nextNode()) {
      range.selectNodeContents(texts.currentNode)
      const { right, width } = range.getBoundingClientRect()
      for (let frame = texts.currentNode.parentElement; frame && width > 0; frame = frame.parentElement) {
        const box = frame.getBoundingClientRect()
        if (box.width <= 1) break
        const { overflowX, textOverflow } = getComputedStyle(frame)
        if (!/hidden|clip/.test(overflowX) || right <= box.right + 1) continue
        // With an ellipsis people see that there is more.
        if (textOverflow === 'ellipsis') break
        cut.push(texts.currentNode.textContent.trim())
        break
      }
    }
    return cut.filter((text) => text !== '')
  })()`)

/** What looks wrong though nothing is lost: choices that their closed field cuts off, headings broken within a word, stretched tags. */
export const misshapen = (page: Page): Promise<readonly string[]> =>
  page.evaluate(`(() => {
    const all = (selector) => [...document.querySelectorAll(selector)]
    const range = document.createRange()
    const textOf = (element) => (range.selectNodeContents(element), range)
    const pen = document.createElement('canvas').getContext('2d')
    const isCut = (select) => {
      const { font, paddingLeft, paddingRight } = getComputedStyle(select)
      pen.font = font
      const arrow = 20
      const room = select.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight) - arrow
      return [...select.options].some(({ text }) => pen.measureText(text).width > room)
    }
    // On small screens tables are lists, and their headings are for listeners alone.
    const isHidden = (heading) => heading.closest('thead')?.getBoundingClientRect().width <= 1
    const isBroken = (heading) =>
      !isHidden(heading) && !/\\s/.test(heading.innerText.trim()) && textOf(heading).getClientRects().length > 1
    const isStretched = (tag) => tag.getBoundingClientRect().width > textOf(tag).getBoundingClientRect().width + 24
    return [
      ...all('select').filter(isCut).map(({ name }) => 'cut: ' + name),
      ...all('th').filter(isBroken).map(({ innerText }) => 'broken: ' + innerText),
      ...all('.tag').filter(isStretched).map(({ innerText }) => 'stretched: ' + innerText),
    ]
  })()`)

const axeSource = readFileSync(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

/** What axe-core finds, one line each; under the page's own policy, which `preload` would try to break. */
export async function accessibilityFaults(
  page: Page,
  options: Readonly<Record<string, unknown>> = {},
): Promise<readonly string[]> {
  if (await page.evaluate('typeof axe === "undefined"')) await page.evaluate(axeSource)
  const results: AxeResults = await page.evaluate(
    `axe.run(${JSON.stringify({ preload: false, ...options })})`,
  )
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** What a page asked for, and what the browser complained of meanwhile. */
export interface Watched {
  readonly requested: readonly string[]
  readonly complaints: readonly string[]
}

// Which features a browser knows differs from version to version, and a page with a status of 400 is meant to have it. Where the machine is
// slow, a test has a field in its hand before the page puts the cursor there.
const isExpected = (message: string): boolean =>
  /Permissions-Policy|Failed to load resource: the server|^Autofocus processing was blocked because a document already has a focused element/.test(
    message,
  )

/** Listens to a page from now on. */
export function watch(page: Page): Watched {
  const watched = { requested: [] as string[], complaints: [] as string[] }
  page.on('request', (request) => watched.requested.push(request.url()))
  page.on('pageerror', (error) => watched.complaints.push(String(error)))
  page.on('console', (message) => {
    if (!isExpected(message.text())) watched.complaints.push(message.text())
  })
  return watched
}
