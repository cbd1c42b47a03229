import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { type Page, Person } from '../support/person.ts'
import { askForCode, connectMeraki, exchangeCode } from './requests.ts'

const uidOf = (page: Page | undefined): string => page?.url.split('/interaction/')[1]?.split('/')[0] ?? ''

const signIn = { region: 'us1', email: 'admin@acme.example', password: 'panoptes-us1' }

function expectOver(page: Page): void {
  expect({ status: page.status, location: page.headers.get('location') }).toEqual({
    status: 400,
    location: null,
  })
  expect(page.text).toContain('Request id')
  expect(page.text).not.toMatch(/Confirm authorization|Password|\bat \S+:\d+/)
}

describe('an interaction belongs to the browser that began it', () => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())

  /** A browser in front of the confirm page. */
  async function atConfirm(email = 'admin@acme.example'): Promise<Person> {
    const person = new Person()
    await person.open(askForCode(service).href)
    await person.signIn(email, 'panoptes-us1')
    expect(person.page?.text).toContain('Confirm authorization')
    return person
  }

  test.each(['', '/continue'])('cannot be opened at %s by a browser without its cookie', async (path) => {
    const owner = await atConfirm()
    expectOver(await new Person().request(`${service.url}/interaction/${uidOf(owner.page)}${path}`))
  })

  test('cannot be opened with the cookie of another interaction', async () => {
    const [owner, other] = [await atConfirm(), await atConfirm('ops@acme.example')]
    const cookie = other.cookiesFor(new URL(`${service.url}/interaction/${uidOf(other.page)}`))
    expect(cookie).toContain('panoptes_interaction=')
    const url = `${service.url}/interaction/${uidOf(owner.page)}`
    expectOver(await new Person().request(url, { headers: { cookie } }))
  })

  test('cannot be confirmed with the cookie of another interaction', async () => {
    const [owner, other] = [await atConfirm(), await atConfirm('viewer@acme.example')]
    const csrf = /name="csrf" value="([^"]+)"/.exec(other.page?.html ?? '')?.[1] ?? ''
    const cookie = other.cookiesFor(new URL(`${service.url}/interaction/${uidOf(other.page)}`))
    const page = await new Person().request(`${service.url}/interaction/${uidOf(owner.page)}/confirm`, {
      method: 'POST',
      headers: { cookie },
      body: new URLSearchParams({ csrf, 'aid-1101': 'on', choice: 'confirm' }),
    })
    expectOver(page)
    expect((await other.open(`${service.url}/account`)).text).toContain('No integration is connected')
  })

  test('cannot be signed in to from elsewhere, even with the right password', async () => {
    const owner = new Person()
    await owner.open(askForCode(service).href)
    const csrf = /name="csrf" value="([^"]+)"/.exec(owner.page?.html ?? '')?.[1] ?? ''
    const page = await new Person().request(`${service.url}/interaction/${uidOf(owner.page)}/sign-in`, {
      method: 'POST',
      body: new URLSearchParams({ csrf, ...signIn }),
    })
    expectOver(page)
    expect((await owner.open(`${service.url}/account`)).text).toContain('Sign in')
  })

  test.each([
    'client_id=meraki',
    'client_id=meraki&state=s&redirect_uri=http%3A%2F%2F127.0.0.1%2Fcallback',
    'client_id=meraki&redirect_uri=https%3A%2F%2Fevil.example',
  ])('is resumed by path and cookie alone, whatever the query says: %s', async (query) => {
    expectOver(await new Person().request(`${service.url}/oauth2/authorize/no-interaction?${query}`))
  })

  test('cannot be resumed in another browser, signed in or not', async () => {
    const owner = await atConfirm()
    const uid = uidOf(owner.page)
    const victim = new Person()
    await connectMeraki(service, victim)
    for (const browser of [victim, new Person()])
      expectOver(await browser.request(`${service.url}/oauth2/authorize/${uid}`))
    await owner.press('Confirm')
    expect(owner.leavesTo.searchParams.get('code')).toMatch(/./)
  })

  test('ends when another user signs in in the same browser meanwhile', async () => {
    const person = await atConfirm('ops@acme.example')
    const confirmPage = person.page
    await person.open(`${service.url}/account`)
    await person.press('Sign out')
    await person.open(`${service.url}/account`)
    await person.signIn('viewer@acme.example', 'panoptes-us1')
    person.page = confirmPage
    expectOver(await person.press('Confirm'))
    expect((await person.open(`${service.url}/account`)).text).toContain('No integration is connected')
  })

  test.each(['unknown-unknown-unknown', '..%2F..%2Faccount', '%00', "'--", 'x'.repeat(2_000)])(
    'has a name that is not guessed: %s',
    async (uid) => {
      expectOver(await new Person().request(`${service.url}/interaction/${uid}`))
    },
  )

  test('ends ten minutes after its last step', async () => {
    await using late = await startPanoptes()
    const person = new Person()
    await person.open(askForCode(late).href)
    late.advance(590)
    await person.signIn('admin@acme.example', 'panoptes-us1')
    late.advance(590)
    expect((await person.request(person.page?.url ?? '')).status).toBe(200)
    late.advance(20)
    expectOver(await person.press('Confirm'))
  })

  test('two tabs go their ways side by side', async () => {
    const first = askForCode(service)
    const second = askForCode(service, { scope: 'organization:read' })
    const person = new Person()
    const firstTab = await person.open(first.href)
    const secondTab = await person.open(second.href)
    person.page = firstTab
    const firstConfirm = await person.signIn('ops@acme.example', 'panoptes-us1')
    person.page = secondTab
    const secondConfirm = await person.signIn('ops@acme.example', 'panoptes-us1')
    person.page = firstConfirm
    await person.press('Confirm')
    const one = await exchangeCode(service, first, person.leavesTo)
    person.page = secondConfirm
    await person.press('Confirm')
    const other = await exchangeCode(service, second, person.leavesTo)
    expect(one).toMatchObject({ scope: expect.stringContaining('tests:manage') })
    expect(other).toMatchObject({ scope: 'organization:read' })
    const { html } = await person.open(`${service.url}/account`)
    expect(html.match(/>Disconnect</g)).toHaveLength(2)
  })

  test('two tabs may sign in as two users: the later one counts, without a form that sends itself', async () => {
    const request = askForCode(service)
    const person = new Person()
    const firstTab = await person.open(askForCode(service).href)
    const secondTab = await person.open(request.href)
    person.page = firstTab
    const firstConfirm = await person.signIn('ops@acme.example', 'panoptes-us1')
    person.page = secondTab
    const confirm = await person.signIn('admin@globex.example', 'panoptes-us2')
    expect(confirm.text).toContain('admin@globex.example')
    await person.press('Confirm')
    const tokens = await exchangeCode(service, request, person.leavesTo)
    expect(tokens.access_token).toMatch(/./)
    person.page = firstConfirm
    expectOver(await person.press('Confirm'))
  })
})
