import * as client from 'openid-client'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { merakiAt } from '../flow/integrations.ts'
import type { Watched } from '../support/browser.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { browsing } from './browsing.ts'
import { askAsMeraki, openSite, readsAgents, type Site } from './flow-integrations.ts'
import { admin, fill, heading, press, signIn, text } from './flow-user.ts'

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

/** A browser of a person of their own. */
async function openBrowser(options: { javaScriptEnabled?: boolean } = {}): Promise<void> {
  ;({ page, watched } = await openPerson(options))
}

const arrive = (site: Site, path = '/callback'): Promise<void> => page.waitForURL(`${site.origin}${path}?**`)

describe.each([
  ['on', true],
  ['off', false],
])('Meraki, authorization code, in Chromium with JavaScript %s', (_, javaScriptEnabled) => {
  beforeEach(() => openBrowser({ javaScriptEnabled }))

  test('from sign-in over confirm back to Meraki, which exchanges the code and reads v7', async () => {
    const request = await askAsMeraki(service, `${meraki.origin}/callback`)
    await page.goto(request.href)
    expect(await heading(page)).toBe('Sign in')
    expect(await text(page)).toContain('to connect Meraki')
    await signIn(page, admin)
    expect(await heading(page)).toBe('Confirm authorization')
    const asked = await text(page)
    for (const said of [
      'Meraki',
      admin.email,
      'US1',
      'Acme Networks',
      'Acme Branches',
      '5 minutes',
      '90 days',
    ])
      expect(asked).toContain(said)
    expect(asked).not.toContain('Default')
    await press(page, 'Confirm')
    await arrive(meraki)
    const tokens = await request.exchange(page.url())
    expect(tokens.claims()).toMatchObject({ iss: service.url, aud: 'meraki' })
    expect(await readsAgents(service, tokens.access_token)).toBe(200)
    expect(watched.complaints).toEqual([])
  })

  test('Logout on confirm leads back with access_denied and ends the session', async () => {
    const request = await askAsMeraki(service, `${meraki.origin}/callback`)
    await page.goto(request.href)
    await signIn(page, admin)
    await press(page, 'Logout')
    await arrive(meraki)
    expect(Object.fromEntries(new URL(page.url()).searchParams)).toMatchObject({
      error: 'access_denied',
      state: request.state,
      iss: service.url,
    })
    await page.goto(`${service.url}/account`)
    expect(await heading(page)).toBe('Sign in')
    expect(watched.complaints).toEqual([])
  })

  test('a wrong password is said without a hint at what was wrong, and the right one then signs in', async () => {
    await page.goto((await askAsMeraki(service, `${meraki.origin}/callback`)).href)
    await signIn(page, { ...admin, password: 'wrong' })
    expect(await page.getByRole('alert').innerText()).toBe(
      'We do not recognize this combination of region, email address and password.',
    )
    await fill(page, 'Password', admin.password)
    await press(page, 'Sign in')
    expect(await heading(page)).toBe('Confirm authorization')
    expect(watched.complaints).toEqual([])
  })
})

describe('Meraki, authorization code, in Chromium', () => {
  beforeEach(() => openBrowser())

  test('form-action stays self while the callback redirects to a third origin, security-cases E03', async () => {
    await using dashboard = await openSite()
    await using gate = await openSite({ callbackGoesTo: `${dashboard.origin}/home?from=meraki` })
    const policies: string[] = []
    page.on('response', (response) => {
      if (response.request().isNavigationRequest() && response.url().startsWith(service.url))
        policies.push(response.headers()['content-security-policy'] ?? `none on ${response.status()}`)
    })
    await page.goto((await askAsMeraki(service, `${gate.origin}/callback`)).href)
    await signIn(page, admin)
    await press(page, 'Confirm')
    await page.waitForURL(`${dashboard.origin}/home?from=meraki`)
    const pages = policies.filter((policy) => !/^none on 30\d$/.test(policy))
    expect(pages.length).toBeGreaterThan(3)
    for (const policy of pages) expect(policy).toContain("form-action 'self'")
    expect(watched.complaints).toEqual([])
  })

  test('teRegion preselects the region, and the same e-mail in another region is another user', async () => {
    const request = await askAsMeraki(service, `${meraki.origin}/callback`, { teRegion: '1' })
    await page.goto(request.href)
    expect(await page.getByLabel('Region', { exact: true }).locator(':checked').innerText()).toBe('EU')
    await signIn(page, { email: admin.email, password: 'panoptes-eu1' })
    const asked = await text(page)
    expect(asked).toContain('Initech EU')
    expect(asked).not.toContain('Acme Networks')
  })

  test('a remembered session skips sign-in, never confirm', async () => {
    await page.goto((await askAsMeraki(service, `${meraki.origin}/callback`)).href)
    await signIn(page, admin)
    await press(page, 'Confirm')
    await arrive(meraki)
    const again = await askAsMeraki(service, `${meraki.origin}/callback`)
    await page.goto(again.href)
    expect(await heading(page)).toBe('Confirm authorization')
    await press(page, 'Confirm')
    await arrive(meraki)
    expect((await again.exchange(page.url())).token_type).toBe('bearer')
  })

  test('RP-initiated logout asks, ends the connection and goes to post_logout_redirect_uri', async () => {
    const request = await askAsMeraki(service, `${meraki.origin}/callback`)
    await page.goto(request.href)
    await signIn(page, admin)
    await press(page, 'Confirm')
    await arrive(meraki)
    const tokens = await request.exchange(page.url())
    const config = await merakiAt(service)
    const logout = client.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: `${meraki.origin}/signed-out`,
      state: 'bye',
    })
    await page.goto(logout.href)
    expect(await heading(page)).toBe('Sign out?')
    expect(await readsAgents(service, tokens.access_token)).toBe(200)
    await press(page, 'Sign out')
    await arrive(meraki, '/signed-out')
    expect(new URL(page.url()).searchParams.get('state')).toBe('bye')
    expect(await readsAgents(service, tokens.access_token)).toBe(401)
    await expect(client.refreshTokenGrant(config, tokens.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    })
    await page.goto(`${service.url}/account`)
    expect(await heading(page)).toBe('Sign in')
    expect(watched.complaints).toEqual([])
  })

  test('Disconnect on the account page ends one connection and leaves the other', async () => {
    const requests = [
      await askAsMeraki(service, `${meraki.origin}/callback`),
      await askAsMeraki(service, `${meraki.origin}/callback`),
    ]
    const tokens: string[] = []
    await page.goto(`${service.url}/account`)
    await signIn(page, { email: 'ops@acme.example', password: 'panoptes-us1' })
    expect(await text(page)).toContain('No integration is connected')
    for (const request of requests) {
      await page.goto(request.href)
      await press(page, 'Confirm')
      await arrive(meraki)
      tokens.push((await request.exchange(page.url())).access_token)
    }
    await page.goto(`${service.url}/account`)
    const disconnect = page.getByRole('button', { name: 'Disconnect', exact: true })
    expect(await disconnect.count()).toBe(2)
    await disconnect.first().click()
    await page.getByRole('status').waitFor()
    expect(await page.getByRole('status').innerText()).toBe(
      'Meraki is disconnected. Its tokens no longer work.',
    )
    expect(await disconnect.count()).toBe(1)
    const reads = await Promise.all(tokens.map((token) => readsAgents(service, token)))
    expect(reads.toSorted()).toEqual([200, 401])
    await disconnect.click()
    await page.getByText('No integration is connected').waitFor()
    expect(await Promise.all(tokens.map((token) => readsAgents(service, token)))).toEqual([401, 401])
    await press(page, 'Sign out')
    expect(await heading(page)).toBe('You are signed out')
    expect(watched.complaints).toEqual([])
  })
})
