/** What a user does on our pages in Chromium, by the names that they read there. */
import type { Page } from 'playwright-core'

export interface Credentials {
  readonly email: string
  readonly password: string
  /** As on the page; left alone when not given. */
  readonly region?: 'Default' | 'US1' | 'US2' | 'EU'
}

export const admin: Credentials = { email: 'admin@acme.example', password: 'panoptes-us1' }

export const heading = (page: Page): Promise<string | null> =>
  page.getByRole('heading', { level: 1 }).textContent()

/** Presses the button and waits for the page that it leads to. */
export const press = (page: Page, button: string): Promise<void> =>
  page.getByRole('button', { name: button, exact: true }).click()

export const fill = (page: Page, field: string, value: string): Promise<void> =>
  page.getByLabel(field, { exact: true }).fill(value)

/** Both pages of sign-in. */
export async function signIn(page: Page, { email, password, region }: Credentials): Promise<void> {
  if (region) await page.getByLabel('Region', { exact: true }).selectOption(region)
  await fill(page, 'Email', email)
  await press(page, 'Continue')
  await fill(page, 'Password', password)
  await press(page, 'Sign in')
}

/** The text of the page that a person sees. */
export const text = (page: Page): Promise<string> => page.locator('main').innerText()
