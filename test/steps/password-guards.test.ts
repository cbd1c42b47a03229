import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { type Page, Person } from '../support/person.ts'
import { askForCode } from './requests.ts'

const visible = ({ text, status }: Page): object => ({ status, text: text.replace(/\S+@\S+/g, 'EMAIL') })

/** One attempt in a browser of its own, so that nothing but the name and the address connects the attempts. */
async function attempt(
  service: RunningPanoptes,
  [email, password, region = 'default']: readonly [string, string, string?],
): Promise<Page> {
  const person = new Person()
  await person.open(askForCode(service).href)
  return person.signIn(email, password, region)
}

const wrong = (
  service: RunningPanoptes,
  count: number,
  region: string,
  email = 'ops@acme.example',
): Promise<readonly Page[]> =>
  Promise.all(Array.from({ length: count }, () => attempt(service, [email, 'not-the-password', region])))

const statuses = (pages: readonly Page[]): readonly number[] => pages.map(({ status }) => status).sort()

describe('password, the same answer for every reason', () => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())

  test.each([
    ['an unknown user', 'nobody@acme.example', 'panoptes-us1'],
    ['a user without a password', 'anyone@sso.example', 'panoptes-us1'],
    ['a user of another region', 'admin@globex.example', 'panoptes-us2'],
  ])('says of %s what it says of a wrong password', async (_, email, password) => {
    const known = await attempt(service, ['viewer@acme.example', 'not-the-password', 'us1'])
    expect(known.status).toBe(403)
    expect(visible(await attempt(service, [email, password, 'us1']))).toEqual(visible(known))
  })

  test('says when a field is empty, and looks nothing up', async () => {
    const page = await attempt(service, ['viewer@acme.example', ''])
    expect(page.status).toBe(400)
    expect(page.text).toContain('Enter your password.')
  })
})

describe.each(['on', 'off'])('password, guesses at one user with --limits %s', (limits) => {
  test('refuses the 11th wrong one in a burst, even when it is right, until the window has passed', async () => {
    await using service = await startPanoptes(['--limits', limits])
    expect(statuses(await wrong(service, 14, 'us1'))).toEqual([...Array(10).fill(403), ...Array(4).fill(429)])
    const refused = await attempt(service, ['ops@acme.example', 'panoptes-us1', 'us1'])
    expect(refused.status).toBe(429)
    expect(refused.text).toContain('Too many attempts')
    const seconds = Number(refused.headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThanOrEqual(900)
    expect((await attempt(service, ['viewer@acme.example', 'panoptes-us1', 'us1'])).status).toBe(200)
    service.advance(901)
    expect((await attempt(service, ['ops@acme.example', 'panoptes-us1', 'us1'])).status).toBe(200)
  })
})

describe('password, guesses at one user through every door', () => {
  test('counts Default, the region and other spellings of the e-mail together', async () => {
    await using service = await startPanoptes()
    await wrong(service, 4, 'us1')
    await wrong(service, 3, 'default')
    await wrong(service, 3, 'us1', 'OPS@Acme.Example')
    expect((await attempt(service, ['ops@acme.example', 'panoptes-us1', 'us1'])).status).toBe(429)
    expect((await attempt(service, ['ops@acme.example', 'panoptes-us1'])).status).toBe(429)
  })

  test('does not let a success in one region clear the misses of another', async () => {
    await using service = await startPanoptes()
    const email = 'admin@acme.example'
    await wrong(service, 9, 'default', email)
    expect((await attempt(service, [email, 'panoptes-eu1', 'eu1'])).status).toBe(200)
    expect((await attempt(service, [email, 'panoptes-eu1'])).text).toContain('Confirm authorization')
    await wrong(service, 1, 'us1', email)
    expect((await attempt(service, [email, 'panoptes-us1', 'us1'])).status).toBe(429)
  })

  test('starts counting anew after the right password', async () => {
    await using service = await startPanoptes()
    await wrong(service, 9, 'us1')
    expect((await attempt(service, ['ops@acme.example', 'panoptes-us1', 'us1'])).status).toBe(200)
    expect(statuses(await wrong(service, 10, 'us1'))).toEqual(Array(10).fill(403))
  })

  test('holds on the account page too', async () => {
    await using service = await startPanoptes()
    await wrong(service, 10, 'us1')
    const person = new Person()
    await person.open(`${service.url}/account`)
    expect((await person.signIn('ops@acme.example', 'panoptes-us1', 'us1')).status).toBe(429)
  })
})

describe('password, guesses from one address', () => {
  test('refuses the 101st wrong one, whoever is guessed at, and counts no right ones', async () => {
    await using service = await startPanoptes()
    for (let round = 0; round < 5; round += 1)
      expect((await attempt(service, ['viewer@acme.example', 'panoptes-us1', 'us1'])).status).toBe(200)
    const users = Array.from({ length: 10 }, (_, index) => `user-${index}@acme.example`)
    const pages = (await Promise.all(users.map((email) => wrong(service, 10, 'us1', email)))).flat()
    expect(statuses(pages)).toEqual(Array(100).fill(403))
    expect((await attempt(service, ['viewer@acme.example', 'panoptes-us1', 'us1'])).status).toBe(429)
  })
})
