/**
 * Shows every page with sample models, to judge them by eye: `node scripts/preview-pages.ts` serves them on a free loopback
 * port until Ctrl-C; with a folder as argument it writes screenshots there (both widths, light and dark) and ends.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ordinaryText } from '../test/browser/sample-models.ts'
import { servePages } from '../test/browser/serve-pages.ts'
import { launchBrowser } from '../test/support/browser.ts'

async function writeScreenshots(folder: string, only: string | undefined): Promise<void> {
  mkdirSync(folder, { recursive: true })
  await using server = await servePages(ordinaryText)
  const browser = await launchBrowser()
  try {
    for (const colorScheme of ['light', 'dark'] as const)
      for (const width of [1280, 360]) {
        const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } })
        const page = await context.newPage()
        for (const name of server.names.filter((each) => !only || each.startsWith(only))) {
          if (name === 'continue') continue
          await page.goto(`${server.origin}/${name}`)
          await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: true })
        }
        await context.close()
      }
  } finally {
    await browser.close()
  }
}

const [folder, only] = process.argv.slice(2)
if (folder) await writeScreenshots(folder, only)
else {
  const server = await servePages(ordinaryText)
  console.log(`${server.names.map((name) => `${server.origin}/${name}`).join('\n')}\nCtrl-C ends it.`)
  process.once('SIGINT', () => void server[Symbol.asyncDispose]())
}
