/** A real Chromium for tests: the system's own, driven by playwright-core. */
import { accessSync, constants } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

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
