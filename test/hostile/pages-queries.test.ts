import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attacksOf } from '../authorization-server/attacks.ts'
import { askForCode, connectMeraki } from '../steps/requests.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { type Page, Person } from '../support/person.ts'

const values = [...attacksOf('pages-values.txt'), 'a'.repeat(4_000)]

/** Addresses of pages, and the parameters that they read. */
const queries: readonly (readonly [string, readonly string[]])[] = [
  ['/oauth2/device', ['user_code', 'xsrf']],
  ['/oauth2/logout', ['client_id', 'state', 'id_token_hint', 'post_logout_redirect_uri', 'logout_hint']],
  ['/oauth2/logout/success', ['client_id', 'state']],
  ['/account', ['disconnected', 'notice', 'next']],
  ['/account/sign-in', ['email', 'region', 'next']],
  ['/account/sign-in/sso', ['ticket']],
  ['/sso/callback', ['state', 'code', 'iss', 'error', 'error_description']],
  ['/demo-provider/authorize', ['client_id', 'redirect_uri', 'login_hint', 'state']],
  ['/demo-provider/end-session', ['post_logout_redirect_uri', 'client_id', 'state', 'id_token_hint']],
  ['/playground/meraki/callback', ['code', 'state', 'error', 'error_description', 'iss']],
  ['/', ['origin']],
  ['/nothing-here', ['a']],
]

function expectDecent(page: Page): void {
  expect(page.status).toBeLessThan(500)
  // An event attribute counts outside of quotes only: inside of them it is text.
  expect(page.html).not.toMatch(/<[a-z](?:[^>"]|"[^"]*")*?\son\w+=/i)
  expect(page.html).not.toMatch(/<script|<img|<svg\/|href="(?:javascript|https:evil|\/\/evil)/i)
  expect(page.html).not.toMatch(/\bat .+\.(?:ts|js):\d+|node_modules|SQLITE/)
  expect(page.headers.get('location') ?? '').not.toMatch(/evil|script/)
  for (const [name, value] of page.headers)
    if (name !== 'location') expect(value).not.toMatch(/evil\.example|a=b/)
}

describe('hostile values in the addresses of pages', () => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())

  test.each(queries)('%s', async (path, names) => {
    const person = new Person()
    await connectMeraki(service, person)
    for (const name of names)
      for (const value of values) {
        const query = new URLSearchParams([[name, value]])
        expectDecent(await person.request(`${service.url}${path}?${query}`))
      }
  })

  test.each(['login_hint', 'teRegion', 'ui_locales', 'display', 'claims_locales', 'nonce', 'unknown'])(
    'the authorization request with %s',
    async (name) => {
      for (const value of values) {
        const page = await new Person().request(askForCode(service, { [name]: value }).href)
        expect(page.status).toBe(303)
        expect(page.headers.get('location')).toMatch(
          /^(\/interaction\/|http:\/\/127\.0\.0\.1:49152\/callback\?)/,
        )
      }
    },
  )

  test('in the path', async () => {
    for (const value of values.map((one) => encodeURIComponent(one.toWellFormed())))
      for (const path of [
        `/${value}`,
        `/interaction/${value}`,
        `/account/${value}`,
        `/playground/${value}/callback`,
        `/oauth2/device/${value}`,
      ])
        expectDecent(await new Person().request(`${service.url}${path}`))
  })

  test('the answer of a playground integration shows what came, and a command that a shell cannot misread', async () => {
    const query = new URLSearchParams({ code: "a'; rm -rf /; echo '$(id)`id`", state: '<b>' })
    const page = await new Person().open(`${service.url}/playground/meraki/callback?${query}`)
    expect(page.text).toContain('The authorization answer arrived')
    expect(page.html).toContain('&lt;b&gt;')
    expect(page.text).toContain(`'code=a'\\''; rm -rf /; echo '\\''$(id)\`id\`'`)
    const denied = await new Person().open(`${service.url}/playground/meraki/callback?error=access_denied`)
    expect(denied.text).toContain('The request was not granted')
    expect(denied.text).not.toContain('curl')
  })
})
