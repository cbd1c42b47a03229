import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { type Page, Person } from '../support/person.ts'
import { admin, adminToken, callWith, csrfOf, ops, post, signedIn, tokenOn, viewer } from './signed-in.ts'

const generatePath = '/account/profile/user-api-token'
const revokePath = `${generatePath}/revoke`
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

let service: RunningPanoptes
beforeAll(async () => {
  service = await startPanoptes(['--limits', 'off'])
})
afterAll(() => service.stop())

const profile = (person: Person): Promise<Page> => person.open(`${service.url}/account/profile`)

const buttonsOf = ({ html }: Page): readonly string[] =>
  [...html.matchAll(/<button[^>]*>([^<]*)<\/button>/g)].map(([, label = '']) => label)

/** Ends the person's token by the two buttons, if there is one. */
async function revoke(person: Person): Promise<Page> {
  const page = await profile(person)
  if (!buttonsOf(page).includes('Revoke')) return page
  await person.press('Revoke')
  return person.press('Revoke')
}

async function generate(person: Person): Promise<string> {
  await profile(person)
  const token = tokenOn(await person.press('Generate'))
  if (!token) throw new Error('no token is shown')
  return token
}

describe('the profile', () => {
  test('says who is signed in, where, and to which account group calls go', async () => {
    const page = await profile(await signedIn(service, ops))
    for (const words of ['Otis Operations', 'ops@acme.example', 'US1', 'Login account group'])
      expect(page.text).toContain(words)
    expect(page.html).toContain('<a href="/account/profile" aria-current="page">Profile</a>')
  })

  test.each(['/account/profile', revokePath, '/account/account-groups', '/account/activity'])(
    '%s asks a stranger to sign in',
    async (path) => {
      const page = await new Person().request(`${service.url}${path}`)
      expect({ status: page.status, to: page.headers.get('location') }).toEqual({
        status: 303,
        to: '/account/sign-in',
      })
    },
  )
})

describe('User API Tokens on the profile, product documentation 1.2 to 1.5 and 2.2', () => {
  test.each([
    ['Account Admin', ops],
    ['Regular User', viewer],
  ])('the token of a user with the role %s is shown once and opens v7', async (_, who) => {
    const person = await signedIn(service, who)
    expect(buttonsOf(await profile(person))).toEqual(['Sign out', 'Generate'])
    const page = await person.press('Generate')
    const token = tokenOn(page) ?? ''
    expect(token).toMatch(uuid)
    expect(page.url).toBe(`${service.url}/account/profile`)
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(page.text).toContain('It is shown this once')
    expect(buttonsOf(page)).toEqual(['Sign out', 'Revoke'])
    expect(await callWith(service, token)).toBe(200)
    for (const again of [await profile(person), await profile(await signedIn(service, who))]) {
      expect(again.html).not.toContain(token)
      expect(again.text).toContain('Hidden')
      expect(buttonsOf(again)).toEqual(['Sign out', 'Revoke'])
    }
    await revoke(person)
  })

  test('its value is not shown to a HEAD request, nor used up by one', async () => {
    const person = await signedIn(service, ops)
    const csrf = csrfOf(await profile(person))
    await post(service, person, generatePath, { csrf })
    await person.request(`${service.url}/account/profile`, { method: 'HEAD' })
    expect(tokenOn(await profile(person))).toMatch(uuid)
    await revoke(person)
  })

  test('its value is shown to the browser session that asked alone, and for a minute', async () => {
    const [person, elsewhere] = [await signedIn(service, ops), await signedIn(service, ops)]
    const csrf = csrfOf(await profile(person))
    await post(service, person, generatePath, { csrf })
    expect(tokenOn(await profile(elsewhere))).toBeUndefined()
    service.advance(61)
    expect(tokenOn(await profile(person))).toBeUndefined()
    await revoke(person)
  })

  test('two pages loaded at once show the value on one of them', async () => {
    const person = await signedIn(service, ops)
    const csrf = csrfOf(await profile(person))
    await post(service, person, generatePath, { csrf })
    const headers = { cookie: person.cookiesFor(new URL(`${service.url}/account`)) }
    const pages = await Promise.all(
      Array.from({ length: 6 }, async () =>
        (await fetch(`${service.url}/account/profile`, { headers })).text(),
      ),
    )
    expect(pages.filter((html) => html.includes('id="user-api-token"'))).toHaveLength(1)
    await revoke(person)
  })

  test('it says when it was generated and when it ends: after two years', async () => {
    const person = await signedIn(service, viewer)
    const token = await generate(person)
    const page = await profile(person)
    const dates = [...page.html.matchAll(/<time datetime="([^"]+)"/g)].map(([, at = '']) => Date.parse(at))
    expect(dates).toHaveLength(2)
    expect((dates[1] ?? 0) - (dates[0] ?? 0)).toBe(730 * 86_400_000)
    expect(page.text).toContain('in 2 years')
    expect(page.html).not.toContain(token)
    await revoke(person)
  })

  test('Revoke asks first, ends it at once, and Generate is there again', async () => {
    const person = await signedIn(service, ops)
    const token = await generate(person)
    const asked = await person.press('Revoke')
    expect(asked.text).toContain('Revoke your User API Token?')
    expect(await callWith(service, token)).toBe(200)
    const page = await person.press('Revoke')
    expect(await callWith(service, token)).toBe(401)
    expect(page.text).toContain('Your User API Token is revoked')
    expect(buttonsOf(page)).toEqual(['Sign out', 'Generate'])
    const next = await generate(person)
    expect(next).not.toBe(token)
    expect([await callWith(service, token), await callWith(service, next)]).toEqual([401, 200])
    await revoke(person)
  })

  test('a revoked one is not shown, even if its page was not loaded yet', async () => {
    const [person, elsewhere] = [await signedIn(service, ops), await signedIn(service, ops)]
    await post(service, person, generatePath, { csrf: csrfOf(await profile(person)) })
    await revoke(elsewhere)
    expect(tokenOn(await profile(person))).toBeUndefined()
  })

  test('says that it is revoked only when it did that', async () => {
    const person = await signedIn(service, ops)
    for (const query of ['?revoked=', '?revoked=AAAAAAAAAAAAAAAA', '?revoked=a&revoked=b'])
      expect((await person.open(`${service.url}/account/profile${query}`)).text).not.toContain('is revoked')
  })

  test('a second Generate is refused with 409 in plain words, and the first token stays', async () => {
    const person = await signedIn(service, ops)
    const csrf = csrfOf(await profile(person))
    await post(service, person, generatePath, { csrf })
    const refused = await post(service, person, generatePath, { csrf })
    expect(refused.status).toBe(409)
    expect(refused.text).toContain('There is a User API Token already. Revoke it first')
    expect(tokenOn(refused)).toBeUndefined()
    const token = tokenOn(await profile(person)) ?? ''
    expect(await callWith(service, token)).toBe(200)
    await revoke(person)
  })

  test('of twenty Generate at once, from two sessions, one makes a token', async () => {
    const people = [await signedIn(service, ops), await signedIn(service, ops)]
    const answers = await Promise.all(
      people.flatMap((person) =>
        Array.from({ length: 10 }, async () => {
          const csrf = csrfOf(await profile(person))
          return post(service, person, generatePath, { csrf })
        }),
      ),
    )
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([303, ...Array.from({ length: 19 }, () => 409)])
    for (const person of people) await revoke(person)
  })

  test('one that was there before shows as existing', async () => {
    const page = await profile(await signedIn(service, admin))
    expect(buttonsOf(page)).toEqual(['Sign out', 'Revoke'])
    expect(page.html).not.toContain(adminToken)
  })

  test('after a renewal through the API both are told of, and Revoke ends both', async () => {
    const person = await signedIn(service, viewer)
    const first = await generate(person)
    const renewed = await fetch(`${service.url}/v7/api-tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${first}` },
    })
    const { bearerToken } = (await renewed.json()) as { bearerToken: string }
    const page = await profile(person)
    expect(page.text).toContain('The token before it works until')
    expect([await callWith(service, first), await callWith(service, bearerToken)]).toEqual([200, 200])
    await revoke(person)
    expect([await callWith(service, first), await callWith(service, bearerToken)]).toEqual([401, 401])
    expect(buttonsOf(await profile(person))).toEqual(['Sign out', 'Generate'])
  })

  test('an expired one makes room for the next', async () => {
    await using own = await startPanoptes(['--limits', 'off'])
    const person = await signedIn(own, admin)
    expect(await callWith(own, adminToken)).toBe(200)
    own.advance(730 * 86_400)
    expect(await callWith(own, adminToken)).toBe(401)
    await person.open(`${own.url}/account`)
    await person.signIn(...admin)
    await person.open(`${own.url}/account/profile`)
    expect(tokenOn(await person.press('Generate'))).toMatch(uuid)
  })
})

describe('forged forms on the profile', () => {
  const forms: readonly (readonly [string, (own: string, others: string) => Record<string, string>])[] = [
    ['no token', () => ({})],
    ['an empty token', () => ({ csrf: '' })],
    ['a made-up token', () => ({ csrf: 'AAAAAAAAAAAAAAAA' })],
    ['the token of another session', (_own, others) => ({ csrf: others })],
    ['the token and more behind it', (own) => ({ csrf: `${own}A` })],
  ]

  test.each(forms)('with %s generate and revoke nothing', async (_, formOf) => {
    const [person, other] = [await signedIn(service, ops), await signedIn(service, viewer)]
    const form = formOf(csrfOf(await profile(person)), csrfOf(await profile(other)))
    expect((await post(service, person, generatePath, form)).status).toBe(403)
    expect(buttonsOf(await profile(person))).toContain('Generate')
    const token = await generate(person)
    expect((await post(service, person, revokePath, form)).status).toBe(403)
    expect(await callWith(service, token)).toBe(200)
    await revoke(person)
  })

  test('without a session lead to the sign-in', async () => {
    const csrf = csrfOf(await profile(await signedIn(service, ops)))
    for (const path of [generatePath, revokePath]) {
      const page = await post(service, new Person(), path, { csrf })
      expect({ status: page.status, to: page.headers.get('location') }).toEqual({
        status: 303,
        to: '/account/sign-in',
      })
    }
  })

  test('a name with markup is text', async () => {
    const name = `"><script>alert(1)</script>`
    const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' }
    const changed = await fetch(`${service.url}/v7/users/1003`, {
      method: 'PUT',
      headers,
      body: JSON.stringify({ name }),
    })
    expect(changed.status).toBe(200)
    const page = await profile(await signedIn(service, viewer))
    expect(page.html).not.toContain('<script>alert')
    expect(page.text).toContain(name)
  })
})
