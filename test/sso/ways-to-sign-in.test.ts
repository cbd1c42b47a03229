import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '#domain/clock.ts'
import { openStore } from '#store/open-store.ts'
import { keptOnDisk } from '../authorization-server/kept-on-disk.ts'
import { askForCode, askForDevice, typeUserCode } from '../steps/requests.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { restrict } from './administrator.ts'
import {
  answerFor,
  type IndependentProvider,
  openProvider,
  personAtSignIn,
  ruleFile,
  signInBySso,
  startWith,
} from './independent-provider.ts'

const modes = ['off', 'optional', 'forced'] as const
type Mode = (typeof modes)[number]

const byPassword = 'Login via ThousandEyes login page'
const bySso = 'Login via Single Sign-On'

let provider: IndependentProvider
let services: Readonly<Record<Mode, RunningPanoptes>>
beforeAll(async () => {
  provider = await openProvider()
  const [off, optional, forced] = await Promise.all(modes.map((mode) => startWith(provider, { mode })))
  services = { off, optional, forced } as Record<Mode, RunningPanoptes>
  for (const service of Object.values(services)) {
    await restrict(service, 'viewer@acme.example', [byPassword])
    await restrict(service, 'ops@acme.example', [bySso])
  }
})
afterAll(async () => {
  await Promise.all(Object.values(services).map((service) => service.stop()))
  await provider.stop()
})

const isAway = (person: Person): boolean => /http-equiv="refresh"/.test(person.page?.html ?? '')

/** What a person with the address and the right password gets, by each way that the pages offer or that is posted anyway. */
async function tryPassword(service: RunningPanoptes, email: string): Promise<boolean> {
  const person = new Person()
  await person.open(askForCode(service).href)
  const csrf = /name="csrf" value="([^"]*)"/.exec(person.page?.html ?? '')?.[1] ?? ''
  const action = /action="([^"]*)"/.exec(person.page?.html ?? '')?.[1] ?? ''
  const page = await person.open(new URL(action, service.url).href, {
    method: 'POST',
    body: new URLSearchParams({ csrf, region: 'us1', email, password: 'panoptes-us1' }),
    headers: { origin: service.url, 'sec-fetch-site': 'same-origin' },
  })
  if (page.text.includes('Confirm authorization')) return true
  // The answer for a wrong password, and no other.
  expect([page.status, page.text]).toEqual([
    403,
    expect.stringContaining('We do not recognize this combination'),
  ])
  return false
}

async function trySso(service: RunningPanoptes, email: string): Promise<boolean> {
  const person = await personAtSignIn(service, email)
  if (!isAway(person)) {
    if (!person.page?.html.includes('Sign in with SSO')) return false
    await person.press('Sign in with SSO')
  }
  provider.claims = { sub: `subject of ${email}`, email, email_verified: true }
  const text = await signInBySso(person)
  if (text.includes('Confirm authorization')) return true
  expect(text).toContain('None of your roles has the permission Login via Single Sign-On')
  return false
}

/** thousandeyes-facts 4; the last row is ours where the facts have a gap. */
const matrix: readonly (readonly [email: string, mode: Mode, ways: string])[] = [
  ['viewer@acme.example', 'off', 'password'],
  ['viewer@acme.example', 'optional', 'password'],
  ['viewer@acme.example', 'forced', 'none'],
  ['admin@acme.example', 'off', 'password'],
  ['admin@acme.example', 'optional', 'password, sso'],
  ['admin@acme.example', 'forced', 'sso'],
  ['ops@acme.example', 'off', 'none'],
  ['ops@acme.example', 'optional', 'sso'],
  ['ops@acme.example', 'forced', 'sso'],
]

describe('how a user may sign in, by permission and by what the organization set', () => {
  test.each(matrix)('%s with SSO %s: %s', async (email, mode, ways) => {
    const open = [
      ...((await tryPassword(services[mode], email)) ? ['password'] : []),
      ...((await trySso(services[mode], email)) ? ['sso'] : []),
    ]
    expect(open.join(', ') || 'none').toBe(ways)
  })
})

describe('the page after the address', () => {
  const shapeOf = (person: Person): string => {
    if (isAway(person)) return `away to ${person.leavesTo.origin}`
    return person.page?.html.includes('Sign in with SSO') ? 'password or SSO' : 'password'
  }
  test.each([
    ['off', 'password'],
    ['optional', 'password or SSO'],
    ['forced', 'away'],
  ] as const)('with SSO %s is %s, whether there is such a user or not', async (mode, shape) => {
    for (const email of [
      'viewer@acme.example',
      'ops@acme.example',
      'nobody@acme.example',
      'NOBODY@ACME.example',
    ])
      expect(shapeOf(await personAtSignIn(services[mode], email))).toContain(shape)
  })

  test.each([
    ['eu1', 'viewer@acme.example', 'password'],
    ['us2', 'viewer@acme.example', 'password'],
    ['us1', 'viewer@acme.example', 'away'],
    ['default', 'viewer@acme.example', 'away'],
    ['us1', 'admin@globex.example', 'password'],
    ['us1', 'viewer@acme.example.evil.example', 'password'],
    ['us1', 'viewer@sub.acme.example', 'password'],
    ['us1', 'viewer@xacme.example', 'password'],
  ])('in %s for %s is %s', async (region, email, shape) => {
    expect(shapeOf(await personAtSignIn(services.forced, email, region))).toContain(shape)
  })

  test('names the button as agreed, beside the password', async () => {
    const { page } = await personAtSignIn(services.optional, 'viewer@acme.example')
    expect(page?.html).toMatch(/<button[^>]*>Sign in with SSO<\/button>/)
    expect(page?.html).toMatch(/<button[^>]*>Sign in<\/button>/)
  })

  test('tells the provider the address, and asks for nothing else than it needs', async () => {
    const { leavesTo } = await personAtSignIn(services.forced, 'viewer@acme.example')
    expect(Object.fromEntries(leavesTo.searchParams)).toEqual({
      client_id: 'panoptes',
      response_type: 'code',
      redirect_uri: `${services.forced.url}/sso/callback`,
      scope: 'openid email profile',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
      login_hint: 'viewer@acme.example',
    })
  })

  test('uses a new state, nonce and challenge each time', async () => {
    const seen = new Set<string>()
    for (let round = 0; round < 5; round += 1) {
      const { leavesTo } = await personAtSignIn(services.forced)
      for (const name of ['state', 'nonce', 'code_challenge']) seen.add(leavesTo.searchParams.get(name) ?? '')
    }
    expect(seen.size).toBe(15)
  })
})

describe('an account page without an authorization request', () => {
  test('is signed in to by the provider too', async () => {
    const person = new Person()
    await person.open(`${services.forced.url}/account`)
    await person.press('Continue', { region: 'us1', email: 'admin@acme.example' })
    provider.claims = { sub: 'subject of admin@acme.example', email: 'admin@acme.example' }
    expect(await signInBySso(person)).toContain('Sign out')
    expect(person.page?.url).toBe(`${services.forced.url}/account`)
  })
})

describe('a sign-in that must be a new one', () => {
  test('is asked of the provider too, and an old one there is not taken for it', async () => {
    const service = services.forced
    const person = await personAtSignIn(service, 'admin@acme.example')
    provider.claims = { sub: 'subject of admin@acme.example', email: 'admin@acme.example' }
    expect(await signInBySso(person)).toContain('Confirm authorization')
    const again = async (claims: object): Promise<string> => {
      await person.open(askForCode(service, { prompt: 'login' }).href)
      await person.press('Continue', { region: 'us1', email: 'admin@acme.example' })
      expect(Object.fromEntries(person.leavesTo.searchParams)).toMatchObject({
        prompt: 'login',
        max_age: '300',
      })
      provider.claims = { sub: 'subject of admin@acme.example', email: 'admin@acme.example', ...claims }
      return signInBySso(person)
    }
    const now = Math.floor(Date.now() / 1000)
    expect(await again({ auth_time: now - 3_600 })).toContain('does not prove that you are meant')
    expect(await again({})).toContain('does not prove that you are meant')
    expect(await again({ auth_time: now })).toContain('Confirm authorization')
  })
})

describe('a sign-in that a device asks for', () => {
  test('is asked of the provider, also where nobody is signed in here', async () => {
    const { forced: service } = services
    const person = new Person()
    await typeUserCode(service, person, (await askForDevice(service)).user_code)
    await person.press('Continue')
    await person.press('Continue', { region: 'us1', email: 'anyone@sso.example' })
    expect(person.leavesTo.searchParams.get('prompt')).toBe('login')
    const other = await personAtSignIn(service)
    expect(other.leavesTo.searchParams.get('prompt')).toBeNull()
  })
})

describe('many round trips from one address', () => {
  test('have an end, and those that arrive use up nothing', async () => {
    await using service = await startWith(provider)
    provider.claims = { sub: 'subject-1', email: 'anyone@sso.example' }
    for (let round = 0; round < 5; round += 1) await signInBySso(await personAtSignIn(service))
    const person = await personAtSignIn(service)
    const statuses: (number | undefined)[] = []
    for (let round = 0; round < 100; round += 1) {
      const { page } = await personAtSignIn(service)
      statuses.push(page?.status)
    }
    expect(statuses.filter((status) => status === 429)).toHaveLength(1)
    expect(await signInBySso(person)).toContain('Confirm authorization')
  }, 60_000)

  test('leave one entry in the audit trail when the answer of one is sent again and again', async () => {
    using kept = keptOnDisk()
    const args = ['--config', ruleFile(provider.issuer), '--data', kept.path]
    await using service = await startPanoptes(args)
    provider.claims = { sub: 'subject-1', email: 'anyone@sso.example' }
    const person = await personAtSignIn(service)
    const { href } = await answerFor(person)
    const other = await personAtSignIn(service)
    for (let round = 0; round < 5; round += 1) expect((await other.request(href)).status).toBe(400)
    expect((await person.open(href)).text).toContain('Confirm authorization')
    for (let round = 0; round < 20; round += 1) expect((await person.request(href)).status).toBe(400)
    await service.stop()
    const settings = { kind: 'sqlite', path: join(kept.path, 'panoptes.db') } as const
    const { store } = await openStore(settings, { clock: systemClock, random: randomBytes })
    const entries = (await store.list('audit')).map(({ value }) => JSON.parse(value).event)
    await store.close()
    expect(entries.filter((event) => event === 'sign-in-refused')).toHaveLength(1)
  })
})
