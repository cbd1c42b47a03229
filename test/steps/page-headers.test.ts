import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { fieldsBeside, type Page, Person } from '../support/person.ts'
import { askForCode, askForDevice, connectMeraki, typeUserCode } from './requests.ts'

/** Security-cases section 3; Strict-Transport-Security has no meaning over http. */
const headers = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
}

type Visit = (service: RunningPanoptes, person: Person) => Promise<Page>

const send = (person: Person, url: string, fields: Record<string, string> = {}): Promise<Page> =>
  person.request(url, { method: 'POST', body: new URLSearchParams(fields) })

const signIn: Visit = (service, person) => person.open(askForCode(service).href)

const confirm: Visit = async (service, person) => {
  await signIn(service, person)
  return person.signIn('viewer@acme.example', 'panoptes-us1')
}

const deviceQuestion: Visit = async (service, person) =>
  typeUserCode(service, person, (await askForDevice(service)).user_code)

const pages: readonly (readonly [string, number, Visit])[] = [
  ['landing', 200, ({ url }, person) => person.open(`${url}/`)],
  ['sign-in', 200, signIn],
  [
    'sign-in with a problem',
    400,
    async (service, person) => {
      await signIn(service, person)
      return person.press('Continue', { email: 'nobody' })
    },
  ],
  [
    'password',
    200,
    async (service, person) => {
      await signIn(service, person)
      return person.press('Continue', { email: 'viewer@acme.example' })
    },
  ],
  [
    'password not recognized',
    403,
    async (service, person) => {
      await signIn(service, person)
      return person.signIn('viewer@acme.example', 'wrong')
    },
  ],
  ['confirm', 200, confirm],
  [
    'returning',
    200,
    async (service, person) => {
      const page = await confirm(service, person)
      const fields = { ...fieldsBeside(page, 'Confirm'), choice: 'confirm' }
      const { headers: answer } = await send(person, `${page.url}/confirm`, fields)
      return person.request(new URL(answer.get('location') ?? '', service.url).href)
    },
  ],
  ['device code', 200, ({ url }, person) => person.open(`${url}/oauth2/device`)],
  ['device code unknown', 200, (service, person) => typeUserCode(service, person, 'BBBB-BBBB')],
  ['device question', 200, deviceQuestion],
  [
    'device connected',
    200,
    async (service, person) => {
      await deviceQuestion(service, person)
      await person.press('Continue')
      await person.signIn('viewer@acme.example', 'panoptes-us1')
      return person.press('Confirm')
    },
  ],
  ['sign-in to the account page', 200, ({ url }, person) => person.open(`${url}/account`)],
  [
    'account',
    200,
    async (service, person) => {
      await connectMeraki(service, person)
      return person.open(`${service.url}/account`)
    },
  ],
  [
    'sign out?',
    200,
    async (service, person) => {
      await connectMeraki(service, person)
      return person.open(`${service.url}/oauth2/logout?client_id=meraki`)
    },
  ],
  ['sign out? when nobody is signed in', 200, ({ url }, person) => person.open(`${url}/oauth2/logout`)],
  ['signed out', 200, ({ url }, person) => person.open(`${url}/oauth2/logout/success`)],
  [
    'answer received',
    200,
    ({ url }, person) => person.open(`${url}/playground/meraki/callback?code=a&state=b`),
  ],
  [
    'unknown client',
    400,
    (service, person) => person.open(askForCode(service, { client_id: 'nobody' }).href),
  ],
  [
    'foreign redirect URI',
    400,
    (service, person) => person.open(askForCode(service, { redirect_uri: 'https://evil.example/' }).href),
  ],
  ['interaction over', 400, ({ url }, person) => person.open(`${url}/interaction/gone`)],
  [
    'logout with a broken hint',
    400,
    ({ url }, person) => person.open(`${url}/oauth2/logout?id_token_hint=x`),
  ],
  [
    'form of another site',
    403,
    ({ url }, person) =>
      person.request(`${url}/account/sign-out`, {
        method: 'POST',
        headers: { origin: 'https://evil.example' },
      }),
  ],
  ['nothing there', 404, ({ url }, person) => person.open(`${url}/nothing-here`)],
  ['nothing there under account', 404, ({ url }, person) => person.open(`${url}/account/nothing`)],
  ['another spelling', 404, ({ url }, person) => person.open(`${url}/OAuth2/Device/`)],
  ['post to nothing', 404, ({ url }, person) => send(person, `${url}/nothing-here`)],
  ['wrong method', 405, ({ url }, person) => send(person, `${url}/oauth2/authorize`)],
  [
    'too large',
    413,
    ({ url }, person) => send(person, `${url}/account/sign-in`, { filling: 'x'.repeat(60_000) }),
  ],
]

function expectPage(page: Page, status: number): void {
  expect({ status: page.status, type: page.headers.get('content-type') }).toEqual({
    status,
    type: 'text/html; charset=utf-8',
  })
  expect(Object.fromEntries(page.headers)).toMatchObject(headers)
  expect(page.headers.get('permissions-policy')).toContain('geolocation=()')
  expect(page.headers.get('access-control-allow-origin')).toBeNull()
  expect(page.headers.get('x-powered-by') ?? page.headers.get('server')).toBeNull()
  expect(page.html).not.toMatch(/<script|<style|\sstyle=|javascript:/i)
  expect(page.html).not.toMatch(/<(?:link|img|form)[^>]*(?:src|href|action)="(?:https?:)?\/\//)
  expect(page.html).toContain('<html lang="en">')
  expect(page.text).toContain('not affiliated with')
  if (status >= 400 && page.text.includes('Request id'))
    expect(page.text).toContain(page.headers.get('x-request-id'))
}

describe('headers of every page, security-cases E01', () => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())

  test.each(pages)('%s, status %i', async (_, status, visit) => {
    expectPage(await visit(service, new Person()), status)
  })

  test('too many user codes, status 429', async () => {
    const codes = Array.from({ length: 11 }, () => typeUserCode(service, new Person(), 'BBBB-BBBB'))
    const refused = (await Promise.all(codes)).find(({ status }) => status === 429)
    expectPage(refused ?? (await deviceQuestion(service, new Person())), 429)
  })

  test('too many passwords, status 429', async () => {
    const attempts = Array.from({ length: 16 }, async () => {
      const person = new Person()
      await signIn(service, person)
      return person.signIn('admin@globex.example', 'wrong', 'us2')
    })
    const refused = (await Promise.all(attempts)).find(({ status }) => status === 429)
    expectPage(refused ?? (await signIn(service, new Person())), 429)
  })

  test.each(['/style.css', '/mark.svg'])('%s is ours, and nothing else is loaded', async (path) => {
    const page = await new Person().request(`${service.url}${path}`)
    expect(page.status).toBe(200)
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
    expect(page.html).not.toMatch(/https?:\/\/(?!www\.w3\.org)|@import|<script/)
  })

  test.each([
    '?next=//evil.example',
    '?return_to=https://evil.example',
    '?redirect=/\\evil.example',
    '?state=%0d%0aa:b',
  ])('no page goes where %s says', async (query) => {
    for (const path of ['/account', '/account/sign-in', '/oauth2/logout/success', '/']) {
      const person = new Person()
      const page = await person.open(`${service.url}${path}${query}`)
      expect(page.status).toBe(200)
      expect(page.html).not.toContain('evil.example')
    }
    const person = new Person()
    await person.open(`${service.url}/account/sign-in${query}`)
    await person.signIn('viewer@acme.example', 'panoptes-us1')
    expect(new URL(person.page?.url ?? '').href).toBe(`${service.url}/account`)
  })
})
