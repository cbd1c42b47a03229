import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Panoptes, startPanoptes } from '../../src/testing.ts'
import { callWith } from '../account/signed-in.ts'
import { accessibilityFaults, cutTexts, sidewaysPixels } from '../support/browser.ts'
import { browsing } from './browsing.ts'
import { tabTo } from './flow-keys.ts'
import { fill, press, signIn, text } from './flow-user.ts'

const ops = { email: 'ops@acme.example', password: 'panoptes-us1' } as const

let service: Panoptes
beforeAll(async () => {
  service = await startPanoptes({ limits: 'off', tokenConfirmation: 'email' })
})
afterAll(() => service?.stop())

const open = browsing()

/** Otis on the tab API Tokens, in a browser without scripts. */
async function atTokens({ width = 1280, javaScriptEnabled = false } = {}): Promise<Page> {
  const { page } = await open({ javaScriptEnabled, viewport: { width, height: 800 } })
  await page.goto(`${service.url}/account`)
  await signIn(page, ops)
  await page.getByRole('link', { name: 'API Tokens', exact: true }).click()
  return page
}

const newestCode = async (): Promise<string> =>
  /^\d{6}/.exec((await service.outbox.list({ to: ops.email }))[0]?.text ?? '')?.[0] ?? ''

const value = (page: Page, name: string): Promise<string> =>
  page.getByLabel(`API token ${name}`, { exact: true }).inputValue()

describe('API tokens, without scripts', () => {
  test('are generated with a mailed code, for what is chosen, and revoked', async () => {
    const page = await atTokens()
    await press(page, 'Generate an API token')
    await fill(page, 'Name', 'Terraform')
    await page.getByLabel('See tests and their results', { exact: true }).check()
    await page.getByLabel('Acme HQ', { exact: true }).check()
    await press(page, 'Generate')
    expect(await text(page)).toContain('We mailed a code of six digits to ops@acme.example')
    // What was chosen is still there.
    expect(await page.getByLabel('See tests and their results', { exact: true }).isChecked()).toBe(true)
    await fill(page, 'Code', '000000')
    await press(page, 'Generate')
    expect(await page.title()).toMatch(/^Error: /)
    await fill(page, 'Code', await newestCode())
    await press(page, 'Generate')
    const token = await value(page, 'Terraform')
    expect(await callWith(service, token)).toBe(200)
    await page.reload()
    expect(await page.content()).not.toContain(token)
    await press(page, 'Revoke')
    expect(await text(page)).toContain('The API token Terraform is revoked.')
    expect(await callWith(service, token)).toBe(401)
  })

  test('a code that was mailed for a User API Token makes no API token', async () => {
    const page = await atTokens()
    await page.getByRole('link', { name: 'Profile', exact: true }).click()
    await press(page, 'Generate')
    const code = await newestCode()
    await page.goto(`${service.url}/account/api-tokens/new`)
    await fill(page, 'Name', 'Script')
    await page.getByLabel('See tests and their results', { exact: true }).check()
    await page.getByLabel('Acme HQ', { exact: true }).check()
    await press(page, 'Generate')
    await fill(page, 'Code', code)
    await press(page, 'Generate')
    expect(await text(page)).toContain('That is not the code.')
  })

  test.each([360, 1280])(
    'the real pages are accessible and whole at %i px',
    async (width) => {
      // axe-core is a script.
      const page = await atTokens({ width, javaScriptEnabled: true })
      const look = async (): Promise<unknown[]> => [
        await sidewaysPixels(page),
        await cutTexts(page),
        await accessibilityFaults(page),
      ]
      expect(await look()).toEqual([0, [], []])
      await press(page, 'Generate an API token')
      expect(await look()).toEqual([0, [], []])
      await fill(page, 'Name', ' ')
      await press(page, 'Generate')
      expect(await look()).toEqual([0, [], []])
      await page.getByRole('link', { name: 'Choose at least one scope.' }).click()
      expect(await page.locator('#scopes:focus').count()).toBe(1)
    },
    60_000,
  )

  test('the form is filled in and sent by keys alone', async () => {
    const page = await atTokens()
    await tabTo(page, 'Generate an API token')
    await page.keyboard.press('Enter')
    await page.locator('h1:text-is("Generate an API token")').waitFor()
    await tabTo(page, 'Name')
    await page.keyboard.type('By keys')
    await tabTo(page, 'See tests and their results')
    await page.keyboard.press('Space')
    await tabTo(page, 'Acme HQ')
    await page.keyboard.press('Space')
    await tabTo(page, 'Generate')
    await page.keyboard.press('Enter')
    await page.getByLabel('Code', { exact: true }).waitFor()
    await page.keyboard.type(await newestCode())
    await page.keyboard.press('Enter')
    await page.getByLabel('API token By keys', { exact: true }).waitFor()
    expect(await callWith(service, await value(page, 'By keys'))).toBe(200)
  })
})
