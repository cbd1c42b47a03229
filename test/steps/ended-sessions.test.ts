import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type UserId, userIdOf } from '#domain/user.ts'
import type { Directory } from '#identity/directory.ts'
import { keptOnDisk } from '../authorization-server/kept-on-disk.ts'
import { openDirectory } from '../support/directory.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { fieldsBeside, type Page, Person } from '../support/person.ts'
import {
  askForCode,
  askForDevice,
  connectMeraki,
  pollDevice,
  readsAgents,
  redirectUri,
  typeUserCode,
} from './requests.ts'
import { slowPost } from './slow-post.ts'

const kept = keptOnDisk()
let service: RunningPanoptes
let directory: Directory & AsyncDisposable

beforeAll(async () => {
  service = await startPanoptes(['--data', kept.path])
  directory = await openDirectory(kept.path)
})
afterAll(async () => {
  await directory[Symbol.asyncDispose]()
  await service.stop()
  kept[Symbol.dispose]()
})

const isSignIn = ({ html }: Page): boolean => html.includes('name="email"')
const cookieOf = (person: Person): string => person.cookiesFor(new URL(service.url))
const fieldOf = ({ html }: Page, name: string): string =>
  new RegExp(`name="${name}" value="([^"]+)"`).exec(html)?.[1] ?? ''

const admin = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'

interface Administered {
  readonly uid?: string
  readonly roleId?: string
  readonly roles?: readonly { readonly name: string; readonly roleId: string }[]
  readonly permissions?: readonly { readonly permissionId: string; readonly label: string }[]
}

/** The administrator of Acme calls v7. @returns the body of the answer */
async function administer(method: string, path: string, body?: object): Promise<Administered> {
  const answer = await fetch(`${service.url}/v7${path}`, {
    method,
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return answer.status === 204 ? {} : ((await answer.json()) as Administered)
}

const roleNamed = async (name: string): Promise<string> =>
  (await administer('GET', '/roles')).roles?.find((role) => role.name === name)?.roleId ?? ''

let people = 0

interface Newcomer {
  readonly id: UserId
  readonly uid: string
  readonly person: Person
  readonly email: string
  readonly roleIds: readonly string[]
}

const rolesOf = (roleIds: readonly string[]): object => ({
  accountGroupRoles: [{ accountGroupId: '1101', roleIds }],
})

/** A user of our own for each test, who is signed in and connected Meraki. */
async function newcomer(roleIds?: readonly string[]): Promise<Newcomer & { accessToken: string }> {
  people += 1
  const email = `newcomer-${people}@acme.example`
  const roles = roleIds ?? [await roleNamed('Account Admin')]
  const { uid = '' } = await administer('POST', '/users', {
    email,
    name: 'New',
    loginAccountGroupId: '1101',
    ...rolesOf(roles),
  })
  const id = userIdOf('us1', uid)
  await directory.setPassword(id, 'first password', 'kept')
  const person = new Person()
  const { access_token: accessToken } = await connectMeraki(service, person, [email, 'first password'])
  return { id, uid, person, email, roleIds: roles, accessToken }
}

async function opensAccount(cookie: string): Promise<boolean> {
  const answer = await fetch(`${service.url}/account`, { headers: { cookie }, redirect: 'manual' })
  await answer.text()
  return answer.status === 200
}

const endings: readonly (readonly [string, (who: Newcomer) => Promise<unknown>])[] = [
  ['the password is reset', ({ id }) => directory.setPassword(id, 'second password', 'kept')],
  ['an administrator sets a password', ({ id }) => directory.setPassword(id, 'handed over', 'expired')],
  ['the user is disabled', ({ id }) => directory.update(id, { disabled: true })],
  ['all sessions are ended', ({ id }) => directory.endSessions(id)],
  ['the user is deleted', ({ uid }) => administer('DELETE', `/users/${uid}`)],
  [
    'the roles change',
    async ({ uid }) => administer('PUT', `/users/${uid}`, rolesOf([await roleNamed('Regular User')])),
  ],
  [
    'a role in all account groups is added',
    async ({ uid }) =>
      administer('PUT', `/users/${uid}`, { allAccountGroupRoleIds: [await roleNamed('Regular User')] }),
  ],
]

describe.each(endings)('when %s, a session ends at once', (_, end) => {
  test('on the account page, and its cookie opens nothing any more', async () => {
    const who = await newcomer()
    const cookie = cookieOf(who.person)
    expect(await opensAccount(cookie)).toBe(true)
    await end(who)
    expect(await opensAccount(cookie)).toBe(false)
    expect(isSignIn(await who.person.open(`${service.url}/account`))).toBe(true)
  })

  test('for authorization requests, which ask to sign in, or say so for prompt=none', async () => {
    const who = await newcomer()
    await end(who)
    const page = await who.person.open(askForCode(service).href)
    expect({ status: page.status, signIn: isSignIn(page) }).toEqual({ status: 200, signIn: true })
    await who.person.open(askForCode(service, { prompt: 'none' }).href)
    expect(who.person.leavesTo.searchParams.get('error')).toBe('login_required')
  })

  test('under a confirm page that is open: it can be neither confirmed nor shown again', async () => {
    const who = await newcomer()
    const page = await who.person.open(askForCode(service).href)
    await end(who)
    const pressed = await who.person.press('Confirm')
    expect(pressed.status).toBe(400)
    expect(pressed.html).not.toContain(redirectUri)
    expect((await who.person.open(page.url)).status).toBe(400)
  })

  test('while the form of Confirm is on its way: it connects nothing', async () => {
    const who = await newcomer()
    const page = await who.person.open(askForCode(service).href)
    const fields = { ...fieldsBeside(page, 'Confirm'), choice: 'confirm' }
    const form = await slowPost(`${page.url}/confirm`, fields, who.person.cookiesFor(new URL(page.url)))
    await end(who)
    expect((await form.finish()).status).toBe(400)
  })

  test('between Confirm and the way back: no code is given', async () => {
    const who = await newcomer()
    const page = await who.person.open(askForCode(service).href)
    const fields = { ...fieldsBeside(page, 'Confirm'), choice: 'confirm' }
    const pressed = await who.person.request(`${page.url}/confirm`, {
      method: 'POST',
      body: new URLSearchParams(fields),
    })
    expect(pressed.status).toBe(303)
    await end(who)
    const next = await who.person.open(new URL(pressed.headers.get('location') ?? '', service.url).href)
    expect(next.status).toBe(400)
    expect(next.html).not.toContain('code=')
  })

  test('on the device page, whose code must then be confirmed by whoever signs in', async () => {
    const who = await newcomer()
    const device = await askForDevice(service)
    await typeUserCode(service, who.person, device.user_code)
    await end(who)
    // The form was of the session that ended; the code that was typed stays in the field.
    expect((await who.person.press('Continue')).html).toContain(`value="${device.user_code}"`)
    await who.person.press('Continue')
    expect(isSignIn(await who.person.press('Continue'))).toBe(true)
    expect(await pollDevice(service, device)).toBe('authorization_pending')
  })

  test('for logout, which ends no connections of the session any more', async () => {
    const who = await newcomer()
    await end(who)
    await who.person.open(`${service.url}/oauth2/logout?client_id=meraki`)
    await who.person.press('Sign out')
    const list = await fetch(`${service.operatorUrl}/operator/connections?user=${who.id}`, {
      headers: { authorization: `Bearer ${service.operatorToken}` },
    })
    expect(await list.text()).toContain('meraki')
  })

  test('and none of the requests that are under way brings it back', async () => {
    const who = await newcomer()
    const cookie = cookieOf(who.person)
    const form = await slowPost(`${service.url}/account/disconnect`, { csrf: 'of nobody' }, cookie)
    let isOver = false
    const visit = async (path: string): Promise<void> => {
      while (!isOver) {
        const answer = await fetch(new URL(path, service.url), { headers: { cookie }, redirect: 'manual' })
        await answer.arrayBuffer()
      }
    }
    const visits = ['/account', '/oauth2/device', askForCode(service).href].map(visit)
    await end(who)
    isOver = true
    await Promise.all(visits)
    await form.finish()
    expect(await opensAccount(cookie)).toBe(false)
  })
})

describe('a sign-in that is under way when the sessions end', () => {
  const signInForm = async (person: Person, email: string, path: string): Promise<Page> => {
    await person.open(path)
    await person.press('Continue', { region: 'default', email })
    const page = person.page as Page
    const fields = { csrf: fieldOf(page, 'csrf'), region: 'default', email, password: 'first password' }
    const action = /action="([^"]+)"/.exec(page.html)?.[1] ?? ''
    return person.request(new URL(action, service.url).href, {
      method: 'POST',
      body: new URLSearchParams(fields),
    })
  }

  test('with the old password in an authorization request comes to nothing', async () => {
    const { id, email } = await newcomer()
    const person = new Person()
    const answer = await signInForm(person, email, askForCode(service).href)
    expect(answer.status).toBe(303)
    await directory.setPassword(id, 'second password', 'kept')
    const page = await person.open(new URL(answer.headers.get('location') ?? '', service.url).href)
    expect(page.text).not.toContain('Confirm authorization')
    expect(isSignIn(await person.open(`${service.url}/account`))).toBe(true)
  })

  test('gives no session that outlives what ends all of them, however close they are', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { id, email } = await newcomer()
      const person = new Person()
      await Promise.all([
        signInForm(person, email, `${service.url}/account`),
        directory.setPassword(id, 'second password', 'kept'),
      ])
      expect(isSignIn(await person.open(`${service.url}/account`))).toBe(true)
    }
  })
})

describe('a session goes on', () => {
  test('with the new one, once the user signs in again', async () => {
    const { id, person, email } = await newcomer()
    await directory.setPassword(id, 'second password', 'kept')
    await person.open(`${service.url}/account`)
    expect((await person.signIn(email, 'second password')).text).toContain('Your connections')
    expect((await person.open(askForCode(service).href)).text).toContain('Confirm authorization')
  })

  test('when it is another user’s whose roles change', async () => {
    const [one, other] = [await newcomer(), await newcomer()]
    await administer('PUT', `/users/${one.uid}`, rolesOf([await roleNamed('Regular User')]))
    expect(await opensAccount(cookieOf(other.person))).toBe(true)
  })

  test.each([
    ['nothing changes', async () => ({})],
    ['the same roles are given again', async (who: Newcomer) => rolesOf([...who.roleIds, ...who.roleIds])],
    ['only the name changes', async () => ({ name: 'Newer' })],
    ['only the e-mail changes', async (who: Newcomer) => ({ email: `other-${who.email}` })],
  ])('when %s in v7', async (_, change) => {
    const who = await newcomer()
    await administer('PUT', `/users/${who.uid}`, await change(who))
    expect(await opensAccount(cookieOf(who.person))).toBe(true)
  })

  test('as a new one, in the browser in which its locked user sets a new password', async () => {
    const { id, person, email } = await newcomer()
    const old = cookieOf(person)
    const elsewhere = new Person()
    await connectMeraki(service, elsewhere, [email, 'first password'])
    await directory.update(id, { locked: true })
    await person.open(askForCode(service).href)
    await person.signIn(email, 'first password')
    const chosen = 'a second password, 7 words long'
    const page = await person.press('Change password', { 'new-password': chosen, 'repeat-password': chosen })
    expect(page.text).toContain('Confirm authorization')
    await person.press('Confirm')
    expect(person.leavesTo.searchParams.has('code')).toBe(true)
    expect((await person.open(`${service.url}/account`)).text).toContain('Your connections')
    expect([await opensAccount(old), await opensAccount(cookieOf(elsewhere))]).toEqual([false, false])
  })

  test('while its user is locked for a while, and opens nothing meanwhile', async () => {
    const who = await newcomer()
    await directory.update(who.id, { locked: true })
    expect(await opensAccount(cookieOf(who.person))).toBe(false)
    await directory.update(who.id, { locked: false })
    expect(await opensAccount(cookieOf(who.person))).toBe(true)
  })
})

describe('the tokens of a connection', () => {
  test.each(endings.filter(([what]) => /password|sessions|roles/.test(what)))(
    'go on when %s',
    async (_, end) => {
      const who = await newcomer()
      await end(who)
      expect(await readsAgents(service, who.accessToken)).toBe(200)
    },
  )
})

describe('a role whose permissions change', () => {
  test('ends the sessions of whoever has it, and of nobody else', async () => {
    const { permissions = [] } = await administer('GET', '/permissions')
    const ids = permissions
      .filter(({ label }, index) => index < 3 || label === 'Login via ThousandEyes login page')
      .map(({ permissionId }) => permissionId)
    const { roleId = '' } = await administer('POST', '/roles', { name: 'Of our own', permissions: ids })
    const [holder, other] = [await newcomer([roleId]), await newcomer()]
    const isAlive = async (): Promise<readonly boolean[]> =>
      Promise.all([holder, other].map(({ person }) => opensAccount(cookieOf(person))))

    await administer('PUT', `/roles/${roleId}`, { name: 'Renamed', permissions: [...ids].reverse() })
    expect(await isAlive()).toEqual([true, true])
    await administer('PUT', `/roles/${roleId}`, { permissions: ids.slice(1) })
    expect(await isAlive()).toEqual([false, true])

    await holder.person.open(`${service.url}/account`)
    await holder.person.signIn(holder.email, 'first password')
    expect(await isAlive()).toEqual([true, true])
    await administer('DELETE', `/roles/${roleId}`)
    expect(await isAlive()).toEqual([false, true])
  })
})
