import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { controlApi } from '../emulator-control/support/control-api.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { type Page, Person } from '../support/person.ts'
import { askForCode, connectMeraki, exchangeCode, readsAgents, refresh } from './requests.ts'

const email = 'ops@acme.example'
const credentials = [email, 'panoptes-us1', 'us1'] as const
const chosen = 'Correct horse 7'

let service: RunningPanoptes
beforeEach(async () => {
  service = await startPanoptes()
})
afterEach(() => service.stop())

async function signingIn(person: Person, [who, password, region]: readonly [string, string, string?]) {
  await person.open(`${service.url}/account`)
  return person.signIn(who, password, region)
}

const fail = (count: number, who = email, region = 'us1'): Promise<readonly Page[]> =>
  Promise.all(Array.from({ length: count }, () => signingIn(new Person(), [who, 'not-the-password', region])))

const change = (person: Person, password = chosen, again = password): Promise<Page> =>
  person.press('Change password', { 'new-password': password, 'repeat-password': again })

interface UserEvents {
  readonly auditEvents: readonly { readonly event: string; readonly uid: string }[]
}

/** The activity log of v7, oldest first, as words with the user that they are about. */
async function activity(): Promise<readonly string[]> {
  const answer = await fetch(`${service.url}/v7/audit-user-events?window=1d&useAllPermittedAids=true`, {
    headers: { authorization: 'Bearer f537f4ac-2921-3199-bbab-d5a43f1c2b60' },
  })
  const { auditEvents } = (await answer.json()) as UserEvents
  return auditEvents.map(({ event, uid }) => `${uid} ${event}`).toReversed()
}

describe('ten wrong passwords in a row', () => {
  test('lock the user: calls are 401, a refresh is refused and uses nothing up, until a new password is set', async () => {
    const tokens = await connectMeraki(service, new Person(), credentials)
    await fail(9)
    expect(await readsAgents(service, tokens.access_token)).toBe(200)
    await fail(1)
    expect(await readsAgents(service, tokens.access_token)).toBe(401)
    for (let round = 0; round < 3; round += 1) {
      const refused = await refresh(service, tokens.refresh_token)
      expect([refused.status, await refused.json()]).toMatchObject([400, { error: 'invalid_grant' }])
    }

    const person = new Person()
    expect((await signingIn(person, credentials)).text).toContain('New password')
    expect((await change(person)).text).toContain('Sign out')
    expect(await readsAgents(service, tokens.access_token)).toBe(200)
    const renewed = await refresh(service, tokens.refresh_token)
    expect(renewed.status).toBe(200)
    const { access_token } = (await renewed.json()) as { access_token: string }
    expect(await readsAgents(service, access_token)).toBe(200)

    expect((await signingIn(new Person(), credentials)).status).toBe(403)
    expect((await signingIn(new Person(), [email, chosen, 'us1'])).text).toContain('Sign out')
    expect((await activity()).slice(-5)).toEqual([
      '1002 User locked.',
      '1002 Password changed.',
      '1002 Login succeeded.',
      '1002 Login failed.',
      '1002 Login succeeded.',
    ])
  })

  test('make the User API Token answer 401 as well', async () => {
    const token = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'
    await fail(10, 'admin@acme.example')
    expect(await readsAgents(service, token)).toBe(401)
    const person = new Person()
    await signingIn(person, ['admin@acme.example', 'panoptes-us1', 'us1'])
    await change(person)
    expect(await readsAgents(service, token)).toBe(200)
  })

  test('end no connection on a refresh with a token that was spent before', async () => {
    const first = await connectMeraki(service, new Person(), credentials)
    const second = (await (await refresh(service, first.refresh_token)).json()) as typeof first
    await fail(10)
    service.advance(60)
    expect((await refresh(service, first.refresh_token)).status).toBe(400)
    const person = new Person()
    await signingIn(person, credentials)
    await change(person)
    expect((await refresh(service, second.refresh_token)).status).toBe(200)
  })

  test('show to nobody: the eleventh says what the first said, and so it does of unknown users', async () => {
    const visible = ({ status, text, headers }: Page): object => ({
      status,
      text: text.replace(/\S+@\S+/g, 'EMAIL'),
      cookies: headers.getSetCookie().map((cookie) => cookie.split('=')[0]),
    })
    const [first] = await fail(1)
    await fail(9)
    const [eleventh] = await fail(1)
    await fail(10, 'nobody@acme.example')
    const [unknown] = await fail(1, 'nobody@acme.example')
    expect(eleventh && visible(eleventh)).toEqual(first && visible(first))
    expect(unknown && visible(unknown)).toEqual(first && visible(first))
  })

  test('must be in a row: the right one begins the count anew', async () => {
    const tokens = await connectMeraki(service, new Person(), credentials)
    await fail(9)
    await signingIn(new Person(), credentials)
    await fail(9)
    expect(await readsAgents(service, tokens.access_token)).toBe(200)
  })

  test('lock through Default too, in the region where the address is a user’s', async () => {
    const tokens = await connectMeraki(service, new Person(), [
      'admin@initech.example',
      'panoptes-eu1',
      'eu1',
    ])
    await fail(10, 'admin@initech.example', 'default')
    expect(await readsAgents(service, tokens.access_token)).toBe(401)
    const person = new Person()
    expect((await signingIn(person, ['admin@initech.example', 'panoptes-eu1'])).text).toContain(
      'New password',
    )
  })

  test('do not lock who has no password and so could not unlock themselves', async () => {
    await fail(15, 'anyone@sso.example')
    const { body } = await controlApi(service.url)('GET', '/users')
    const users = body.users as readonly { email: string; locked: boolean }[]
    expect(users.find((user) => user.email === 'anyone@sso.example')?.locked).toBe(false)
  })

  test('lock again only after as many once more, when the lock was lifted by hand', async () => {
    const tokens = await connectMeraki(service, new Person(), credentials)
    await fail(10)
    await controlApi(service.url)('DELETE', `/users/${email}/lock`)
    expect(await readsAgents(service, tokens.access_token)).toBe(200)
    await fail(4)
    expect(await readsAgents(service, tokens.access_token)).toBe(200)
    expect((await signingIn(new Person(), credentials)).text).toContain('Sign out')
  })
})

describe('the setting signIn.lockAfter', () => {
  test('says how many', async () => {
    await using strict = await startPanoptes([
      '--config',
      new URL('lock-after-three.yaml', import.meta.url).pathname,
    ])
    const tokens = await connectMeraki(strict, new Person(), credentials)
    for (const expected of [200, 200, 401]) {
      const person = new Person()
      await person.open(`${strict.url}/account`)
      await person.signIn(email, 'not-the-password', 'us1')
      expect(await readsAgents(strict, tokens.access_token)).toBe(expected)
    }
  })
})

describe('a user whom the control API locked', () => {
  test('gets through by a new password, in the middle of an authorization request', async () => {
    await controlApi(service.url)('PUT', `/users/${email}/lock`)
    const person = new Person()
    const request = askForCode(service)
    await person.open(request.href)
    expect((await person.signIn(...credentials)).text).toContain('New password')
    expect((await change(person)).text).toContain('Confirm authorization')
    await person.press('Confirm')
    const tokens = await exchangeCode(service, request, person.leavesTo)
    expect(await readsAgents(service, tokens.access_token)).toBe(200)
  })
})
