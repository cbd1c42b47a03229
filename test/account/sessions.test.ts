import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askForCode, connectMeraki, readsAgents } from '../steps/requests.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { type Page, Person } from '../support/person.ts'

const laptop = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const phone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'

/** A person whose browser says what it is. */
class Visitor extends Person {
  readonly #userAgent: string
  constructor(userAgent: string) {
    super()
    this.#userAgent = userAgent
  }
  override request(url: string, init: RequestInit = {}): Promise<Page> {
    const headers = { 'user-agent': this.#userAgent, ...(init.headers as Record<string, string>) }
    return super.request(url, { ...init, headers })
  }
}

const namesOf = ({ html }: Page): readonly string[] =>
  [...html.matchAll(/name="session" value="([^"]+)"/g)].map(([, name = '']) => name)
const labelsOf = ({ html }: Page): readonly string[] =>
  [...html.matchAll(/aria-label="(Sign out [^"]+)"/g)].map(([, label = '']) => label)
const csrfOf = ({ html }: Page): string => /name="csrf" value="([^"]+)"/.exec(html)?.[1] ?? ''

const ada = ['admin@acme.example', 'panoptes-us1'] as const
const vera = ['viewer@acme.example', 'panoptes-us1'] as const

/** security-cases E14; ASVS 5.0 7.4.3, 7.5.2 */
describe('the sessions of the account', () => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())

  const sessions = (person: Person): Promise<Page> => person.open(`${service.url}/account/sessions`)
  const isSignedIn = async (person: Person): Promise<boolean> =>
    (await person.request(`${service.url}/account`)).status === 200

  async function signedIn(userAgent: string, [email, password]: readonly [string, string]): Promise<Person> {
    const person = new Visitor(userAgent)
    await person.open(`${service.url}/account`)
    await person.signIn(email, password)
    return person
  }

  /** Ends whatever earlier tests have left. */
  async function alone(userAgent: string, user: readonly [string, string]): Promise<Person> {
    const person = await signedIn(userAgent, user)
    await sessions(person)
    await person.press('Sign out everywhere')
    return signedIn(userAgent, user)
  }

  test('lists this one first, then the others, in words, from both doors of sign-in', async () => {
    const person = await alone(laptop, ada)
    const other = new Visitor(phone)
    await connectMeraki(service, other, ada)
    service.advance(120)
    const page = await sessions(person)
    expect(page.status).toBe(200)
    expect(page.text).toMatch(/Firefox on Linux This session .* Safari on iOS/)
    for (const words of ['Address 127.0.0.1', 'Signed in with Password', 'Signing out ends no connection'])
      expect(page.text).toContain(words)
    expect(namesOf(page)).toHaveLength(2)
    expect(labelsOf(page)[0]).toMatch(/^Sign out Firefox on Linux, 127\.0\.0\.1, signed in .* UTC$/)
  })

  test('names every button apart, also where browsers look alike', async () => {
    const person = await alone(laptop, ada)
    await signedIn(laptop, ada)
    await signedIn(laptop, ada)
    const labels = labelsOf(await sessions(person))
    expect(new Set(labels).size).toBe(3)
  })

  test('says when each was last active, to the minute', async () => {
    await using own = await startPanoptes()
    const [one, other] = [new Visitor(laptop), new Visitor(phone)]
    await connectMeraki(own, one)
    await connectMeraki(own, other)
    own.advance(600)
    await other.open(askForCode(own).href)
    const seenAt = Date.now() + 600_000
    own.advance(600)
    const { html } = await one.open(`${own.url}/account/sessions`)
    const theirs = html.slice(html.indexOf('Safari on iOS'))
    const shown = /Last active<\/dt><dd><time datetime="([^"]+)"/.exec(theirs)?.[1] ?? ''
    expect(Math.abs(Date.parse(shown) - seenAt)).toBeLessThan(5_000)
  })

  test('ends one, at once, and says so; its connections go on', async () => {
    const person = await alone(laptop, ada)
    const other = new Visitor(phone)
    const { access_token } = await connectMeraki(service, other, ada)
    const confirm = await other.open(askForCode(service).href)
    const [, theirs = ''] = namesOf(await sessions(person))
    const page = await person.press('Sign out', {}, { session: theirs })
    expect(page.text).toContain('That browser is signed out.')
    expect(namesOf(page)).toHaveLength(1)
    expect(await isSignedIn(other)).toBe(false)
    expect((await other.open(confirm.url)).status).toBe(400)
    expect(await isSignedIn(person)).toBe(true)
    expect(await readsAgents(service, access_token)).toBe(200)
    expect((await sessions(person)).text).not.toContain('That browser is signed out.')
  })

  test('ends this one, and leads to the page that says so', async () => {
    const person = await alone(laptop, ada)
    const other = await signedIn(phone, ada)
    const [own = ''] = namesOf(await sessions(person))
    expect((await person.press('Sign out', {}, { session: own })).text).toContain('You are signed out')
    expect(await isSignedIn(person)).toBe(false)
    expect(await isSignedIn(other)).toBe(true)
    expect(namesOf(await sessions(other))).toHaveLength(1)
  })

  test('ends all of them, and a sign-in that was under way', async () => {
    const person = await alone(laptop, vera)
    const others = await Promise.all([signedIn(phone, vera), signedIn(laptop, vera)])
    const late = new Person()
    await late.open(askForCode(service).href)
    await late.press('Continue', { region: 'default', email: vera[0] })
    const form = late.page as Page
    const answer = await late.request(
      /action="([^"]+)"/.exec(form.html)?.[1]?.replace(/^/, service.url) ?? '',
      {
        method: 'POST',
        body: new URLSearchParams({
          csrf: csrfOf(form),
          region: 'default',
          email: vera[0],
          password: vera[1],
        }),
      },
    )
    await sessions(person)
    expect((await person.press('Sign out everywhere')).text).toContain('You are signed out')
    await late.open(new URL(answer.headers.get('location') ?? '', service.url).href)
    for (const one of [person, ...others, late]) expect(await isSignedIn(one)).toBe(false)
    expect(namesOf(await sessions(await signedIn(laptop, vera)))).toHaveLength(1)
  })

  test('leaves out those that ended by themselves, and those without a browser', async () => {
    const person = await alone(laptop, ada)
    const idle = await signedIn(phone, ada)
    await fetch(`${service.url}/emulator/authorizations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url: askForCode(service).href, user: ada[0], region: 'us1' }),
    }).then(async (answer) => expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)]))
    expect(namesOf(await sessions(person))).toHaveLength(2)
    for (let visit = 0; visit < 2; visit += 1) {
      service.advance(1_000)
      await sessions(person)
    }
    expect(namesOf(await sessions(person))).toHaveLength(1)
    expect(await isSignedIn(idle)).toBe(false)
  })

  test('tell the recent activity what was ended, and how', async () => {
    const person = await alone(laptop, vera)
    await signedIn(phone, vera)
    const [, theirs = ''] = namesOf(await sessions(person))
    await person.press('Sign out', {}, { session: theirs })
    const { text } = await person.open(`${service.url}/account/activity`)
    for (const words of ['Signed out in another browser', 'Signed out in every browser'])
      expect(text).toContain(words)
    await person.press('Sign out')
    const again = await signedIn(laptop, vera)
    expect((await again.open(`${service.url}/account/activity`)).text).toMatch(/Signed out (?!in )/)
  })

  describe('belong to their user alone', () => {
    const attempts: readonly (readonly [string, (theirs: string) => string])[] = [
      ['the name of another user’s session', (theirs) => theirs],
      ['a made-up name', () => 'A'.repeat(43)],
      ['no name', () => ''],
      ['a name that is none', () => '../signed-in:x\u0000"><script>'],
      ['the name of a record', (theirs) => `signed-in:${theirs}`],
    ]
    test.each(attempts)('%s ends nothing', async (_, nameFrom) => {
      const [person, other] = [await alone(laptop, ada), await alone(phone, vera)]
      const [theirs = ''] = namesOf(await sessions(other))
      const page = await sessions(person)
      const answer = await person.request(`${service.url}/account/sessions/end`, {
        method: 'POST',
        body: new URLSearchParams({ csrf: csrfOf(page), session: nameFrom(theirs) }),
      })
      expect({ status: answer.status, to: answer.headers.get('location') }).toEqual({
        status: 303,
        to: '/account/sessions',
      })
      expect([await isSignedIn(person), await isSignedIn(other)]).toEqual([true, true])
    })

    test.each(['end', 'end-all'])(
      '%s takes no form of another session, of none, or from another site',
      async (path) => {
        const [person, other] = [await alone(laptop, ada), await alone(phone, vera)]
        const [own = ''] = namesOf(await sessions(person))
        const foreign = csrfOf(await sessions(other))
        const send = (csrf: string, headers: Record<string, string> = {}): Promise<Page> =>
          person.request(`${service.url}/account/sessions/${path}`, {
            method: 'POST',
            body: new URLSearchParams({ csrf, session: own }),
            headers,
          })
        for (const csrf of [foreign, '', 'of nobody']) expect((await send(csrf)).status).toBe(403)
        const good = csrfOf(await sessions(person))
        expect((await send(good, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
        expect((await person.request(`${service.url}/account/sessions/${path}`)).status).toBe(404)
        expect(await isSignedIn(person)).toBe(true)
      },
    )

    test('a stranger is asked to sign in', async () => {
      const page = await new Person().request(`${service.url}/account/sessions`)
      expect({ status: page.status, to: page.headers.get('location') }).toEqual({
        status: 303,
        to: '/account/sign-in',
      })
    })
  })

  test.each([
    ['markup', `"><img src=x onerror=alert(1)></bdi><script>alert(1)</script>`],
    ['10 kB', 'x'.repeat(10_000)],
    ['bytes of Latin-1', '\u00fc\u00ad\u0085<b>'],
  ])('shows a User-Agent of %s as text, cut', async (_, userAgent) => {
    const person = await alone(userAgent, ada)
    const { html } = await sessions(person)
    expect(html).not.toMatch(/<script|<img|<b>|x{100}/)
    expect(namesOf(await sessions(person))).toHaveLength(1)
  })
})
