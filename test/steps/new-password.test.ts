import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { controlApi } from '../emulator-control/support/control-api.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { type Page, Person } from '../support/person.ts'
import { askForCode } from './requests.ts'

const email = 'ops@acme.example'
const old = 'panoptes-us1'
const chosen = 'Correct horse 7'

let service: RunningPanoptes
beforeEach(async () => {
  service = await startPanoptes()
  await controlApi(service.url)('PUT', `/users/${email}/lock`)
})
afterEach(() => service.stop())

/** A locked user's browser, at the page that asks for a new password. */
async function atNewPassword(who = email): Promise<Person> {
  const person = new Person()
  await person.open(`${service.url}/account`)
  const page = await person.signIn(who, old, 'us1')
  expect([page.status, page.text]).toEqual([200, expect.stringContaining('New password')])
  return person
}

const change = (person: Person, password = chosen, again = password): Promise<Page> =>
  person.press('Change password', { 'new-password': password, 'repeat-password': again })

async function signsIn(password: string): Promise<boolean> {
  const person = new Person()
  await person.open(`${service.url}/account`)
  return (await person.signIn(email, password, 'us1')).text.includes('Sign out')
}

const fieldOf = ({ html }: Page, name: string): string =>
  new RegExp(`name="${name}"[^>]*value="([^"]*)"`).exec(html)?.[1] ?? ''

/** What a page's form would send, to be sent by somebody else or somewhere else. */
const fieldsOf = (page: Page, password = chosen): Record<string, string> => ({
  csrf: fieldOf(page, 'csrf'),
  region: 'us1',
  email,
  'proof-token': fieldOf(page, 'proof-token'),
  'new-password': password,
  'repeat-password': password,
})

const send = (person: Person, fields: Readonly<Record<string, string>>, path = '/account/sign-in') =>
  person.request(`${service.url}${path}`, { method: 'POST', body: new URLSearchParams(fields) })

describe('the page New password', () => {
  test('has no password in it, and asks for the new one twice', async () => {
    const { page } = await atNewPassword()
    expect(page?.html).not.toContain(old)
    expect(page?.html.match(/<input[^>]*type="password"[^>]*>/g)).toHaveLength(2)
    expect(page?.html).toContain('autocomplete="new-password"')
    expect(page?.headers.get('cache-control')).toContain('no-store')
  })

  test.each([
    ['nothing', '', '', 'Enter a new password.'],
    ['a short one', 'Ab1!', 'Ab1!', 'it needs at least 8'],
    ['one of two kinds', 'lower case', 'lower case', 'add a digit or an upper-case letter.'],
    ['the e-mail address', 'OPS@Acme.Example', 'OPS@Acme.Example', 'The password is the email address'],
    ['two that differ', chosen, `${chosen} `, 'Enter the same new password twice.'],
    ['the old one', old, old, 'Choose another password than the one you had.'],
    [
      'the old one in other code points',
      'ｐａｎｏｐｔｅｓ-us1',
      'ｐａｎｏｐｔｅｓ-us1',
      'Choose another password',
    ],
  ])('refuses %s, says why, and takes a good one afterwards', async (_, password, again, words) => {
    const person = await atNewPassword()
    const refused = await change(person, password, again)
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining(words)])
    expect((await change(person)).text).toContain('Sign out')
    expect([await signsIn(chosen), await signsIn(old)]).toEqual([true, false])
  })

  test('signs nobody in before the password is changed', async () => {
    const person = await atNewPassword()
    expect((await person.open(`${service.url}/account`)).text).toContain('Sign in')
  })
})

describe('the proof of the right password', () => {
  test('counts once, also of twenty uses at once', async () => {
    const person = await atNewPassword()
    const page = person.page as Page
    const pages = await Promise.all(
      Array.from({ length: 20 }, (_, index) => send(person, fieldsOf(page, `Correct horse ${index}`))),
    )
    expect(pages.map(({ status }) => status).sort()).toEqual([303, ...Array(19).fill(400)])
    expect((await send(person, fieldsOf(page, 'Correct horse again 8'))).status).toBe(400)
    expect(await signsIn('Correct horse again 8')).toBe(false)
  })

  test('is worth nothing once the password was changed by another', async () => {
    const late = await atNewPassword()
    await change(await atNewPassword())
    const page = await change(late, 'Correct horse 8')
    expect([page.status, page.text]).toEqual([400, expect.stringContaining('This form has expired')])
    expect(await signsIn(chosen)).toBe(true)
  })

  test('is worth nothing when the lock was lifted, the user disabled or the time is over', async () => {
    const person = await atNewPassword()
    await controlApi(service.url)('DELETE', `/users/${email}/lock`)
    expect((await change(person)).status).toBe(400)
    await controlApi(service.url)('PUT', `/users/${email}/lock`)
    const slow = await atNewPassword()
    service.advance(601)
    expect((await change(slow)).status).toBe(400)
    expect(await signsIn(chosen)).toBe(false)
  })

  test('is worth nothing in another browser, with that browser’s own form', async () => {
    const page = (await atNewPassword()).page as Page
    const stranger = new Person()
    const own = await stranger.open(`${service.url}/account`)
    const fields = { ...fieldsOf(page), csrf: fieldOf(own, 'csrf') }
    expect((await send(stranger, fields)).status).toBe(400)
    expect((await send(stranger, fieldsOf(page))).status).toBe(400)
    expect(await signsIn(chosen)).toBe(false)
  })

  test('is worth nothing in another form of the same browser', async () => {
    const person = await atNewPassword()
    const page = person.page as Page
    const own = await person.open(askForCode(service).href)
    const { pathname } = new URL(own.url)
    const fields = { ...fieldsOf(page), csrf: fieldOf(own, 'csrf') }
    expect((await send(person, fields, `${pathname}/sign-in`)).status).toBe(400)
    expect(await signsIn(chosen)).toBe(false)
  })

  test('changes the password of its own user, whatever e-mail the form has', async () => {
    const person = await atNewPassword()
    const fields = { ...fieldsOf(person.page as Page), email: 'viewer@acme.example' }
    expect((await send(person, fields)).status).toBe(303)
    expect(await signsIn(chosen)).toBe(true)
    const viewer = new Person()
    await viewer.open(`${service.url}/account`)
    expect((await viewer.signIn('viewer@acme.example', old, 'us1')).text).toContain('Sign out')
  })

  test.each(['', 'a', 'x'.repeat(5_000), '{"user":"us1.1002","generation":0}', '\u0000'])(
    'is made by us alone: %j opens nothing',
    async (proof) => {
      const person = await atNewPassword()
      const fields = { ...fieldsOf(person.page as Page), 'proof-token': proof }
      expect((await send(person, fields)).status).toBe(400)
      expect(await signsIn(chosen)).toBe(false)
    },
  )
})

describe('the journal', () => {
  test('shows neither the old nor the new password, nor the proof', async () => {
    const person = await atNewPassword()
    const proof = fieldOf(person.page as Page, 'proof-token')
    await change(person)
    const journal = JSON.stringify((await controlApi(service.url)('GET', '/journal')).body)
    expect(journal).toContain('/account/sign-in')
    for (const secret of [old, 'Correct', proof]) expect(journal).not.toContain(secret)
  })
})

describe('a new password that meets a reset by an operator', () => {
  const reset = async (): Promise<string> => {
    const answer = await fetch(`${service.operatorUrl}/operator/users/${email}/reset`, {
      method: 'POST',
      headers: { authorization: `Bearer ${service.operatorToken}` },
    })
    return ((await answer.json()) as { password: string }).password
  }
  const afterSignIn = async (password: string): Promise<Person> => {
    const person = new Person()
    await person.open(`${service.url}/account`)
    await person.signIn(email, password, 'us1')
    return person
  }

  test('never takes the place of the operator’s, however close they are', async () => {
    let handedOver = await reset()
    for (let round = 0; round < 10; round += 1) {
      const person = await afterSignIn(handedOver)
      expect(person.page?.text).toContain('New password')
      const changed = change(person, `Correct horse ${round}`)
      handedOver = await reset()
      await changed
    }
    expect((await afterSignIn(handedOver)).page?.text).toContain('New password')
  })
})
