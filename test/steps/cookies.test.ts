import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import supertest from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { askForCode, connectMeraki } from './requests.ts'

type Browser = ReturnType<typeof supertest.agent>

interface SetCookie {
  readonly name: string
  readonly attributes: readonly string[]
}

/** What each Set-Cookie of an answer says beside the value; those that take a cookie back are left out. */
const cookiesOf = (lines: readonly string[]): readonly SetCookie[] =>
  lines
    .filter((line) => !line.includes('01 Jan 1970'))
    .map((line) => line.split('; '))
    .map(([pair = '', ...attributes]) => ({
      name: pair.slice(0, pair.indexOf('=')),
      attributes: attributes.filter((attribute) => !/^(?:expires|max-age)=/i.test(attribute)).sort(),
    }))

const withSignature = (name: string, path: string, extra: readonly string[] = []): readonly SetCookie[] =>
  [name, `${name}.sig`].map((one) => ({
    name: one,
    attributes: [`path=${path}`, 'samesite=lax', ...extra, 'httponly'].sort(),
  }))

describe('cookies over http', () => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())

  test('are for this host and the steps of their own request, not for scripts', async () => {
    const page = await new Person().request(askForCode(service).href)
    const uid = /\/interaction\/([\w-]+)/.exec(page.headers.get('location') ?? '')?.[1] ?? 'none'
    const cookies = cookiesOf(page.headers.getSetCookie())
    expect(cookies).toEqual([
      ...withSignature('panoptes_interaction', `/interaction/${uid}`),
      ...withSignature('panoptes_resume', `/oauth2/authorize/${uid}`),
    ])
  })

  test('end with the session', async () => {
    const person = new Person()
    await person.open(`${service.url}/account`)
    await person.press('Continue', { email: 'admin@acme.example' })
    const fields = { ...signInFields(person.page?.html ?? ''), password: 'panoptes-us1' }
    const page = await person.request(`${service.url}/account/sign-in`, {
      method: 'POST',
      body: new URLSearchParams(fields),
    })
    const line = page.headers.getSetCookie().find((one) => one.startsWith('panoptes_session=')) ?? ''
    const expires = Date.parse(/expires=([^;]+)/i.exec(line)?.[1] ?? '')
    expect(cookiesOf(page.headers.getSetCookie())).toEqual(withSignature('panoptes_session', '/'))
    expect(Math.abs(expires - Date.now() - 1_800_000)).toBeLessThan(10_000)
    // Browsers believe it before `expires`, which they correct by a Date that may be of a moved clock.
    const age = Number(/max-age=(\d+)/i.exec(line)?.[1])
    expect(Math.abs(age - 1_800)).toBeLessThan(10)
  })

  test.each([
    ['a byte of the value', (cookie: string) => cookie.replace(/(panoptes_session=)./, '$1~')],
    ['a byte of the signature', (cookie: string) => cookie.replace(/(panoptes_session\.sig=)./, '$1~')],
    ['no signature', (cookie: string) => cookie.replace(/panoptes_session\.sig=[^;]+/, '')],
    ['an empty signature', (cookie: string) => cookie.replace(/(panoptes_session\.sig=)[^;]+/, '$1')],
    ['the value cut off', (cookie: string) => cookie.replace(/(panoptes_session=.{8})[^;]+/, '$1')],
    ['bytes of no encoding', (cookie: string) => cookie.replace(/(panoptes_session=)/, '$1%ff%00\u00ff')],
  ])('mean no session with %s', async (_, tamper) => {
    const person = new Person()
    await connectMeraki(service, person)
    const cookie = person.cookiesFor(new URL(service.url))
    const open = (sent: string): Promise<Response> =>
      fetch(`${service.url}/account`, { headers: { cookie: sent }, redirect: 'manual' })
    expect((await open(cookie)).status).toBe(200)
    const refused = await open(tamper(cookie))
    expect({ status: refused.status, to: refused.headers.get('location') }).toEqual({
      status: 303,
      to: '/account/sign-in',
    })
  })

  test('of a session that ended open nothing', async () => {
    const person = new Person()
    await connectMeraki(service, person)
    const cookie = person.cookiesFor(new URL(service.url))
    await person.open(`${service.url}/account`)
    await person.press('Sign out')
    expect(person.cookiesFor(new URL(service.url))).not.toContain('panoptes_session')
    const answer = await fetch(`${service.url}/account`, { headers: { cookie }, redirect: 'manual' })
    expect(answer.status).toBe(303)
  })
})

const signInFields = (html: string): { csrf: string; region: string; email: string } => ({
  csrf: /name="csrf" value="([^"]+)"/.exec(html)?.[1] ?? '',
  region: 'us1',
  email: 'admin@acme.example',
})

describe('cookies over https', () => {
  const directory = mkdtempSync(join(tmpdir(), 'panoptes-cookies-'))
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes(['--tls', '--data', directory])
  })
  afterAll(async () => {
    await service.stop()
    rmSync(directory, { recursive: true, force: true })
  })

  const openBrowser = (): Browser =>
    supertest.agent(service.url, { ca: readFileSync(join(directory, 'tls-certificate.pem')) })

  async function signIn(browser: Browser): Promise<object> {
    const page = await browser.get('/account/sign-in').expect(200)
    const fields = { ...signInFields(page.text), password: 'panoptes-us1' }
    const answer = await browser.post('/account/sign-in').type('form').send(fields).expect(303)
    return answer.headers
  }

  const setCookies = (headers: object): readonly SetCookie[] =>
    cookiesOf((headers as { 'set-cookie'?: string[] })['set-cookie'] ?? [])

  test('have prefixes that pin them to this host, and never travel in the clear', async () => {
    const browser = openBrowser()
    const { pathname, search } = new URL(askForCode(service).href)
    const { headers } = await browser.get(pathname + search).expect(303)
    const uid = String(headers['location']).split('/').at(-1)
    expect(setCookies(headers)).toEqual([
      ...withSignature('__Secure-panoptes_interaction', `/interaction/${uid}`, ['secure']),
      ...withSignature('__Secure-panoptes_resume', `/oauth2/authorize/${uid}`, ['secure']),
    ])
    expect(setCookies(await signIn(browser))).toEqual(
      withSignature('__Host-panoptes_session', '/', ['secure']),
    )
    await browser.get('/account').expect(200, /Your connections/)
  })

  test('are secure on the device page and after a sign-out as well', async () => {
    const browser = openBrowser()
    const { headers } = await browser.get('/oauth2/device')
    expect(setCookies(headers)).toEqual(withSignature('__Host-panoptes_session', '/', ['secure']))
    await signIn(browser)
    const page = await browser.get('/account')
    const out = await browser
      .post('/account/sign-out')
      .type('form')
      .send({ csrf: signInFields(page.text).csrf })
      .expect(303)
    const taken = (out.headers as unknown as { 'set-cookie': string[] })['set-cookie']
    expect(taken.every((line) => /^__Host-panoptes_session(?:=;|\.sig=).* secure/i.test(line))).toBe(true)
    await browser.get('/account').expect(303)
  })
})
