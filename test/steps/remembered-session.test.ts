import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { type Page, Person } from '../support/person.ts'
import { askForCode, connectMeraki, exchangeCode, merakiScope } from './requests.ts'

const isSignIn = ({ html }: Page): boolean => html.includes('name="email"')
const isConfirm = ({ text }: Page): boolean => text.includes('Confirm authorization')

const sessionCookie = (service: RunningPanoptes, person: Person): string =>
  /panoptes_session=([^;]+)/.exec(person.cookiesFor(new URL(service.url)))?.[1] ?? ''

const cookieHeader = (service: RunningPanoptes, person: Person): string =>
  person.cookiesFor(new URL(service.url))

/** Whether a Cookie header opens the account page. */
async function opensAccount(service: RunningPanoptes, cookie: string): Promise<boolean> {
  const answer = await fetch(`${service.url}/account`, { headers: { cookie }, redirect: 'manual' })
  await answer.text()
  return answer.status === 200
}

describe('a remembered session', () => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())

  test('skips sign-in and never the confirm page', async () => {
    const person = new Person()
    await connectMeraki(service, person)
    for (const prompt of [undefined, 'consent']) {
      const page = await person.open(askForCode(service, { prompt }).href)
      expect({ confirm: isConfirm(page), signIn: isSignIn(page) }).toEqual({ confirm: true, signIn: false })
      expect(page.text).toContain('admin@acme.example')
    }
  })

  test.each([
    ['nobody is signed in', false, 'login_required'],
    ['a session is remembered', true, 'consent_required'],
  ])('gives no code for prompt=none when %s', async (_, isSignedIn, error) => {
    const person = new Person()
    if (isSignedIn) await connectMeraki(service, person)
    await person.open(askForCode(service, { prompt: 'none' }).href)
    expect(Object.fromEntries(person.leavesTo.searchParams)).toMatchObject({ error, iss: service.url })
    expect(person.leavesTo.searchParams.has('code')).toBe(false)
  })

  test('asks for the password again with prompt=login, and takes the same user', async () => {
    const person = new Person()
    await connectMeraki(service, person)
    const before = sessionCookie(service, person)
    const oldCookies = cookieHeader(service, person)
    expect(isSignIn(await person.open(askForCode(service, { prompt: 'login' }).href))).toBe(true)
    expect(isConfirm(await person.signIn('admin@acme.example', 'panoptes-us1'))).toBe(true)
    expect(sessionCookie(service, person)).not.toBe(before)
    expect(await opensAccount(service, oldCookies)).toBe(false)
  })

  test('asks again with max_age once the sign-in is older', async () => {
    const person = new Person()
    await connectMeraki(service, person)
    service.advance(120)
    expect(isConfirm(await person.open(askForCode(service, { max_age: '600' }).href))).toBe(true)
    expect(isSignIn(await person.open(askForCode(service, { max_age: '60' }).href))).toBe(true)
  })

  test('changes to another user with prompt=login, and the tokens are of the other', async () => {
    const person = new Person()
    await connectMeraki(service, person)
    const oldCookies = cookieHeader(service, person)
    const request = askForCode(service, { prompt: 'login', scope: merakiScope })
    await person.open(request.href)
    const page = await person.signIn('admin@globex.example', 'panoptes-us2')
    expect(isConfirm(page)).toBe(true)
    expect(page.text).toContain('admin@globex.example')
    expect(page.text).not.toContain('admin@acme.example')
    await person.press('Confirm')
    const { access_token } = await exchangeCode(service, request, person.leavesTo)
    const groups = await fetch(`${service.url}/v7/account-groups`, {
      headers: { authorization: `Bearer ${access_token}` },
    })
    expect(await groups.text()).toContain('Globex')
    expect(await opensAccount(service, oldCookies)).toBe(false)
    expect((await person.open(`${service.url}/account`)).text).toContain('admin@globex.example')
  })

  test('has a new session id after sign-in, and an id planted before it opens nothing', async () => {
    const victim = new Person()
    await victim.open(`${service.url}/oauth2/device`)
    const planted = cookieHeader(service, victim)
    expect(planted).toContain('panoptes_session=')
    await connectMeraki(service, victim)
    expect(cookieHeader(service, victim)).not.toContain(planted)
    expect(await opensAccount(service, planted)).toBe(false)
    expect(await opensAccount(service, cookieHeader(service, victim))).toBe(true)
  })

  test('has an id of its own after sign-in to the account, too', async () => {
    const victim = new Person()
    await victim.open(`${service.url}/oauth2/device`)
    const planted = sessionCookie(service, victim)
    const plantedCookies = cookieHeader(service, victim)
    await victim.open(`${service.url}/account`)
    await victim.signIn('ops@acme.example', 'panoptes-us1')
    const first = sessionCookie(service, victim)
    expect(first).not.toBe(planted)
    expect(await opensAccount(service, plantedCookies)).toBe(false)
    const firstCookies = cookieHeader(service, victim)
    await victim.open(`${service.url}/account/sign-in`)
    await victim.signIn('ops@acme.example', 'panoptes-us1')
    expect(sessionCookie(service, victim)).not.toBe(first)
    expect(await opensAccount(service, firstCookies)).toBe(false)
    expect(await opensAccount(service, cookieHeader(service, victim))).toBe(true)
  })

  test('asks to sign in when its user was removed, and gives no code for prompt=none', async () => {
    const person = new Person()
    await person.open(askForCode(service).href)
    await person.signIn('ops@acme.example', 'panoptes-us1')
    const removed = await fetch(`${service.url}/v7/users/1002`, {
      method: 'DELETE',
      headers: { authorization: 'Bearer f537f4ac-2921-3199-bbab-d5a43f1c2b60' },
    })
    expect(removed.status).toBe(204)
    expect(isSignIn(await person.open(askForCode(service).href))).toBe(true)
    await person.open(askForCode(service, { prompt: 'none' }).href)
    expect(person.leavesTo.searchParams.get('error')).toBe('login_required')
  })

  test('prefills login_hint, escaped and cut, and trusts nothing else of it', async () => {
    const hint = `"><script>alert(1)</script>${'a'.repeat(400)}@acme.example`
    const { html } = await new Person().open(askForCode(service, { login_hint: hint }).href)
    expect(html).toContain('value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;a')
    expect(html).not.toContain('<script')
    expect(html).not.toContain('a'.repeat(260))
  })
})

describe('a session ends', () => {
  test('after 30 minutes without a visit, and not while visits keep it', async () => {
    await using service = await startPanoptes()
    const person = new Person()
    await connectMeraki(service, person)
    for (let visit = 0; visit < 3; visit += 1) {
      service.advance(1_750)
      expect(isConfirm(await person.open(askForCode(service).href))).toBe(true)
    }
    service.advance(1_750)
    expect((await person.open(`${service.url}/account`)).text).toContain('Your connections')
    service.advance(1_801)
    expect(isSignIn(await person.open(askForCode(service).href))).toBe(true)
    expect(isSignIn(await person.open(`${service.url}/account`))).toBe(true)
  })

  test('12 hours after sign-in, however often it is visited', async () => {
    await using service = await startPanoptes()
    const person = new Person()
    await person.open(`${service.url}/account`)
    await person.signIn('admin@acme.example', 'panoptes-us1')
    const quarterHours = 12 * 4
    for (let visit = 1; visit < quarterHours; visit += 1) {
      service.advance(900)
      const path = visit % 2 === 0 ? '/account' : '/oauth2/device'
      await person.open(`${service.url}${path}`)
    }
    expect(isConfirm(await person.open(askForCode(service).href))).toBe(true)
    service.advance(905)
    expect(isSignIn(await person.open(askForCode(service).href))).toBe(true)
  })

  test('12 hours after sign-in in a request, however many requests follow', async () => {
    await using service = await startPanoptes()
    const person = new Person()
    await connectMeraki(service, person)
    for (let visit = 1; visit < 12 * 2; visit += 1) {
      service.advance(1_790)
      expect(isConfirm(await person.open(askForCode(service).href))).toBe(true)
    }
    service.advance(1_790)
    await person.open(askForCode(service).href)
    const confirm = person.page?.url ?? ''
    service.advance(241)
    expect((await person.open(confirm)).status).toBe(400)
    expect(isSignIn(await person.open(askForCode(service).href))).toBe(true)
    expect(isSignIn(await person.open(`${service.url}/account`))).toBe(true)
  })

  test('when the emulator is reset, and is back with the snapshot that has it', async () => {
    await using service = await startPanoptes()
    const person = new Person()
    await person.open(`${service.url}/account`)
    await person.signIn('admin@acme.example', 'panoptes-us1')
    const cookie = cookieHeader(service, person)
    const control = async (method: string, path: string): Promise<void> => {
      const answer = await fetch(`${service.url}/emulator${path}`, { method })
      expect(answer.ok, await answer.text()).toBe(true)
    }
    await control('PUT', '/snapshots/signed-in')
    await control('POST', '/reset')
    expect(await opensAccount(service, cookie)).toBe(false)
    await control('POST', '/snapshots/signed-in/load')
    expect(await opensAccount(service, cookie)).toBe(true)
    await person.open(`${service.url}/account/sessions`)
    expect(person.page?.text).toContain('This session')
    await person.press('Sign out everywhere')
    expect(await opensAccount(service, cookie)).toBe(false)
  })

  test('keeps the connections that were made in it', async () => {
    await using service = await startPanoptes()
    const person = new Person()
    const { access_token } = await connectMeraki(service, person)
    service.advance(120)
    await person.open(`${service.url}/account`)
    await person.press('Sign out')
    const answer = await fetch(`${service.url}/v7/agents`, {
      headers: { authorization: `Bearer ${access_token}` },
    })
    expect(answer.status).toBe(200)
  })
})
