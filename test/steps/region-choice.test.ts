import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { askForCode, connectMeraki, readsAgents } from './requests.ts'

const options = (html: string): readonly string[] =>
  [...html.matchAll(/<option\b[^>]*>([^<]*)<\/option>/g)].map(([, label = '']) => label)

const preselected = (html: string): string | undefined =>
  /<option\b[^>]*\sselected[^>]*>([^<]*)</.exec(html)?.[1]

describe('sign-in, choice of the region', () => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())

  test('offers Default, US1, US2 and EU, and Default stands first', async () => {
    const { html } = await new Person().open(askForCode(service).href)
    expect(options(html)).toEqual(['Default', 'US1', 'US2', 'EU'])
    expect(preselected(html)).toBe('Default')
  })

  test.each([
    ['0', 'US1'],
    ['1', 'EU'],
    ['2', 'US2'],
    ['3', 'Default'],
    ['<script>', 'Default'],
  ])('preselects by teRegion=%s the region %s', async (teRegion, label) => {
    const { html, status } = await new Person().open(askForCode(service, { teRegion }).href)
    expect({ status, label: preselected(html) }).toEqual({ status: 200, label })
  })

  test('finds a user of US1 by Default before one of the same e-mail elsewhere', async () => {
    const person = new Person()
    await person.open(askForCode(service).href)
    const { text } = await person.signIn('admin@acme.example', 'panoptes-us1')
    expect(text).toContain('Confirm authorization')
    expect(text).toMatch(/Region US1\b/)
    expect(text).toContain('Acme Networks')
    expect(text).not.toContain('Default')
  })

  test.each([
    ['admin@acme.example', 'panoptes-eu1', 'EU', 'Initech Europe'],
    ['admin@initech.example', 'panoptes-eu1', 'EU', 'Initech Europe'],
    ['admin@globex.example', 'panoptes-us2', 'US2', 'Globex'],
  ])('finds %s with %s by Default in %s', async (email, password, region, organization) => {
    const person = new Person()
    await person.open(askForCode(service).href)
    const { text } = await person.signIn(email, password)
    expect(text).toMatch(new RegExp(`Region ${region}\\b`))
    expect(text).toContain(organization)
    expect(text).not.toContain('Default')
  })

  test.each([
    ['us1', 'panoptes-us1', 'US1'],
    ['eu1', 'panoptes-eu1', 'EU'],
  ])('signs in the user of %s when the same e-mail stands in two', async (region, password, label) => {
    const person = new Person()
    await person.open(askForCode(service).href)
    const { text } = await person.signIn('admin@acme.example', password, region)
    expect(text).toMatch(new RegExp(`Region ${label}\\b`))
  })

  test('does not find a user in another region than the one that was chosen', async () => {
    const person = new Person()
    await person.open(askForCode(service).href)
    const page = await person.signIn('admin@globex.example', 'panoptes-us2', 'eu1')
    expect(page.status).toBe(403)
    expect(page.text).toContain('We do not recognize this combination')
  })

  test('counts no miss in US1 when Default finds the user elsewhere', async () => {
    for (let round = 0; round < 11; round += 1) {
      const person = new Person()
      await person.open(askForCode(service).href)
      await person.signIn('admin@acme.example', 'panoptes-eu1')
      expect(person.page?.text).toContain('Confirm authorization')
    }
    const person = new Person()
    await person.open(askForCode(service).href)
    expect((await person.signIn('admin@acme.example', 'panoptes-us1', 'us1')).text).toMatch(/Region US1\b/)
  })

  test.each(['US1', 'eu', '../', 'http://evil.example', '__proto__', ''])(
    'refuses the region %s, which is not on the list',
    async (region) => {
      const person = new Person()
      await person.open(askForCode(service).href)
      const page = await person.press('Continue', { region, email: 'admin@acme.example' })
      expect(page.status).toBe(400)
      expect(page.text).toContain('Choose one of the regions in the list.')
      expect(preselected(page.html)).toBe('Default')
    },
  )

  test('lets the region of a token not be changed by header, query or path', async () => {
    const { access_token } = await connectMeraki(service, new Person(), [
      'admin@initech.example',
      'panoptes-eu1',
    ])
    expect(await readsAgents(service, access_token)).toBe(200)
    const read = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${service.url}${path}`, { headers: { authorization: `Bearer ${access_token}`, ...headers } })
    const elsewhere = await read('/v7/account-groups', { 'x-region': 'us1', 'te-region': '0' })
    expect(await elsewhere.json()).toMatchObject({ accountGroups: [{ aid: '3101' }] })
    for (const path of ['/v7/agents?aid=1101', '/v7/us1/account-groups', '/v7/account-groups/1101'])
      expect((await read(path)).status).toBeGreaterThanOrEqual(400)
  })
})
