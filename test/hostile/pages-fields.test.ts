import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attacksOf } from '../authorization-server/attacks.ts'
import { askForCode, askForDevice, connectMeraki, typeUserCode } from '../steps/requests.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { type Page, Person } from '../support/person.ts'

const values = [...attacksOf('pages-values.txt'), 'a'.repeat(10_000), '"'.repeat(3_000)]

/** A form in a browser that may send it again and again. */
interface OpenForm {
  readonly person: Person
  readonly action: string
  readonly fields: Readonly<Record<string, string>>
}

const hiddenFields = (html: string): Record<string, string> =>
  Object.fromEntries(
    [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(
      ([, name = '', value = '']) => [name, value],
    ),
  )

const forms: Readonly<Record<string, (service: RunningPanoptes) => Promise<OpenForm>>> = {
  async 'sign-in'(service) {
    const person = new Person()
    const page = await person.open(askForCode(service).href)
    const { csrf = '' } = hiddenFields(page.html)
    const fields = { csrf, region: 'us1', email: 'viewer@acme.example', change: 'no' }
    return { person, action: `${page.url}/sign-in`, fields }
  },
  async 'sign-in to the account page'(service) {
    const person = new Person()
    const page = await person.open(`${service.url}/account`)
    const { csrf = '' } = hiddenFields(page.html)
    return { person, action: page.url, fields: { csrf, region: 'default', email: 'viewer@acme.example' } }
  },
  async password(service) {
    const person = new Person()
    const { url } = await person.open(`${service.url}/account`)
    const page = await person.press('Continue', { region: 'us1', email: 'viewer@acme.example' })
    return { person, action: url, fields: { ...hiddenFields(page.html), password: 'x', sso: 'no' } }
  },
  async 'new password'(service) {
    await fetch(`${service.url}/emulator/users/admin@acme.example/lock?region=us1`, { method: 'PUT' })
    const person = new Person()
    const { url } = await person.open(`${service.url}/account`)
    const page = await person.signIn('admin@acme.example', 'panoptes-us1', 'us1')
    const chosen = { 'new-password': 'short', 'repeat-password': 'short' }
    return { person, action: url, fields: { ...hiddenFields(page.html), ...chosen } }
  },
  async 'end of a session'(service) {
    const person = new Person()
    await person.open(`${service.url}/account`)
    await person.signIn('ops@acme.example', 'panoptes-us1')
    const page = await person.open(`${service.url}/account/sessions`)
    const action = `${service.url}/account/sessions/end`
    return { person, action, fields: { ...hiddenFields(page.html), session: 'of nobody' } }
  },
  async 'mailed code'(service) {
    const person = new Person()
    await person.open(`${service.url}/account`)
    await person.signIn('ops@acme.example', 'panoptes-us1')
    const page = await person.open(`${service.url}/account/profile`)
    const action = `${service.url}/account/profile/user-api-token`
    const fields = { ...hiddenFields(page.html), code: '' }
    return { person, action, fields }
  },
  async confirm(service) {
    const person = new Person()
    const { url } = await person.open(askForCode(service).href)
    const page = await person.signIn('viewer@acme.example', 'panoptes-us1')
    return { person, action: `${url}/confirm`, fields: { ...hiddenFields(page.html), choice: 'later' } }
  },
  async disconnect(service) {
    const person = new Person()
    await connectMeraki(service, person, ['ops@acme.example', 'panoptes-us1'])
    const page = await person.open(`${service.url}/account`)
    return {
      person,
      action: `${service.url}/account/disconnect`,
      fields: { ...hiddenFields(page.html), connection: 'AAAAAAAAAAAAAAAA' },
    }
  },
  async 'user code'(service) {
    const person = new Person()
    const page = await person.open(`${service.url}/oauth2/device`)
    return { person, action: page.url, fields: { ...hiddenFields(page.html), user_code: 'BBBB-BBBB' } }
  },
  async 'device question'(service) {
    const person = new Person()
    const page = await typeUserCode(service, person, (await askForDevice(service)).user_code)
    return { person, action: page.url, fields: { ...hiddenFields(page.html), abort: '' } }
  },
  async 'demo provider'(service) {
    const person = new Person()
    await person.open(askForCode(service).href)
    const page = await person.press('Continue', { region: 'us1', email: 'anyone@sso.example' })
    return {
      person,
      action: `${service.url}/demo-provider/authorize`,
      fields: { ...hiddenFields(page.html), email: 'anyone@sso.example' },
    }
  },
  async 'answer of a SAML provider'(service) {
    const action = `${service.url}/sso/acs`
    return { person: new Person(), action, fields: { SAMLResponse: 'PGE+', RelayState: 'made-up' } }
  },
  async 'sign-out'(service) {
    const person = new Person()
    const page = await person.open(`${service.url}/oauth2/logout?client_id=meraki`)
    return {
      person,
      action: `${service.url}/oauth2/logout/confirm`,
      fields: { ...hiddenFields(page.html), xsrf: 'x', logout: 'yes' },
    }
  },
}

/** No failure, no script, nothing that says how we are made, all headers. */
function expectDecent(page: Page): void {
  expect(page.status).toBeLessThan(500)
  // An event attribute counts outside of quotes only: inside of them it is text.
  expect(page.html).not.toMatch(/<[a-z](?:[^>"]|"[^"]*")*?\son\w+=/i)
  expect(page.html).not.toMatch(/<script|<img|<svg\/|href="(?:javascript|https:evil|\/\/evil)/i)
  expect(page.html).not.toMatch(/\bat .+\.(?:ts|js):\d+|node_modules|SQLITE/)
  for (const [name, value] of page.headers) expect(`${name}: ${value}`).not.toMatch(/evil\.example|a=b/)
  expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
}

let service: RunningPanoptes
beforeAll(async () => {
  service = await startPanoptes(['--limits', 'off'])
})
afterAll(() => service.stop())

describe.each(Object.entries(forms))('hostile values in the form %s', (_, open) => {
  let form: OpenForm
  beforeAll(async () => {
    form = await open(service)
  })

  const send = (body: URLSearchParams | string, type = 'application/x-www-form-urlencoded'): Promise<Page> =>
    form.person.request(form.action, { method: 'POST', body, headers: { 'content-type': type } })

  test('every value in every field is refused or escaped', async () => {
    for (const name of Object.keys(form.fields))
      for (const value of values) {
        expectDecent(await send(new URLSearchParams({ ...form.fields, [name]: value })))
        if (!('user_code' in form.fields)) continue
        // Ten misses in ten minutes are allowed, and every answer has a new token.
        service.advance(61)
        form = await open(service)
      }
  })

  test('a field that stands twice is refused', async () => {
    for (const name of Object.keys(form.fields)) {
      const page = await send(new URLSearchParams([...Object.entries(form.fields), [name, 'again']]))
      expectDecent(page)
      expect(page.status).toBe(400)
    }
  })

  test.each([
    ['JSON', 'application/json', '{"csrf":"x"}'],
    ['plain text', 'text/plain', 'csrf=x'],
    [
      'multipart',
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\nx\r\n--x--',
    ],
    ['an unknown charset', 'application/x-www-form-urlencoded; charset=klingon', 'csrf=x'],
  ])('a body of %s is refused', async (__, type, body) => {
    const page = await send(body, type)
    expectDecent(page)
    expect([400, 403, 415]).toContain(page.status)
  })

  test('a form of 60 kB is refused', async () => {
    const page = await send(new URLSearchParams({ ...form.fields, filling: 'x'.repeat(60 * 1024) }))
    expectDecent(page)
    expect([400, 413]).toContain(page.status)
  })

  test('a thousand fields, an empty body and percent signs are refused', async () => {
    const many = new URLSearchParams(
      Array.from({ length: 1_000 }, (__, index): [string, string] => [`f${index}`, '']),
    )
    for (const body of [
      many.toString(),
      '',
      '%',
      '%ff=%fe',
      '&&&&',
      '=',
      'csrf',
      '__proto__[a]=1&csrf[]=2',
    ]) {
      const page = await send(body)
      expectDecent(page)
      expect(page.status).toBeGreaterThanOrEqual(400)
    }
  })
})
