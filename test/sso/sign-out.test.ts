import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { type IndependentProvider, openProvider, signInBySso, startWith } from './independent-provider.ts'

const accountOf = async (service: RunningPanoptes, person: Person): Promise<void> => {
  await person.open(`${service.url}/account`)
  await person.press('Continue', { region: 'us1', email: 'admin@acme.example' })
}
const linkOut = (person: Person): URL | undefined => {
  const href = /<a class="button" href="([^"]*)">Sign out at/.exec(person.page?.html ?? '')?.[1]
  return href === undefined ? undefined : new URL(href.replaceAll('&amp;', '&'), person.page?.url)
}

describe('sign-out of a session that began at a provider, RP-Initiated Logout 1.0', () => {
  let provider: IndependentProvider
  let service: RunningPanoptes
  beforeAll(async () => {
    provider = await openProvider()
    provider.claims = { sub: 'admin', email: 'admin@acme.example' }
    service = await startWith(provider, { mode: 'optional' })
  })
  afterAll(async () => {
    await service.stop()
    await provider.stop()
  })

  async function signedIn(): Promise<Person> {
    const person = new Person()
    await accountOf(service, person)
    await person.press('Sign in with SSO')
    await signInBySso(person)
    return person
  }

  test('offers the one at the provider, which comes back to the page of ours', async () => {
    const person = await signedIn()
    await person.press('Sign out')
    expect(person.page?.text).toContain('You are still signed in at Company login')
    const out = linkOut(person)
    expect(out?.origin).toBe(provider.issuer)
    expect(out?.searchParams.get('id_token_hint')).toMatch(/^ey[\w-]+\.[\w-]+\.[\w-]+$/)
    expect(out?.searchParams.get('client_id')).toBe('panoptes')
    const back = await fetch(out?.href ?? '', { redirect: 'manual' })
    const location = new URL(back.headers.get('location') ?? '')
    expect(`${location.origin}${location.pathname}`).toBe(`${service.url}/oauth2/logout/success`)
    await person.open(location.href)
    expect(person.page?.text).toContain('You are signed out')
    expect(linkOut(person)).toBeUndefined()
  })

  test('is offered by /oauth2/logout too', async () => {
    const person = await signedIn()
    await person.open(`${service.url}/oauth2/logout`)
    await person.press('Sign out')
    expect(linkOut(person)?.origin).toBe(provider.issuer)
  })

  test('is not offered after a sign-in by password, also not one behind another', async () => {
    const person = new Person()
    await accountOf(service, person)
    await person.press('Sign in', { password: 'panoptes-us1' })
    await person.press('Sign out')
    expect(linkOut(person)).toBeUndefined()
    const again = await signedIn()
    await again.press('Sign out')
    await accountOf(service, again)
    await again.press('Sign in', { password: 'panoptes-us1' })
    await again.press('Sign out')
    expect(linkOut(again)).toBeUndefined()
  })

  test('is not offered to another browser', async () => {
    const person = await signedIn()
    await person.press('Sign out')
    const other = new Person()
    await other.open(`${service.url}/oauth2/logout/success`)
    expect(linkOut(other)).toBeUndefined()
  })
})

describe('the demo provider', () => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())

  async function atProvider(person: Person, email = 'anyone@sso.example'): Promise<void> {
    await person.open(`${service.url}/account`)
    await person.press('Continue', { region: 'us1', email })
  }

  test('remembers who signed in until that is signed out there', async () => {
    const person = new Person()
    await atProvider(person)
    await person.press('Sign in')
    await person.press('Sign out')
    const out = linkOut(person)
    await atProvider(person)
    expect(person.page?.url).toBe(`${service.url}/account`)
    await person.press('Sign out')
    await person.open(out?.href ?? '')
    await atProvider(person)
    expect(person.page?.text).toContain('Cisco login page (demo)')
  })

  test('asks when another address is meant', async () => {
    const person = new Person()
    await atProvider(person)
    await person.press('Sign in')
    await person.press('Sign out')
    await atProvider(person, 'somebody@sso.example')
    expect(person.page?.html).toContain('value="somebody@sso.example"')
  })
})
