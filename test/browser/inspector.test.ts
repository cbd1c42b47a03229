import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connectMeraki, refresh, signedIn, type Tokens, v7Status } from '../authorization-server/protocol.ts'
import { accessibilityFaults, sidewaysPixels, type Watched } from '../support/browser.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { browsing } from './browsing.ts'
import { allStops, tabTo } from './flow-keys.ts'
import { fill, heading, press, text } from './flow-user.ts'

const openPerson = browsing()
let service: RunningPanoptes
let context: BrowserContext
let page: Page
let watched: Watched
let tokens: Tokens

/** Meraki's connection, a call of it, and a refresh token that is used again once its successor was. */
beforeAll(async () => {
  service = await startPanoptes(['--limits', 'off'])
  tokens = await connectMeraki(service, await signedIn(service))
  await v7Status(service, tokens.access_token)
  const { body } = await refresh(service, tokens.refresh_token)
  await refresh(service, body.refresh_token)
  await refresh(service, tokens.refresh_token)
})
afterAll(async () => {
  await service?.stop()
})

async function openBrowser(options: BrowserContextOptions = {}): Promise<void> {
  ;({ context, page, watched } = await openPerson(options))
}

const firstRow = () => page.getByRole('row').nth(1)
const requests = (): Promise<readonly string[]> => page.getByRole('row').getByRole('link').allInnerTexts()

describe.each([
  ['on', true],
  ['off', false],
])('the inspector, with JavaScript %s', (_, javaScriptEnabled) => {
  beforeEach(() => openBrowser({ javaScriptEnabled }))

  test('leads from the newest exchange to the rule that refused it, and through its flow', async () => {
    await page.goto(`${service.url}/inspector?surface=oauth`)
    expect(await firstRow().innerText()).toContain('meraki')
    await firstRow().getByRole('link').click()
    expect(await heading(page)).toBe('POST /v7/oauth2/token')
    const refused = page.locator('.checks > .refused')
    expect(await refused.count()).toBe(1)
    expect(await refused.innerText()).toContain('It was not used before')
    expect(await refused.innerText()).toContain('RFC 9700 §4.14.2')
    expect(await text(page)).toContain('refresh token already used')
    expect(await text(page)).toContain('YOUR-REFRESH-TOKEN')
    expect(await text(page)).not.toContain(tokens.refresh_token)
    await page.getByRole('link', { name: /^Before: / }).click()
    expect(await heading(page)).toBe('POST /v7/oauth2/token')
    await page.getByRole('link', { name: 'Sequence of this flow' }).click()
    const words = await page.locator('.steps').innerText()
    expect(words).toContain('Browser → Authorization server: GET /oauth2/authorize')
    expect(words).toContain('Gateway → Upstream: with a lent credential')
    expect(await page.getByRole('img', { name: /Sequence of a flow/ }).count()).toBe(1)
    await page.getByRole('link', { name: '400 invalid_grant' }).click()
    expect(await page.locator('.checks > .refused').innerText()).toContain('It was not used before')
    expect(watched.complaints).toEqual([])
  })

  test('filters by surface, name and status', async () => {
    await page.goto(`${service.url}/inspector`)
    await page.getByLabel('Surface', { exact: true }).selectOption('v7')
    await press(page, 'Show')
    expect(await requests()).toEqual(['GET /v7/account-groups'])
    await page.getByLabel('Surface', { exact: true }).selectOption('')
    await fill(page, 'Name', 'token')
    await fill(page, 'Status', '400')
    await press(page, 'Show')
    expect(await requests()).toEqual(['POST /v7/oauth2/token'])
    await page.getByRole('link', { name: 'Show all' }).click()
    expect((await requests()).length).toBeGreaterThan(5)
  })

  test('an exchange that is not there is 404, without scripts', async () => {
    for (const id of ['999999', '0', 'x', '%3Cb%3E']) {
      const answer = await page.goto(`${service.url}/inspector/exchanges/${id}`)
      expect(answer?.status()).toBe(404)
      expect(answer?.headers()['content-security-policy']).not.toContain('script-src')
    }
  })
})

describe('the inspector', () => {
  test('shows what comes while it is open, newest first', async () => {
    await openBrowser()
    await page.goto(`${service.url}/inspector`)
    await page.getByText('Live: new ones appear by themselves.').waitFor()
    await fetch(`${service.url}/v7/tests`, {
      headers: { authorization: `Bearer <img src=x onerror=alert(1)>` },
    })
    await fetch(
      `${service.url}/oauth2/authorize?client_id=${encodeURIComponent('<script>alert(1)</script>')}`,
    )
    await expect.poll(() => firstRow().innerText()).toContain('GET /oauth2/authorize')
    expect(await firstRow().innerText()).toContain('<script>alert(1)</script>')
    expect(await page.locator('script:not([src])').count()).toBe(0)
    await firstRow().getByRole('link').click()
    await page.getByText('“The client exists”').waitFor()
    await page.goBack()
    expect(await heading(page)).toBe('Inspector')
    expect(watched.complaints).toEqual([])
  })

  test('copies a request as curl', async () => {
    await openBrowser()
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: service.url })
    await page.goto(`${service.url}/inspector?surface=v7&status=200`)
    await firstRow().getByRole('link').click()
    await press(page, 'Copy as curl')
    await page.getByText('Copied').waitFor()
    expect(watched.complaints).toEqual([])
  })

  // axe-core takes its time on two busy cores.
  test.each(['/inspector', '/inspector/exchanges/', '/inspector/flow'])(
    '%s passes axe-core and does not scroll sideways, on a phone and on a desk',
    async (path) => {
      await openBrowser()
      await page.goto(`${service.url}/inspector?surface=oauth&status=400`)
      if (path.endsWith('/')) await firstRow().getByRole('link').click()
      else await page.goto(`${service.url}${path}`)
      await page.waitForURL(`**${path}*`)
      for (const width of [360, 1280]) {
        await page.setViewportSize({ width, height: 800 })
        expect(await sidewaysPixels(page)).toBe(0)
        expect(await accessibilityFaults(page)).toEqual([])
      }
    },
    60_000,
  )

  test('goes by keyboard, the diagram included', async () => {
    await openBrowser()
    await page.goto(`${service.url}/inspector`)
    await tabTo(page, 'Sequence of the current flow')
    await page.keyboard.press('Enter')
    await page.getByRole('region', { name: 'Sequence diagram' }).waitFor()
    const stops = await allStops(page)
    expect(stops.filter(({ isSeen }) => !isSeen)).toEqual([])
    expect(stops.map(({ name }) => name)).toContain('GET /oauth2/authorize')
    await tabTo(page, 'All exchanges')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/inspector')
    await tabTo(page, 'Show')
  })
})
