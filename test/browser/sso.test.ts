import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ruleFile } from '../sso/independent-provider.ts'
import { askedOf, honestAnswer, samlRuleFile } from '../sso/saml-provider.ts'
import { accessibilityFaults, sidewaysPixels, type Watched } from '../support/browser.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { browsing } from './browsing.ts'
import { askAsMeraki, openSite, type Site } from './flow-integrations.ts'
import { fill, heading, press, text } from './flow-user.ts'

const openPerson = browsing()
let service: RunningPanoptes
let meraki: Site
let page: Page
let watched: Watched

beforeAll(async () => {
  service = await startPanoptes()
  meraki = await openSite()
})
afterAll(async () => {
  await meraki?.[Symbol.asyncDispose]()
  await service?.stop()
})

async function openBrowser(options: {
  javaScriptEnabled?: boolean
  viewport?: { width: number; height: number }
}): Promise<void> {
  ;({ page, watched } = await openPerson(options))
}

const typeAddress = async (email: string): Promise<void> => {
  await fill(page, 'Email', email)
  await press(page, 'Continue')
}

describe.each([
  ['on', true],
  ['off', false],
])('single sign-on in Chromium with JavaScript %s', (_, javaScriptEnabled) => {
  beforeEach(() => openBrowser({ javaScriptEnabled }))

  test('from the address over the demo provider to confirm, and back to Meraki', async () => {
    const request = await askAsMeraki(service, `${meraki.origin}/callback`)
    await page.goto(request.href)
    await typeAddress('anyone@sso.example')
    await page.getByRole('heading', { name: 'Cisco login page (demo)' }).waitFor()
    expect(await page.getByLabel('Email').inputValue()).toBe('anyone@sso.example')
    expect(await text(page)).toContain('it is not Cisco’s')
    await press(page, 'Sign in')
    expect(await heading(page)).toBe('Confirm authorization')
    expect(await text(page)).toContain('anyone@sso.example')
    await press(page, 'Confirm')
    await page.waitForURL(`${meraki.origin}/callback?**`)
    expect((await request.exchange(page.url())).claims()).toMatchObject({ iss: service.url })
    expect(watched.complaints).toEqual([])
  })

  test('signs out there too, and says so before', async () => {
    await page.goto(`${service.url}/account`)
    await typeAddress('anyone@sso.example')
    await page.getByRole('heading', { name: 'Cisco login page (demo)' }).waitFor()
    await press(page, 'Sign in')
    await press(page, 'Sign out')
    await page.getByRole('link', { name: 'Sign out at Cisco login page (demo)' }).click()
    await page.waitForURL(`${service.url}/oauth2/logout/success?**`)
    expect(await page.getByRole('link', { name: 'Sign out at' }).count()).toBe(0)
    expect(watched.complaints).toEqual([])
  })
})

describe('single sign-on in Chromium by keyboard, at 360 px', () => {
  beforeEach(() => openBrowser({ viewport: { width: 360, height: 640 } }))

  const isDecent = async (): Promise<void> => {
    expect(await accessibilityFaults(page)).toEqual([])
    expect(await sidewaysPixels(page)).toBe(0)
  }

  test('reaches the account page with Tab and Enter alone', async () => {
    await page.goto(`${service.url}/account`)
    await page.getByLabel('Email').focus()
    await page.keyboard.type('anyone@sso.example')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Cisco login page (demo)' }).waitFor()
    await isDecent()
    for (let pressed = 0; pressed < 10; pressed += 1) {
      await page.keyboard.press('Tab')
      if ((await page.evaluate('document.activeElement?.textContent')) === 'Sign in') break
    }
    await page.keyboard.press('Enter')
    await page.waitForURL(`${service.url}/account`)
    expect(watched.complaints).toEqual([])
  })

  test('shows the choice, and a provider that is down', async () => {
    await using other = await startPanoptes([
      '--config',
      ruleFile('http://localhost:9', { mode: 'optional' }),
    ])
    await page.goto(`${other.url}/account`)
    await typeAddress('viewer@acme.example')
    await isDecent()
    await press(page, 'Sign in with SSO')
    expect(await heading(page)).toBe('Your sign-in page does not answer')
    await isDecent()
    await press(page, 'Use your password')
    await fill(page, 'Password', 'panoptes-us1')
    await press(page, 'Sign in')
    await page.waitForURL(`${other.url}/account`)
  })

  test('says to whoever has no user that nobody is created by default', async () => {
    await page.goto(`${service.url}/account`)
    await typeAddress('newcomer@sso.example')
    await press(page, 'Sign in')
    expect(await heading(page)).toBe('You have no user here')
    await isDecent()
  })
})

describe('single sign-on by SAML 2.0 in Chromium', () => {
  beforeEach(() => openBrowser({}))

  test('comes back by a form of another site, with which the browser sends no cookie', async () => {
    await using other = await startPanoptes(['--config', samlRuleFile()])
    const cookies: (string | undefined)[] = []
    page.on('request', async (request) => {
      if (request.url().endsWith('/sso/acs')) cookies.push((await request.allHeaders())['cookie'])
    })
    // The provider, without a network: it signs in whoever comes.
    await page.route('https://idp.example/**', (route) => {
      const asked = askedOf(new URL(route.request().url()))
      const response = Buffer.from(honestAnswer(asked)).toString('base64')
      const body = `<form method="post" action="${asked.acs}"><input name="SAMLResponse" value="${response}"><input name="RelayState" value="${asked.relayState}"><button>Go</button></form>`
      return route.fulfill({ contentType: 'text/html', body })
    })
    await page.goto(`${other.url}/account`)
    await typeAddress('anyone@sso.example')
    await page.waitForURL('https://idp.example/**')
    await press(page, 'Go')
    await page.waitForURL(`${other.url}/account`)
    expect(await text(page)).toContain('anyone@sso.example')
    expect(cookies).toEqual([undefined])
  })
})
