import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askForDevice, connectMeraki, readsAgents, refresh, typeUserCode } from '../steps/requests.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { type Page, Person } from '../support/person.ts'

const tagsOf = (page: Page): readonly string[] =>
  [...page.html.matchAll(/name="connection" value="([^"]+)"/g)].map(([, tag = '']) => tag)

const csrfOf = (page: Page): string => /name="csrf" value="([^"]+)"/.exec(page.html)?.[1] ?? ''

describe('the account page', () => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())

  const account = (person: Person): Promise<Page> => person.open(`${service.url}/account`)

  async function signedIn(email: string, password: string): Promise<Person> {
    const person = new Person()
    await account(person)
    await person.signIn(email, password)
    return person
  }

  test('asks a stranger to sign in, and leads back', async () => {
    const person = new Person()
    const first = await person.request(`${service.url}/account`)
    expect({ status: first.status, to: first.headers.get('location') }).toEqual({
      status: 303,
      to: '/account/sign-in',
    })
    const page = await account(person)
    expect(page.text).toContain('to see and end your connections')
    const own = await person.signIn('admin@globex.example', 'panoptes-us2')
    expect(own.url).toBe(`${service.url}/account`)
    for (const words of [
      'Your connections',
      'Gloria Globex',
      'admin@globex.example',
      'US2',
      'No integration is connected',
    ])
      expect(own.text).toContain(words)
  })

  test('goes back to the first step of sign-in by Change, with what was typed', async () => {
    const person = new Person()
    await account(person)
    await person.press('Continue', { region: 'eu1', email: 'admin@globex.example' })
    const page = await person.press('Change')
    expect(page.html).toContain('value="admin@globex.example"')
    expect(page.html).toContain('<option value="eu1" selected>')
  })

  test('lists each connection with region, scopes in words, account groups and dates', async () => {
    const person = new Person()
    await connectMeraki(service, person)
    const page = await account(person)
    expect(tagsOf(page)).toHaveLength(1)
    const today = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' }).format(
      Date.now(),
    )
    for (const words of [
      'Meraki US1',
      'organization:read',
      'tests:manage',
      'Acme HQ aid 1101',
      'Acme Branches aid 1102',
    ])
      expect(page.text).toContain(words)
    for (const name of ['Connected since', 'Last used', 'Ends by']) expect(page.text).toContain(name)
    expect(page.text).toContain(`Connected since ${today}`)
    expect(page.html).not.toMatch(/f537f4ac|panoptes-us1/)
    await person.press('Disconnect')
  })

  test('keeps two devices connected from one browser apart', async () => {
    const person = await signedIn('ops@acme.example', 'panoptes-us1')
    for (let round = 0; round < 2; round += 1) {
      const device = await askForDevice(service)
      await typeUserCode(service, person, device.user_code)
      await person.press('Continue')
      expect((await person.press('Confirm')).text).toContain('Device connected')
    }
    const both = tagsOf(await account(person))
    expect(both).toHaveLength(2)
    await person.press('Disconnect', { connection: both[0] ?? '' })
    expect(tagsOf(await account(person))).toEqual([both[1]])
  })

  test('Disconnect ends the tokens at once, says so, and can be loaded again', async () => {
    const person = new Person()
    const tokens = await connectMeraki(service, person)
    expect(await readsAgents(service, tokens.access_token)).toBe(200)
    await account(person)
    const page = await person.press('Disconnect')
    expect(page.status).toBe(200)
    expect(page.text).toContain('Meraki is disconnected. Its tokens no longer work.')
    expect(await readsAgents(service, tokens.access_token)).toBe(401)
    const refused = await refresh(service, tokens.refresh_token)
    expect({ status: refused.status, body: await refused.json() }).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    })
    expect((await person.open(page.url)).text).toContain('Meraki is disconnected.')
    expect((await account(person)).text).not.toContain('is disconnected.')
  })

  test('says that something is disconnected only when it did that', async () => {
    const person = await signedIn('viewer@acme.example', 'panoptes-us1')
    for (const query of [
      '?disconnected=meraki',
      '?disconnected=meraki&notice=AAAAAAAAAAAAAAAA',
      '?disconnected=a&disconnected=b',
    ])
      expect((await person.open(`${service.url}/account${query}`)).text).not.toContain('is disconnected')
  })

  test('ends nothing of somebody else’s, of the same e-mail in another region either', async () => {
    const owner = new Person()
    const tokens = await connectMeraki(service, owner)
    const [tag = ''] = tagsOf(await account(owner))
    for (const [email, password] of [
      ['admin@acme.example', 'panoptes-eu1'],
      ['viewer@acme.example', 'panoptes-us1'],
    ] as const) {
      const other = await signedIn(email, password)
      expect(tagsOf(await account(other))).not.toContain(tag)
      const page = await other.open(`${service.url}/account/disconnect`, {
        method: 'POST',
        body: new URLSearchParams({ csrf: csrfOf(await account(other)), connection: tag }),
      })
      expect(page.status).toBe(200)
      expect(page.text).not.toContain('is disconnected')
    }
    expect(await readsAgents(service, tokens.access_token)).toBe(200)
    expect(tagsOf(await account(owner))).toContain(tag)
  })

  test.each(['', 'x', '../../etc/passwd', 'AAAAAAAAAAAAAAAA'])(
    'ends nothing for the connection "%s"',
    async (tag) => {
      const person = new Person()
      await connectMeraki(service, person, ['admin@initech.example', 'panoptes-eu1'])
      const before = tagsOf(await account(person))
      const page = await person.press('Disconnect', { connection: tag })
      expect(page.status).toBe(200)
      expect(tagsOf(page)).toEqual(before)
    },
  )

  test.each([
    ['the same user', 'ops@acme.example', 'panoptes-us1'],
    ['another user', 'admin@globex.example', 'panoptes-us2'],
  ])(
    'signing in again as %s begins a session under a new id, and the old id opens nothing',
    async (_, email, password) => {
      const person = await signedIn('ops@acme.example', 'panoptes-us1')
      const old = person.cookiesFor(new URL(service.url))
      await person.open(`${service.url}/account/sign-in`)
      const page = await person.signIn(email, password)
      expect(page.text).toContain(email)
      expect(person.cookiesFor(new URL(service.url))).not.toBe(old)
      const answer = await fetch(`${service.url}/account`, { headers: { cookie: old }, redirect: 'manual' })
      expect(answer.status).toBe(303)
      expect((await account(person)).text).toContain(email)
    },
  )

  test('Sign out ends the session and leaves the connections', async () => {
    const person = new Person()
    const tokens = await connectMeraki(service, person)
    await account(person)
    const page = await person.press('Sign out')
    expect(page.text).toContain('You are signed out')
    expect(page.text).toContain('Integrations keep the access that you gave them')
    expect((await account(person)).text).toContain('to see and end your connections')
    expect(await readsAgents(service, tokens.access_token)).toBe(200)
  })

  test('no longer opens for a user who was removed in v7, whose tokens end too', async () => {
    const person = new Person()
    const tokens = await connectMeraki(service, person, ['viewer@acme.example', 'panoptes-us1'])
    expect((await account(person)).text).toContain('Vera Viewer')
    const headers = { authorization: 'Bearer f537f4ac-2921-3199-bbab-d5a43f1c2b60' }
    const removed = await fetch(`${service.url}/v7/users/1003`, { method: 'DELETE', headers })
    expect(removed.status).toBe(204)
    expect((await account(person)).text).toContain('to see and end your connections')
    expect(await readsAgents(service, tokens.access_token)).toBe(401)
    expect((await refresh(service, tokens.refresh_token)).status).toBe(400)
    expect((await person.signIn('viewer@acme.example', 'panoptes-us1')).status).toBe(403)
  })
})
