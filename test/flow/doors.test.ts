import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postForm } from '../support/device.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { fieldsBeside, Person } from '../support/person.ts'
import {
  connect,
  type Integration,
  integrations,
  meraki,
  merakiAt,
  sdWan,
  splunkApp,
  type Tokens,
  viewer,
} from './integrations.ts'
import { callV7 } from './v7.ts'

let service: RunningPanoptes

beforeAll(async () => {
  // Every dead token is one more 401 from this address, which would be blocked in the end.
  service = await startPanoptes(['--limits', 'off'])
})
afterAll(() => service.stop())

const opens = async ({ access_token: token }: Tokens): Promise<boolean> =>
  (await callV7(service, token, '/v7/account-groups')).status === 200

/** Dead is what v7 and the token endpoint both refuse, in the words that make an integration ask its user again. */
async function expectDead(integration: Integration, tokens: Tokens): Promise<void> {
  expect(await callV7(service, tokens.access_token, '/v7/account-groups')).toMatchObject({
    status: 401,
    body: { error: 'invalid_token' },
  })
  await expect(integration.refresh(service, tokens.refresh_token)).rejects.toMatchObject({
    error: 'invalid_grant',
  })
}

async function expectAlive(integration: Integration, tokens: Tokens): Promise<void> {
  expect(await opens(tokens)).toBe(true)
  expect(await opens(await integration.refresh(service, tokens.refresh_token))).toBe(true)
}

describe('POST /v7/oauth2/revoke, RFC 7009: the integration revokes', () => {
  describe.each(integrations)('$name', (integration) => {
    test.each(['access_token', 'refresh_token'] as const)(
      'its %s, and the whole connection is dead',
      async (kind) => {
        const first = await connect(service, integration)
        const second = await integration.refresh(service, first.refresh_token)
        await integration.revoke(service, second[kind])
        await expectDead(integration, second)
        expect(await opens(first)).toBe(false)
      },
    )
  })

  test('once more, or a token that never was: the answer is 200 all the same', async () => {
    const tokens = await connect(service, sdWan)
    for (const token of [tokens.refresh_token, tokens.refresh_token, 'never-was'])
      await sdWan.revoke(service, token)
    await expectDead(sdWan, tokens)
  })

  test('a token of another client, which ends nothing', async () => {
    const tokens = await connect(service, sdWan)
    const fields = { client_id: splunkApp.clientId, token: tokens.refresh_token }
    await postForm(`${service.url}/v7/oauth2/revoke`, fields)
    await expectAlive(sdWan, tokens)
  })

  test('while it refreshes: once both have answered, nothing opens', async () => {
    for (let round = 0; round < 10; round += 1) {
      const tokens = await connect(service, splunkApp)
      const [refreshed] = await Promise.allSettled([
        splunkApp.refresh(service, tokens.refresh_token),
        splunkApp.revoke(service, tokens.refresh_token),
      ])
      await expectDead(splunkApp, tokens)
      if (refreshed.status === 'fulfilled') await expectDead(splunkApp, refreshed.value)
    }
  })
})

describe('GET /oauth2/logout, RP-initiated logout', () => {
  const signedOut = 'http://127.0.0.1:49152/signed-out'

  /** Opens the logout address and presses the button on our page. */
  async function signOut(person: Person, parameters: Readonly<Record<string, string>>): Promise<void> {
    await person.open(client.buildEndSessionUrl(await merakiAt(service), parameters).href)
    await person.press('Sign out')
  }

  test.each([
    ['id_token_hint', 'offline_access', meraki.scope],
    ['client_id', 'offline_access', meraki.scope],
    ['client_id', 'neither offline_access nor openid', 'organization:read'],
  ])('with %s ends the connection of %s', async (named, _, scope) => {
    const person = new Person()
    const tokens = await connect(service, meraki, { person, scope })
    await signOut(person, named === 'client_id' ? {} : { id_token_hint: tokens.id_token ?? '' })
    expect(person.page?.text).toContain('You are signed out')
    await expectDead(meraki, tokens)
    expect((await person.open(`${service.url}/account`)).url).toBe(`${service.url}/account/sign-in`)
  })

  test('comes back to a registered address with its state, on any loopback port', async () => {
    for (const named of ['id_token_hint', 'client_id']) {
      const person = new Person()
      const tokens = await connect(service, meraki, { person })
      await signOut(person, {
        ...(named === 'client_id' ? {} : { id_token_hint: tokens.id_token ?? '' }),
        post_logout_redirect_uri: signedOut,
        state: 'a b&c',
      })
      expect(person.leavesTo.href).toBe(`${signedOut}?state=a+b%26c`)
      await expectDead(meraki, tokens)
    }
  })

  test('goes nowhere else and ends nothing when the address is not registered', async () => {
    const person = new Person()
    const tokens = await connect(service, meraki, { person })
    const parameters = { post_logout_redirect_uri: 'https://evil.example/signed-out' }
    await person.open(client.buildEndSessionUrl(await merakiAt(service), parameters).href)
    expect(person.page?.status).toBe(400)
    await expectAlive(meraki, tokens)
  })

  test('is asked for by POST from the integration’s own page as well', async () => {
    const person = new Person()
    const tokens = await connect(service, meraki, { person })
    // A browser sends no SameSite=Lax cookie with a form of another site, and does so with the redirect that follows.
    const form = new URLSearchParams({ id_token_hint: tokens.id_token ?? '', state: 's', xsrf: 'not ours' })
    const headers = { origin: 'https://meraki.example', 'sec-fetch-site': 'cross-site' }
    const answer = await new Person().request(`${service.url}/oauth2/logout`, {
      method: 'POST',
      body: form,
      headers,
    })
    expect(answer.status).toBe(303)
    expect(answer.headers.getSetCookie()).toEqual([])
    await person.open(new URL(answer.headers.get('location') ?? '', service.url).href)
    await expectAlive(meraki, tokens)
    await person.press('Sign out')
    await expectDead(meraki, tokens)
  })

  test('ends every connection of that client in this session and no other', async () => {
    const [person, elsewhere] = [new Person(), new Person()]
    const [first, second] = [
      await connect(service, meraki, { person }),
      await connect(service, meraki, { person }),
    ]
    const device = await connect(service, sdWan, { person })
    const other = await connect(service, meraki, { person: elsewhere })
    await signOut(person, { id_token_hint: first.id_token ?? '' })
    await expectDead(meraki, first)
    await expectDead(meraki, second)
    await expectAlive(sdWan, device)
    await expectAlive(meraki, other)
    expect((await elsewhere.open(`${service.url}/account`)).url).toBe(`${service.url}/account`)
  })

  test('ends a device’s connections of this session by its client_id', async () => {
    const person = new Person()
    const device = await connect(service, splunkApp, { person })
    const cloud = await connect(service, meraki, { person })
    await signOut(person, { client_id: splunkApp.clientId })
    expect(person.page?.text).toContain('Splunk ThousandEyes App')
    await expectDead(splunkApp, device)
    await expectAlive(meraki, cloud)
  })

  test('without a client ends the session alone', async () => {
    const person = new Person()
    const tokens = await connect(service, meraki, { person })
    await person.open(`${service.url}/oauth2/logout`)
    await person.press('Sign out')
    expect((await person.open(`${service.url}/account`)).url).toBe(`${service.url}/account/sign-in`)
    await expectAlive(meraki, tokens)
  })

  test('refuses a form without its button, and says of nothing that it has ended', async () => {
    const person = new Person()
    const tokens = await connect(service, meraki, { person })
    const parameters = { id_token_hint: tokens.id_token ?? '' }
    const page = await person.open(client.buildEndSessionUrl(await merakiAt(service), parameters).href)
    const answer = await person.open(`${service.url}/oauth2/logout/confirm`, {
      method: 'POST',
      body: new URLSearchParams(fieldsBeside(page, 'Sign out')),
    })
    expect(answer).toMatchObject({ status: 400, text: expect.stringContaining('invalid_request') })
    expect(answer.headers.getSetCookie()).toEqual([])
    await expectAlive(meraki, tokens)
    expect((await person.open(`${service.url}/account`)).url).toBe(`${service.url}/account`)
    await signOut(person, parameters)
    expect(await opens(tokens)).toBe(false)
  })

  test('tells nobody who is signed in that it is done: the address of its last page asks first', async () => {
    const person = new Person()
    const tokens = await connect(service, meraki, { person })
    const page = await person.open(`${service.url}/oauth2/logout/success?client_id=meraki`)
    expect(page).toMatchObject({ status: 200, url: `${service.url}/oauth2/logout` })
    expect(page.text).toContain('Sign out?')
    await expectAlive(meraki, tokens)
    await person.press('Sign out')
    expect(person.page?.text).toContain('You are signed out')
  })

  test('waits for the person: the address alone changes nothing', async () => {
    const person = new Person()
    const tokens = await connect(service, meraki, { person })
    const parameters = { id_token_hint: tokens.id_token ?? '' }
    await person.open(client.buildEndSessionUrl(await merakiAt(service), parameters).href)
    await expectAlive(meraki, tokens)
    expect((await person.open(`${service.url}/account`)).url).toBe(`${service.url}/account`)
  })
})

describe('Disconnect on /account', () => {
  const tagOf = ({ access_token: token }: Tokens): string => token.slice(0, token.indexOf('.'))

  test('ends the chosen connection and no other', async () => {
    const person = new Person()
    const chosen = await connect(service, sdWan, { person, credentials: viewer })
    const kept = await connect(service, sdWan, { person, credentials: viewer })
    await person.open(`${service.url}/account`)
    expect(person.page?.html.split('<article').length).toBe(3)
    await person.press('Disconnect', {}, { connection: tagOf(chosen) })
    expect(person.page?.text).toContain('Cisco SD-WAN Manager is disconnected')
    expect(person.page?.html.split('<article').length).toBe(2)
    await expectDead(sdWan, chosen)
    await expectAlive(sdWan, kept)
  })

  test('does not reach connections of other people', async () => {
    const person = new Person()
    await connect(service, meraki, { person, credentials: viewer })
    const foreign = await connect(service, meraki)
    await person.open(`${service.url}/account`)
    expect(person.page?.html).not.toContain(tagOf(foreign))
    await person.press('Disconnect', { connection: tagOf(foreign) })
    await expectAlive(meraki, foreign)
  })
})

describe('Logout on the confirm page', () => {
  test('ends none of the connections that were confirmed in that browser', async () => {
    const person = new Person()
    const connected: (readonly [Integration, Tokens])[] = []
    for (const integration of integrations)
      connected.push([integration, await connect(service, integration, { person })])
    await meraki.ask(service, person)
    await person.press('Logout')
    for (const [integration, tokens] of connected) await expectAlive(integration, tokens)
  })
})

describe('two devices that were connected from one browser', () => {
  test.each([sdWan, splunkApp])('live and die apart: $name', async (integration) => {
    const person = new Person()
    const first = await connect(service, integration, { person })
    const second = await connect(service, integration, { person })
    await integration.revoke(service, first.refresh_token)
    await expectDead(integration, first)
    await expectAlive(integration, second)
  })
})
