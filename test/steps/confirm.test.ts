import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { fieldsBeside, type Page, Person } from '../support/person.ts'
import {
  type AuthorizationRequest,
  askForCode,
  connectMeraki,
  exchangeCode,
  readsAgents,
  redirectUri,
} from './requests.ts'
import { type SlowPost, slowPost } from './slow-post.ts'

describe('the confirm page', () => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())

  async function atConfirm(
    email = 'admin@acme.example',
    person = new Person(),
  ): Promise<{ person: Person; request: AuthorizationRequest; page: Page }> {
    const request = askForCode(service)
    await person.open(request.href)
    const page = await person.signIn(email, 'panoptes-us1')
    return { person, request, page }
  }

  /** The form of the page with one of its buttons, ready to be sent as often as wanted. */
  function button({ person, page }: { person: Person; page: Page }, choice: string): () => Promise<Page> {
    const fields = fieldsBeside(page, 'Confirm')
    return () =>
      person.request(`${page.url.replace(/\/sign-in$/, '')}/confirm`, {
        method: 'POST',
        body: new URLSearchParams({ ...fields, choice }),
      })
  }

  const connectionsOf = async (person: Person): Promise<number> =>
    (await person.open(`${service.url}/account`)).html.match(/>Disconnect</g)?.length ?? 0

  test('says who asks for what, where, for how long, and how to take it back', async () => {
    const { page } = await atConfirm()
    expect(page.status).toBe(200)
    for (const words of [
      'Meraki asks for access',
      'Email admin@acme.example',
      'Region US1',
      'Organization Acme Networks',
      'Acme HQ aid 1101',
      'Acme Branches aid 1102',
      'works for 5 minutes',
      'not used for 1 day',
      'after 90 days',
      'choose Disconnect on your account page',
    ])
      expect(page.text).toContain(words)
    for (const scope of [
      'organization:read',
      'agents:manage',
      'tests:manage',
      'offline_access',
      'openid',
      'email',
    ])
      expect(page.html).toMatch(new RegExp(`<li><span>[A-Z][^<]+</span> <code>${scope}</code></li>`))
    expect(page.text).not.toContain('Default')
  })

  test('shows the account groups of that user alone', async () => {
    const { page } = await atConfirm('viewer@acme.example')
    expect(page.text).toContain('Acme HQ aid 1101')
    expect(page.text).not.toContain('1102')
  })

  test('leads on by a page of our own, which goes to the integration with code, state and iss', async () => {
    const at = await atConfirm()
    const answer = await button(at, 'confirm')()
    expect(answer.status).toBe(303)
    const next = await at.person.request(new URL(answer.headers.get('location') ?? '', service.url).href)
    expect(next.headers.get('content-security-policy')).toContain("form-action 'self'")
    await at.person.open(at.person.leavesTo.href)
    const to = at.person.leavesTo
    expect(to.origin + to.pathname).toBe(redirectUri)
    expect(Object.fromEntries(to.searchParams)).toEqual({
      code: expect.stringMatching(/./),
      state: 'state-of-the-platform',
      iss: service.url,
    })
  })

  test('pressed twice, one press after the other, makes one connection', async () => {
    const at = await atConfirm('ops@acme.example')
    const press = button(at, 'confirm')
    const answers = [await press(), await press()]
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
    await at.person.open(new URL(answers[1]?.headers.get('location') ?? '', service.url).href)
    await exchangeCode(service, at.request, at.person.leavesTo)
    expect(await connectionsOf(at.person)).toBe(1)
  })

  /** The form with each of the buttons, all sent at once: every one is read before any of them is answered. */
  async function pressAtOnce(
    { person, page }: { person: Person; page: Page },
    choices: readonly string[],
  ): Promise<void> {
    const fields = fieldsBeside(page, 'Confirm')
    const action = new URL(/<form[^>]*action="([^"]+)"/.exec(page.html)?.[1] ?? '', service.url)
    const posts: SlowPost[] = []
    for (const choice of choices)
      posts.push(await slowPost(action.href, { ...fields, choice }, person.cookiesFor(action)))
    const answers = await Promise.all(posts.map((one) => one.finish()))
    expect(answers.map(({ status }) => status)).toEqual(choices.map(() => 303))
    await person.open(new URL(answers[0]?.location ?? '', service.url).href)
  }

  test('pressed three times at once makes one connection', async () => {
    const at = await atConfirm()
    const before = await connectionsOf(at.person)
    await pressAtOnce(at, ['confirm', 'confirm', 'confirm'])
    await exchangeCode(service, at.request, at.person.leavesTo)
    expect(await connectionsOf(at.person)).toBe(before + 1)
  })

  test.each([[['confirm', 'logout']], [['logout', 'confirm']]])(
    'pressed %j at once does one of the two, whole',
    async (choices) => {
      const at = await atConfirm('viewer@acme.example')
      const before = await connectionsOf(at.person)
      await pressAtOnce(at, choices)
      const { searchParams } = at.person.leavesTo
      const isGranted = searchParams.has('code')
      expect(searchParams.get('error')).toBe(isGranted ? null : 'access_denied')
      const account = await at.person.open(`${service.url}/account`)
      expect(account.text.includes('Your connections')).toBe(isGranted)
      if (isGranted) expect(await connectionsOf(at.person)).toBe(before + 1)
    },
  )

  test('shown again by the back button does nothing more', async () => {
    const at = await atConfirm('ops@acme.example')
    const before = await connectionsOf(at.person)
    const press = button(at, 'confirm')
    at.person.page = at.page
    await at.person.press('Confirm')
    const code = at.person.leavesTo
    await exchangeCode(service, at.request, code)
    const again = await press()
    expect(again.status).toBe(400)
    expect(again.text).toContain('start again')
    expect(await connectionsOf(at.person)).toBe(before + 1)
  })

  test.each(['', 'yes', 'CONFIRM', 'confirm logout'])('refuses the choice "%s"', async (choice) => {
    const at = await atConfirm()
    expect((await button(at, choice)()).status).toBe(400)
    expect((await button(at, 'confirm')()).status).toBe(303)
  })

  test('Logout ends the browser session on the server and refuses this one request, nothing else', async () => {
    const person = new Person()
    const { access_token } = await connectMeraki(service, person)
    const cookie = person.cookiesFor(new URL(service.url))
    await person.open(askForCode(service, { teRegion: '1' }).href)
    await person.press('Logout')
    expect(Object.fromEntries(person.leavesTo.searchParams)).toMatchObject({
      error: 'access_denied',
      state: 'state-of-the-platform',
      iss: service.url,
    })
    expect(person.leavesTo.searchParams.has('code')).toBe(false)
    const old = await fetch(`${service.url}/account`, { headers: { cookie }, redirect: 'manual' })
    expect(old.status).toBe(303)
    expect(await readsAgents(service, access_token)).toBe(200)
    const next = await person.open(askForCode(service).href)
    expect(next.text).toContain('Sign in')
    expect(next.html).toContain('<option value="default" selected>')
  })
})
