import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keptOnDisk } from '../authorization-server/kept-on-disk.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { type Page, Person } from '../support/person.ts'
import {
  askForCode,
  askForDevice,
  connectMeraki,
  exchangeCode,
  pollDevice,
  typeUserCode,
} from './requests.ts'

const minutes = 60
const again = 'Sign in again: a device asks for access.'

const isSignIn = ({ html }: Page): boolean => html.includes('name="email"')
const isConfirm = ({ text }: Page): boolean => text.includes('A device asked for this')

/** Types a new code and says that the device is theirs. */
async function enterNewCode(
  service: RunningPanoptes,
  person: Person,
): Promise<{ page: Page; device: Awaited<ReturnType<typeof askForDevice>> }> {
  const device = await askForDevice(service)
  await typeUserCode(service, person, device.user_code)
  return { page: await person.press('Continue'), device }
}

const sessionIn = (service: RunningPanoptes, person: Person): string =>
  /panoptes_session=([^;]+)/.exec(person.cookiesFor(new URL(service.url)))?.[1] ?? ''

/** security-cases D14, E13 */
describe('a sign-in of more than 15 minutes ago', () => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())

  async function signedIn(secondsAgo: number): Promise<Person> {
    const person = new Person()
    await connectMeraki(service, person)
    service.advance(secondsAgo)
    return person
  }

  test('is enough for a device up to then, and for other requests always', async () => {
    const person = await signedIn(15 * minutes - 5)
    const { page, device } = await enterNewCode(service, person)
    expect(isConfirm(page)).toBe(true)
    await person.press('Confirm')
    expect(await pollDevice(service, device)).toBe('granted')
    service.advance(10)
    const other = await person.open(askForCode(service).href)
    expect({ confirm: other.text.includes('Confirm authorization'), signIn: isSignIn(other) }).toEqual({
      confirm: true,
      signIn: false,
    })
  })

  test('must be repeated for a device, whose page says why and knows who is expected', async () => {
    const person = await signedIn(15 * minutes + 1)
    const before = sessionIn(service, person)
    const oldCookies = person.cookiesFor(new URL(service.url))
    const { page, device } = await enterNewCode(service, person)
    expect(page.text).toContain(again)
    expect(page.html).toContain('value="admin@acme.example"')
    expect(page.html).toContain('<option value="us1" selected>')
    const password = await person.press('Continue')
    expect(password.text).toContain(again)
    expect(isConfirm(await person.press('Sign in', { password: 'panoptes-us1' }))).toBe(true)
    expect((await person.press('Confirm')).text).toContain('Device connected')
    expect(await pollDevice(service, device)).toBe('granted')

    expect(sessionIn(service, person)).not.toBe(before)
    const old = await fetch(`${service.url}/account`, { headers: { cookie: oldCookies }, redirect: 'manual' })
    expect(old.status).toBe(303)
    expect((await person.open(`${service.url}/account`)).text).toContain('Your connections')
  })

  test('is not mended by a wrong password', async () => {
    const person = await signedIn(15 * minutes + 1)
    const { device } = await enterNewCode(service, person)
    expect((await person.signIn('admin@acme.example', 'guessed')).status).toBe(403)
    expect(isSignIn((await enterNewCode(service, person)).page)).toBe(true)
    expect(await pollDevice(service, device)).toBe('authorization_pending')
  })

  test('is mended by a user who was locked meanwhile, with a new password', async () => {
    await using service = await startPanoptes()
    const person = new Person()
    await connectMeraki(service, person)
    service.advance(16 * minutes)
    const { device } = await enterNewCode(service, person)
    const locked = await fetch(`${service.url}/emulator/users/admin@acme.example/lock?region=us1`, {
      method: 'PUT',
    })
    expect(locked.status).toBe(204)
    expect(isSignIn(await person.open(String(person.page?.url)))).toBe(true)
    await person.signIn('admin@acme.example', 'panoptes-us1')
    const chosen = 'a second password, 7 words long'
    const page = await person.press('Change password', { 'new-password': chosen, 'repeat-password': chosen })
    expect(isConfirm(page)).toBe(true)
    await person.press('Confirm')
    expect(await pollDevice(service, device)).toBe('granted')
  })

  test('may be followed by another person’s, whose device it is then', async () => {
    const person = await signedIn(15 * minutes + 1)
    const { device } = await enterNewCode(service, person)
    const page = await person.signIn('ops@acme.example', 'panoptes-us1')
    expect(isConfirm(page)).toBe(true)
    expect(page.text).toContain('ops@acme.example')
    expect(page.text).not.toContain('admin@acme.example')
    expect((await person.press('Confirm')).text).toContain('ops@acme.example')
    expect(await pollDevice(service, device)).toBe('granted')
  })

  test('confirms nothing on a page that was opened in time', async () => {
    const person = await signedIn(10 * minutes)
    const { page, device } = await enterNewCode(service, person)
    expect(isConfirm(page)).toBe(true)
    service.advance(6 * minutes)
    const asked = await person.press('Confirm')
    expect({ signIn: isSignIn(asked), again: asked.text.includes(again) }).toEqual({
      signIn: true,
      again: true,
    })
    expect(await pollDevice(service, device)).toBe('authorization_pending')
    expect(isConfirm(await person.signIn('admin@acme.example', 'panoptes-us1'))).toBe(true)
    expect((await person.press('Confirm')).text).toContain('Device connected')
    service.advance(10)
    expect(await pollDevice(service, device)).toBe('granted')
  })

  test('counts from the sign-in in the same request too', async () => {
    const person = new Person()
    const { device } = await enterNewCode(service, person)
    expect(isConfirm(await person.signIn('admin@acme.example', 'panoptes-us1'))).toBe(true)
    service.advance(9 * minutes)
    expect((await person.press('Confirm')).text).toContain('Device connected')
    expect(await pollDevice(service, device)).toBe('granted')
    service.advance(7 * minutes)
    expect((await enterNewCode(service, person)).page.text).toContain(again)
  })

  test('may still refuse a device', async () => {
    const person = await signedIn(10 * minutes)
    const { device } = await enterNewCode(service, person)
    service.advance(6 * minutes)
    await person.press('Logout')
    expect(await pollDevice(service, device)).toBe('access_denied')
  })
})

describe('the age of a sign-in', () => {
  test('stays what it was when the confirm page is left open', async () => {
    await using service = await startPanoptes()
    const person = new Person()
    const request = askForCode(service)
    await person.open(request.href)
    await person.signIn('admin@acme.example', 'panoptes-us1')
    service.advance(8 * minutes)
    await person.press('Confirm')
    await exchangeCode(service, request, person.leavesTo)
    expect(isSignIn(await person.open(askForCode(service, { max_age: '300' }).href))).toBe(true)
  })

  test('is nobody’s concern with deviceSignInAge off', async () => {
    using data = keptOnDisk()
    const config = join(data.path, 'panoptes.yaml')
    writeFileSync(config, 'spans: { deviceSignInAge: off, sessionIdle: 10h }\n')
    await using service = await startPanoptes(['--config', config])
    const person = new Person()
    await connectMeraki(service, person)
    service.advance(300 * minutes)
    const { page, device } = await enterNewCode(service, person)
    expect(isConfirm(page)).toBe(true)
    await person.press('Confirm')
    expect(await pollDevice(service, device)).toBe('granted')
  })

  test('is what the configuration says', async () => {
    using data = keptOnDisk()
    const config = join(data.path, 'panoptes.yaml')
    writeFileSync(config, 'spans: { deviceSignInAge: 2m }\n')
    await using service = await startPanoptes(['--config', config])
    const person = new Person()
    await connectMeraki(service, person)
    service.advance(2 * minutes + 1)
    expect((await enterNewCode(service, person)).page.text).toContain(again)
  })
})
