import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { accessibilityFaults, sidewaysPixels, type Watched } from '../support/browser.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { browsing } from './browsing.ts'
import { stopNow, tabTo } from './flow-keys.ts'
import { admin, fill, heading, press, text } from './flow-user.ts'

const sampleKey = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'

const openPerson = browsing()
let service: RunningPanoptes
let context: BrowserContext
let page: Page
let watched: Watched

beforeAll(async () => {
  service = await startPanoptes(['--limits', 'off'])
})
afterAll(async () => {
  await service?.stop()
})

async function openBrowser(options: BrowserContextOptions = {}): Promise<void> {
  ;({ context, page, watched } = await openPerson(options))
}

const offer = (name: string) => page.getByRole('article', { name, exact: true })
const card = (name: string) => page.getByRole('article', { name })

const answered = (name: string, status: number): Promise<void> =>
  card(name)
    .locator('.status', { hasText: String(status) })
    .waitFor()

/** Goes through sign-in and confirm, which the card has filled in but for the password. */
async function signInAndConfirm(click: (button: string) => Promise<void>): Promise<void> {
  await click('Continue')
  await fill(page, 'Password', admin.password)
  await click('Sign in')
  await click('Confirm')
}

async function connectMeraki(): Promise<void> {
  await page.goto(service.url)
  await offer('Meraki').getByRole('button', { name: 'Connect' }).click()
  await signInAndConfirm((button) => press(page, button))
  await page.waitForURL('**/playground#c*')
}

describe.each([
  ['on', true],
  ['off', false],
])('the card of Meraki, with JavaScript %s', (_, javaScriptEnabled) => {
  beforeEach(() => openBrowser({ javaScriptEnabled }))

  test('goes from the start page to a v7 answer in five clicks, then refreshes, logs out and shows the 401', async () => {
    let clicks = 0
    const click = async (button: string): Promise<void> => {
      clicks += 1
      await page.getByRole('button', { name: button, exact: true }).click()
    }
    await page.goto(service.url)
    clicks += 1
    await offer('Meraki').getByRole('button', { name: 'Connect' }).click()
    expect(await page.getByLabel('Email', { exact: true }).inputValue()).toBe(admin.email)
    expect(await page.getByLabel('Region', { exact: true }).inputValue()).toBe('us1')
    await signInAndConfirm(click)
    await page.waitForURL('**/playground#c*')
    await click('Call v7')
    await page.getByText('GET /v7/tests').last().waitFor()
    expect(clicks).toBe(5)
    const connected = await card('Meraki').innerText()
    expect(connected).toMatch(/\b200\b/)
    expect(connected).toContain('Acme')
    expect(connected).toContain('tests:manage')

    const token = () => card('Meraki').locator('.token').first().textContent()
    const before = await token()
    await click('Refresh')
    await page.waitForURL('**/playground#c*')
    expect(await token()).not.toBe(before)
    expect(await card('Meraki').innerText(), 'the answer was to the old token').not.toContain('testName')

    await click('Log out')
    await card('Meraki').getByText('logged out').waitFor()
    await click('Call v7 again')
    await answered('Meraki', 401)
    expect(await card('Meraki').innerText()).toContain('invalid_token')
    await click('Refresh again')
    await answered('Meraki', 400)
    expect(await card('Meraki').innerText()).toContain('invalid_grant')
    await page.getByRole('button', { name: 'Remove this card of Meraki' }).click()
    await page.getByText('Nothing is connected yet').waitFor()
    expect(watched.complaints).toEqual([])
  })

  test('shows what was refused when the person chooses Logout', async () => {
    await page.goto(service.url)
    await offer('Meraki').getByRole('button', { name: 'Connect' }).click()
    await press(page, 'Continue')
    await fill(page, 'Password', admin.password)
    await press(page, 'Sign in')
    await press(page, 'Logout')
    await page.waitForURL('**/playground#c*')
    expect(await card('Meraki').innerText()).toContain('access_denied')
    expect(watched.complaints).toEqual([])
  })

  test('an operation that its scopes do not open is 403', async () => {
    await connectMeraki()
    await page.getByLabel('Operation', { exact: true }).selectOption('/v7/alerts')
    await press(page, 'Call v7')
    await answered('Meraki', 403)
    expect(await card('Meraki').innerText()).toContain('insufficient_scope')
  })
})

describe('the card of a device', () => {
  test('polls by itself once it shows its code, and has its tokens after Confirm in another tab', async () => {
    await openBrowser()
    await page.goto(service.url)
    await offer('Cisco SD-WAN Manager').getByRole('button', { name: 'Get a code' }).click()
    await page.waitForURL('**/playground#c*')
    const [other] = await Promise.all([
      context.waitForEvent('page'),
      page.getByRole('link', { name: 'Approve with the code filled in' }).click(),
    ])
    other.setDefaultTimeout(10_000)
    await press(other, 'Continue')
    await press(other, 'Continue')
    await fill(other, 'Email', admin.email)
    await press(other, 'Continue')
    await fill(other, 'Password', admin.password)
    await press(other, 'Sign in')
    await press(other, 'Confirm')
    await other.getByRole('heading', { name: 'Device connected' }).waitFor()
    await card('Cisco SD-WAN Manager').getByRole('button', { name: 'Call v7' }).waitFor({ timeout: 15_000 })
    expect(await card('Cisco SD-WAN Manager').innerText()).toMatch(/(?:9:\d\d|10:00) left/)
    await press(page, 'Call v7')
    await answered('Cisco SD-WAN Manager', 200)
    expect(watched.complaints).toEqual([])
  }, 40_000)

  test('is told to wait, and to slow down when it checks too soon', async () => {
    await openBrowser({ javaScriptEnabled: false })
    await page.goto(service.url)
    await offer('Splunk ThousandEyes App').getByRole('button', { name: 'Get a code' }).click()
    await page.waitForURL('**/playground#c*')
    await press(page, 'Check')
    await page.getByText('authorization_pending').waitFor()
    await press(page, 'Check')
    await page.getByText('slow_down').waitFor()
    expect(await card('Splunk ThousandEyes App').innerText()).toContain('10 seconds')
  })
})

describe('the card of a connector', () => {
  beforeEach(() => openBrowser())

  test('reads what the pasted token reaches, in the account group that was given', async () => {
    await page.goto(service.url)
    await fill(page, 'API Key', sampleKey)
    await fill(page, 'Account Group ID', '1102')
    await offer('Connector').getByRole('button', { name: 'Connect' }).click()
    await page.waitForURL('**/playground#c*')
    const summaries = await card('Connector').locator('summary').allInnerTexts()
    expect(summaries).toEqual([
      '200 GET /v7/account-groups',
      ...['tests?', 'agents?', 'alerts?', 'events?window=12h&'].map((path) => `200 GET /v7/${path}aid=1102`),
    ])
    expect(await card('Connector').innerText()).toContain('opens everything that its user can reach')
  })

  test('says what is wrong with a token that is none, once', async () => {
    await page.goto(service.url)
    await fill(page, 'API Key', 'no-token')
    await offer('Connector').getByRole('button', { name: 'Connect' }).click()
    await page.waitForURL('**/playground#c*')
    expect(await card('Connector').locator('summary').allInnerTexts()).toEqual(['401 GET /v7/account-groups'])
    await page.goto(service.url)
    await fill(page, 'API Key', 'not a tökén')
    await offer('Connector').getByRole('button', { name: 'Connect' }).click()
    await page.getByText('This is no token, so nothing was sent.').waitFor()
  })
})

describe('the rest of the playground', () => {
  beforeEach(() => openBrowser())

  test('an hour passes at a press, and the token is expired; the clock can be frozen and put back', async () => {
    await connectMeraki()
    await expect.poll(() => card('Meraki').locator('.countdown').innerText()).toMatch(/^[45]:\d\d left$/)
    await press(page, '+1 h')
    await expect.poll(() => card('Meraki').locator('.countdown').innerText()).toBe('expired')
    await press(page, 'Call v7')
    await answered('Meraki', 401)
    await press(page, 'Freeze')
    await page.getByText('frozen', { exact: true }).waitFor()
    const face = await page.locator('.clock').innerText()
    await page.waitForTimeout(1200)
    expect(await page.locator('.clock').innerText()).toBe(face)
    await press(page, 'Resume')
    await press(page, 'Back to now')
    await expect.poll(() => page.getByText('moved', { exact: true }).count()).toBe(0)
    await press(page, 'Call v7')
    await answered('Meraki', 200)
  })

  test('a client of one’s own is registered, and played in the browser or as a device', async () => {
    await page.goto(`${service.url}/playground`)
    await fill(page, 'Name', 'My dashboard')
    await press(page, 'Add')
    const own = page.getByRole('article', { name: 'My dashboard' })
    await own.getByText('client_secret').waitFor()
    expect(await own.innerText()).toContain(
      `${service.url}/oauth2/authorize?response_type=code&client_id=registered-`,
    )
    await own.getByRole('button', { name: 'Connect' }).click()
    expect(await text(page)).toContain('My dashboard')
    await fill(page, 'Email', admin.email)
    await signInAndConfirm((button) => press(page, button))
    await page.waitForURL('**/playground#c*')
    await press(page, 'Call v7')
    await page.locator('.status', { hasText: '200' }).first().waitFor()

    await fill(page, 'Name', 'My device')
    await fill(page, 'Redirect URI', '')
    await press(page, 'Add')
    await page.getByRole('article', { name: 'My device' }).getByRole('button', { name: 'Get a code' }).click()
    await page.getByText('waits for you').waitFor()
    await fill(page, 'Name', 'My mistake')
    await fill(page, 'Scopes', 'nothing:such')
    await press(page, 'Add')
    await page.getByText('scope names a scope that does not exist').waitFor()
  })

  test('tokens are copied by a button', async () => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: service.url })
    await connectMeraki()
    await page.getByRole('button', { name: 'Copy Access token' }).click()
    await page.getByText('Copied').waitFor()
    expect(watched.complaints).toEqual([])
  })

  test('a form of another browser is refused, and one that names no card of this browser does nothing', async () => {
    await connectMeraki()
    const csrf = await page.locator('input[name=csrf]').first().inputValue()
    const connection = await page.locator('input[name=connection]').first().inputValue()
    const other = await openPerson()
    const answer = await other.context.request.post(`${service.url}/playground/log-out`, {
      form: { csrf, connection },
      maxRedirects: 0,
    })
    expect(answer.status()).toBe(403)
    expect(answer.headers()['content-security-policy']).not.toContain('script-src')
    const nothing = await context.request.post(`${service.url}/playground/log-out`, {
      form: { csrf, connection: 'c999999' },
      maxRedirects: 0,
    })
    expect(nothing.status()).toBe(303)
    expect(nothing.headers()['location']).toBe('/playground')
    await press(page, 'Call v7')
    await answered('Meraki', 200)
  })

  // axe-core takes its time on two busy cores.
  test.each(['/', '/playground'])(
    '%s passes axe-core and does not scroll sideways, on a phone and on a desk',
    async (path) => {
      await connectMeraki()
      await press(page, 'Call v7')
      await answered('Meraki', 200)
      await page.goto(`${service.url}${path}`)
      for (const width of [360, 1280]) {
        await page.setViewportSize({ width, height: 800 })
        expect(await sidewaysPixels(page)).toBe(0)
        expect(await accessibilityFaults(page)).toEqual([])
      }
      expect(watched.complaints).toEqual([])
    },
    60_000,
  )

  test('the whole way of Meraki goes by keyboard', async () => {
    await page.goto(service.url)
    await offer('Meraki').getByRole('button', { name: 'Connect' }).focus()
    await page.keyboard.press('Enter')
    await page.getByLabel('Email', { exact: true }).waitFor()
    await tabTo(page, 'Continue')
    await page.keyboard.press('Enter')
    await page.getByLabel('Password', { exact: true }).waitFor()
    await page.keyboard.type(admin.password)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Confirm authorization' }).waitFor()
    await tabTo(page, 'Confirm')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/playground#c*')
    await tabTo(page, 'Call v7')
    expect((await stopNow(page))?.isSeen).toBe(true)
    await page.keyboard.press('Enter')
    await answered('Meraki', 200)
    expect(await heading(page)).toBe('Playground')
  })
})

describe('scripts', () => {
  test.each(['/', '/oauth2/device', '/account/sign-in', '/nothing', '/playground/meraki/callback?code=a'])(
    '%s has none in its policy',
    async (path) => {
      const answer = await fetch(`${service.url}${path}`)
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(answer.headers.get('content-security-policy')).not.toContain('script-src')
      expect(await answer.text()).not.toContain('<script')
    },
  )

  test('/playground has those of our own origin alone', async () => {
    const answer = await fetch(`${service.url}/playground`)
    expect(answer.headers.get('content-security-policy')).toContain("script-src 'self'; connect-src 'self'")
    expect(answer.headers.get('content-security-policy')).not.toContain('unsafe')
    expect(answer.headers.get('set-cookie')).toMatch(
      /^panoptes_playground\w*=[\w-]{22}; path=\/; samesite=lax; httponly$/i,
    )
  })
})
