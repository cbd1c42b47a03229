import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectMeraki } from '../steps/requests.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { type Page, Person } from '../support/person.ts'
import { ops, signedIn, viewer } from './signed-in.ts'

let service: RunningPanoptes
beforeAll(async () => {
  service = await startPanoptes(['--limits', 'off'])
})
afterAll(() => service.stop())

const open = (person: Person): Promise<Page> => person.open(`${service.url}/account/activity`)

const eventsOn = (page: Page): readonly string[] =>
  [...page.html.matchAll(/data-label="Event"><bdi>([^<]*)<\/bdi>/g)].map(([, words = '']) => words)

describe('the tab Activity', () => {
  test('tells what the user did, in plain words, newest first', async () => {
    const person = new Person()
    await connectMeraki(service, person, ops)
    await person.open(`${service.url}/account`)
    await person.press('Disconnect')
    await person.open(`${service.url}/account/profile`)
    await person.press('Generate')
    await person.press('Revoke')
    await person.press('Revoke')
    const page = await open(person)
    expect(eventsOn(page)).toEqual([
      'User API Token revoked',
      'User API Token generated',
      'Disconnected Meraki',
      'Connected Meraki',
      'Signed in',
    ])
    expect(page.text).toContain('127.0.0.1')
    expect(page.text).not.toContain('Not recorded')
    expect(page.html).not.toMatch(/us1\.1002|grant-created/)
  })

  test('tells of sign-ins that were refused, to the user of that address and region alone', async () => {
    const stranger = new Person()
    await stranger.open(`${service.url}/account`)
    await stranger.signIn('admin@initech.example', 'guessed', 'eu1')
    const page = await open(await signedIn(service, ['admin@initech.example', 'panoptes-eu1']))
    expect(eventsOn(page)).toEqual(['Signed in', 'Sign-in refused'])
    expect(page.text).toMatch(/Sign-in refused .{10,40}UTC 127\.0\.0\.1/)
    expect(eventsOn(await open(await signedIn(service, viewer)))).not.toContain('Sign-in refused')
  })

  test('has nothing of another user, of the same e-mail in another region either', async () => {
    const owner = await signedIn(service, ['admin@acme.example', 'panoptes-us1'])
    await owner.open(`${service.url}/account/profile`)
    await owner.press('Revoke')
    await owner.press('Revoke')
    expect(eventsOn(await open(owner))).toContain('User API Token revoked')
    for (const who of [['admin@acme.example', 'panoptes-eu1'] as const, viewer])
      expect(new Set(eventsOn(await open(await signedIn(service, who))))).toEqual(new Set(['Signed in']))
  })

  test('says that the operator ended a connection, and that the integration did', async () => {
    const person = new Person()
    const who = ['admin@globex.example', 'panoptes-us2'] as const
    await connectMeraki(service, person, who)
    await fetch(`${service.operatorUrl}/operator/connections?integration=meraki`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${service.operatorToken}` },
    })
    const tokens = await connectMeraki(service, person, who)
    await fetch(`${service.url}/v7/oauth2/revoke`, {
      method: 'POST',
      body: new URLSearchParams({
        client_id: 'meraki',
        client_secret: 'meraki-secret',
        token: tokens.refresh_token,
      }),
    })
    const events = eventsOn(await open(person))
    expect(events.slice(0, 3)).toEqual([
      'Meraki ended its connection',
      'Connected Meraki',
      'Meraki was disconnected by an operator',
    ])
  })

  test('shows the last fifty, and of an event of 91 days ago nothing', async () => {
    await using own = await startPanoptes(['--limits', 'off'])
    const who = ['admin@initech.example', 'panoptes-eu1'] as const
    let person = await signedIn(own, who)
    await person.open(`${own.url}/account/profile`)
    for (let round = 0; round < 26; round += 1) {
      await person.press('Generate')
      await person.press('Revoke')
      await person.press('Revoke')
    }
    const page = await person.open(`${own.url}/account/activity`)
    expect(eventsOn(page)).toHaveLength(50)
    expect(eventsOn(page)[0]).toBe('User API Token revoked')
    own.advance(91 * 86_400)
    person = await signedIn(own, who)
    expect(eventsOn(await person.open(`${own.url}/account/activity`))).toEqual(['Signed in'])
  })

  test('names a client by what it called itself, its markup as text', async () => {
    const name = `<b onmouseover=alert(1)>Bold</b>`
    const registered = await fetch(`${service.url}/v7/oauth2/clients`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: name,
        redirect_uris: ['http://localhost:1/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      }),
    })
    const { client_id: clientId } = (await registered.json()) as { client_id: string }
    const person = await signedIn(service, ['admin@initech.example', 'panoptes-eu1'])
    const request = new URLSearchParams({
      client_id: clientId,
      response_type: 'code',
      redirect_uri: 'http://localhost:1/callback',
      scope: 'tests:read',
      code_challenge: 'a'.repeat(43),
      code_challenge_method: 'S256',
      state: 'x',
    })
    await person.open(`${service.url}/oauth2/authorize?${request}`)
    await person.press('Confirm')
    const page = await open(person)
    expect(page.html).not.toContain('<b on')
    expect(page.text).toContain(`Connected ${name}`)
  })
})
