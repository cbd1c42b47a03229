import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { type Page, Person } from '../support/person.ts'
import { askForCode } from './requests.ts'

/** What tells one answer from another, but for what was typed and what is drawn anew for each. */
const visible = ({ text, status, headers }: Page): object => ({
  status,
  text: text.replace(/\S+@\S+/g, 'EMAIL'),
  cookies: headers.getSetCookie().map((cookie) => cookie.replace(/=[^;]*/, '')),
  headers: [...headers.keys()].filter((name) => name !== 'content-length'),
})

const fromHere = '127.0.0.1'

/** One attempt in a browser of its own, so that nothing but the name and the address connects the attempts. */
async function attempt(
  service: RunningPanoptes,
  [email, password, region = 'default']: readonly [string, string, string?],
  address = fromHere,
): Promise<Page> {
  const person = new Person({ 'x-forwarded-for': address })
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
    service = await startPanoptes(['--config', 'test/support/without-sso.yaml'])
    await fetch(`${service.operatorUrl}/operator/users/ops@acme.example/disable`, {
      method: 'POST',
      headers: { authorization: `Bearer ${service.operatorToken}` },
    })
  })
  afterAll(() => service.stop())

  test.each([
    ['a disabled user with the right password', 'ops@acme.example', 'panoptes-us1'],
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

describe.each(['on', 'off'])('password, guesses at one user from one address with --limits %s', (limits) => {
  test('refuses the 16th wrong one in a burst, even when it is right, until the window has passed', async () => {
    await using service = await startPanoptes(['--limits', limits])
    expect(statuses(await wrong(service, 19, 'us1'))).toEqual([...Array(15).fill(403), ...Array(4).fill(429)])
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

  test('refuses the 16th at a user who does not exist as well, in the same words', async () => {
    await using service = await startPanoptes(['--limits', limits])
    const pages = await wrong(service, 19, 'us1', 'nobody@acme.example')
    expect(statuses(pages)).toEqual([...Array(15).fill(403), ...Array(4).fill(429)])
    await wrong(service, 15, 'us1')
    const known = await attempt(service, ['ops@acme.example', 'panoptes-us1', 'us1'])
    const unknown = await attempt(service, ['nobody@acme.example', 'panoptes-us1', 'us1'])
    const inWords = ({ status, text }: Page): object => ({ status, text: text.split(' Request id')[0] })
    expect(inWords(unknown)).toEqual(inWords(known))
  })
})

describe('password, guesses at one user from many addresses', () => {
  const behindProxy = fileURLToPath(
    new URL('../authorization-server/config/behind-proxy.yaml', import.meta.url),
  )
  const addresses = (count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => `198.51.100.${index + 1}`)
  const right = ['ops@acme.example', 'panoptes-us1', 'us1'] as const
  const flood = async (service: RunningPanoptes, email: string): Promise<readonly Page[]> =>
    Promise.all(
      addresses(7).flatMap((address) =>
        Array.from({ length: 10 }, () => attempt(service, [email, 'not-the-password', 'us1'], address)),
      ),
    )

  test('refuses the 61st from unfamiliar addresses, and lets in who signed in from there before', async () => {
    await using service = await startPanoptes(['--config', behindProxy])
    expect((await attempt(service, right, '203.0.113.7')).status).toBe(200)
    expect(statuses(await flood(service, 'ops@acme.example'))).toEqual([
      ...Array(60).fill(403),
      ...Array(10).fill(429),
    ])
    expect((await attempt(service, right, '203.0.113.8')).status).toBe(429)
    const owner = await attempt(service, right, '203.0.113.7')
    expect([owner.status, owner.text]).toEqual([200, expect.stringContaining('New password')])
    expect((await attempt(service, ['viewer@acme.example', 'panoptes-us1', 'us1'])).status).toBe(200)
  })

  test('counts the same for a user who does not exist', async () => {
    await using service = await startPanoptes(['--config', behindProxy])
    expect(statuses(await flood(service, 'nobody@acme.example'))).toEqual([
      ...Array(60).fill(403),
      ...Array(10).fill(429),
    ])
  })

  test('lets one stranger use up nobody else’s budget', async () => {
    await using service = await startPanoptes(['--config', behindProxy])
    await Promise.all(
      Array.from({ length: 20 }, () =>
        attempt(service, ['ops@acme.example', 'not-the-password', 'us1'], '198.51.100.1'),
      ),
    )
    expect((await attempt(service, right, '198.51.100.1')).status).toBe(429)
    expect((await attempt(service, right, '203.0.113.7')).status).toBe(200)
  })
})

describe('password, guesses at one user through every door', () => {
  test('counts Default, the region and other spellings of the e-mail together', async () => {
    await using service = await startPanoptes()
    await wrong(service, 6, 'us1')
    await wrong(service, 5, 'default')
    await wrong(service, 4, 'us1', 'OPS@Acme.Example')
    expect((await attempt(service, ['ops@acme.example', 'panoptes-us1', 'us1'])).status).toBe(429)
    expect((await attempt(service, ['ops@acme.example', 'panoptes-us1'])).status).toBe(429)
  })

  test('does not let a success in one region clear the misses of another', async () => {
    await using service = await startPanoptes()
    const email = 'admin@acme.example'
    await wrong(service, 9, 'default', email)
    await wrong(service, 5, 'us1', email)
    expect((await attempt(service, [email, 'panoptes-eu1', 'eu1'])).status).toBe(200)
    expect((await attempt(service, [email, 'panoptes-eu1'])).text).toContain('Confirm authorization')
    await wrong(service, 1, 'us1', email)
    expect((await attempt(service, [email, 'panoptes-us1', 'us1'])).status).toBe(429)
  })

  test('starts counting anew after the right password', async () => {
    await using service = await startPanoptes()
    await wrong(service, 9, 'us1')
    expect((await attempt(service, ['ops@acme.example', 'panoptes-us1', 'us1'])).status).toBe(200)
    expect(statuses(await wrong(service, 15, 'us1'))).toEqual(Array(15).fill(403))
  })

  test('holds on the account page too', async () => {
    await using service = await startPanoptes()
    await wrong(service, 15, 'us1')
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
