/** A walk past every page that the service really serves, in the states in which people meet them. */
import type { Page } from 'playwright-core'
import { sdWan } from '../flow/integrations.ts'
import { askForCode } from '../support/device.ts'
import type { RunningPanoptes } from '../support/panoptes.ts'
import { askAsMeraki } from './flow-integrations.ts'
import { admin, fill, press, signIn } from './flow-user.ts'

/** In the order of the walk. */
export const pageNames = [
  'landing',
  '404',
  'error',
  'sign-in',
  'sign-in with a problem',
  'password',
  'wrong password',
  'confirm',
  'returning',
  'playground callback',
  'account with a connection',
  'sign-out for Meraki',
  'device code',
  'wrong device code',
  'device code from a link',
  'device confirmation',
  'confirm for a device',
  'done',
  'account with two connections',
  'account after Disconnect',
  'account without connections',
  'sessions',
  'sign-out',
  'signed out',
  'declined',
  '429',
] as const

export type PageName = (typeof pageNames)[number]

/** Called on each page; the walk goes on when it is done. */
export type Visit = (name: PageName) => Promise<void>

interface Walk {
  readonly service: RunningPanoptes
  readonly page: Page
  readonly visit: Visit
}

async function walkAround({ service, page, visit }: Walk): Promise<void> {
  await page.goto(service.url)
  await visit('landing')
  await page.goto(`${service.url}/nowhere`)
  await visit('404')
  await page.goto(
    `${service.url}/oauth2/authorize?client_id=meraki&redirect_uri=https://evil.example/callback`,
  )
  await visit('error')
}

/** The authorization code flow, to the callback on our own origin. */
async function walkCode({ service, page, visit }: Walk): Promise<void> {
  await page.goto((await askAsMeraki(service, `${service.url}/playground/meraki/callback`)).href)
  await visit('sign-in')
  await fill(page, 'Email', 'no address')
  await press(page, 'Continue')
  await visit('sign-in with a problem')
  await fill(page, 'Email', admin.email)
  await press(page, 'Continue')
  await visit('password')
  await fill(page, 'Password', 'wrong')
  await press(page, 'Sign in')
  await visit('wrong password')
  await fill(page, 'Password', admin.password)
  await press(page, 'Sign in')
  await visit('confirm')
  // The page that goes on by itself is held, to be looked at.
  await page.route('**/oauth2/authorize/*', (route) => route.abort('aborted'))
  await press(page, 'Confirm')
  await page.getByRole('heading', { name: 'Returning to Meraki' }).waitFor()
  await visit('returning')
  await page.unroute('**/oauth2/authorize/*')
  await page.getByRole('link', { name: 'continue to Meraki' }).click()
  await visit('playground callback')
  await page.goto(`${service.url}/account`)
  await visit('account with a connection')
  await page.goto(`${service.url}/oauth2/logout?client_id=meraki`)
  await visit('sign-out for Meraki')
}

async function walkDevice({ service, page, visit }: Walk): Promise<void> {
  const device = await askForCode(service, sdWan)
  await page.goto(device.verification_uri)
  await visit('device code')
  await fill(page, 'Code', 'BCDF-GHJK')
  await press(page, 'Continue')
  await visit('wrong device code')
  await page.goto(device.verification_uri_complete)
  await visit('device code from a link')
  await press(page, 'Continue')
  await visit('device confirmation')
  await press(page, 'Continue')
  await visit('confirm for a device')
  await press(page, 'Confirm')
  await page.getByRole('heading', { name: 'Device connected' }).waitFor()
  await visit('done')
}

async function walkOut({ service, page, visit }: Walk): Promise<void> {
  const disconnect = page.getByRole('button', { name: 'Disconnect', exact: true })
  await page.goto(`${service.url}/account`)
  await visit('account with two connections')
  await disconnect.first().click()
  await visit('account after Disconnect')
  await disconnect.click()
  await page.goto(`${service.url}/account`)
  await visit('account without connections')
  await page.goto(`${service.url}/account/sessions`)
  await visit('sessions')
  await page.goto(`${service.url}/oauth2/logout`)
  await visit('sign-out')
  await press(page, 'Sign out')
  await visit('signed out')
}

async function walkAstray({ service, page, visit }: Walk): Promise<void> {
  const device = await askForCode(service, sdWan)
  await page.goto(device.verification_uri_complete)
  await press(page, 'Continue')
  await press(page, 'Cancel')
  await visit('declined')
  await page.goto((await askAsMeraki(service, `${service.url}/playground/meraki/callback`)).href)
  await signIn(page, { email: 'viewer@acme.example', password: 'wrong' })
  for (let attempt = 2; attempt <= 16; attempt++) {
    await fill(page, 'Password', 'wrong')
    await press(page, 'Sign in')
  }
  await page.getByRole('heading', { name: 'Too many attempts' }).waitFor()
  await visit('429')
}

/** Visits every page once, as one person in one browser. The service is a fresh one: people's connections are counted. */
export async function walkPages(service: RunningPanoptes, page: Page, visit: Visit): Promise<void> {
  const walk = { service, page, visit }
  for (const part of [walkAround, walkCode, walkDevice, walkOut, walkAstray]) await part(walk)
}
