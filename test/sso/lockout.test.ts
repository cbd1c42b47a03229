import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { controlApi } from '../emulator-control/support/control-api.ts'
import { askForCode } from '../steps/requests.ts'
import type { RunningPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { restrict } from './administrator.ts'
import {
  type IndependentProvider,
  openProvider,
  personAtSignIn,
  signInBySso,
  startWith,
} from './independent-provider.ts'

let provider: IndependentProvider
let service: RunningPanoptes
beforeAll(async () => {
  provider = await openProvider()
  service = await startWith(provider, { mode: 'forced' })
})
afterAll(async () => {
  await service.stop()
  await provider.stop()
})

const fieldOf = (page: string, name: string): string => new RegExp(`${name}="([^"]*)"`).exec(page)?.[1] ?? ''

/** Posts a wrong password past the pages, which never ask for one here. */
async function guess(email: string, region: string): Promise<number> {
  const person = new Person()
  const { html } = await person.open(askForCode(service).href)
  const csrf = fieldOf(html, 'name="csrf" value')
  const page = await person.open(new URL(fieldOf(html, 'action'), service.url).href, {
    method: 'POST',
    body: new URLSearchParams({ csrf, region, email, password: 'not-the-password' }),
    headers: { origin: service.url, 'sec-fetch-site': 'same-origin' },
  })
  return page.status
}

async function isLocked(email: string, region = 'us1'): Promise<boolean | undefined> {
  const { body } = await controlApi(service.url)('GET', '/users')
  const users = body.users as readonly { email: string; region: string; locked: boolean }[]
  return users.find((user) => user.email === email && user.region === region)?.locked
}

const guessTwelveTimes = (email: string, region: string): Promise<readonly number[]> =>
  Promise.all(Array.from({ length: 12 }, () => guess(email, region)))

describe('wrong passwords of users whom no password could unlock', () => {
  test.each(['us1', 'default'])(
    'do not lock who signs in by the provider alone, guessed at in %s',
    async (region) => {
      const email = region === 'us1' ? 'admin@acme.example' : 'ops@acme.example'
      expect(new Set(await guessTwelveTimes(email, region))).toEqual(new Set([403]))
      expect(await isLocked(email)).toBe(false)
      provider.claims = { sub: `subject of ${email}`, email, email_verified: true }
      expect(await signInBySso(await personAtSignIn(service, email))).toContain('Confirm authorization')
    },
  )

  test('do not lock whose roles give no sign-in by password', async () => {
    const email = 'admin@initech.example'
    expect(await isLocked('viewer@acme.example')).toBe(false)
    await restrict(service, 'viewer@acme.example', ['Login via Single Sign-On'])
    await guessTwelveTimes('viewer@acme.example', 'us1')
    expect(await isLocked('viewer@acme.example')).toBe(false)
    // The same number locks whoever may.
    await guessTwelveTimes(email, 'eu1')
    expect(await isLocked(email, 'eu1')).toBe(true)
  })
})
