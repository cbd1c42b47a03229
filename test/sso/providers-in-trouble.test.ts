import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Events, type MutableResponse } from 'oauth2-mock-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askForCode } from '../steps/requests.ts'
import type { RunningPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { answerFor, openProvider, personAtSignIn, signInBySso, startWith } from './independent-provider.ts'

/** Port 9 of loopback is where nobody listens. */
const nowhere = { issuer: 'http://localhost:9' }
const does = 'cannot be reached at the moment'

async function passwordSignIn(service: RunningPanoptes, email: string, password: string): Promise<string> {
  const person = new Person()
  await person.open(askForCode(service).href)
  return (await person.signIn(email, password)).text
}

/** A provider that takes every request and answers none. */
async function openSilent(): Promise<{ issuer: string; seen: () => number } & AsyncDisposable> {
  let seen = 0
  const server = createServer(() => {
    seen += 1
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  return {
    issuer: `http://localhost:${(server.address() as AddressInfo).port}`,
    seen: () => seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('a provider that is down', () => {
  test('is said to be, with a way to try again and none to the password where it is forced', async () => {
    await using service = await startWith(nowhere)
    const person = await personAtSignIn(service)
    expect(person.page?.status).toBe(503)
    expect(person.page?.headers.get('retry-after')).toBe('5')
    expect(person.page?.text).toContain(does)
    expect(person.page?.text).not.toContain('Use your password')
    expect((await person.press('Try again')).text).toContain(does)
  })

  test('leaves the password where it is optional', async () => {
    await using service = await startWith(nowhere, { mode: 'optional' })
    const person = await personAtSignIn(service, 'viewer@acme.example')
    await person.press('Sign in with SSO')
    expect(person.page?.text).toContain(does)
    await person.press('Use your password')
    expect((await person.press('Sign in', { password: 'panoptes-us1' })).text).toContain(
      'Confirm authorization',
    )
  })

  test('does not keep others from signing in, and serves again once it is up', async () => {
    await using provider = await openProvider()
    const port = Number(new URL(provider.issuer).port)
    await provider.stop()
    await using service = await startWith(provider)
    expect((await personAtSignIn(service)).page?.status).toBe(503)
    expect(await passwordSignIn(service, 'admin@globex.example', 'panoptes-us2')).toContain(
      'Confirm authorization',
    )
    await provider.server.start(port, 'localhost')
    expect(await signInBySso(await personAtSignIn(service))).toContain('Confirm authorization')
  })

  test('between leaving and coming back is said to be, and nobody is signed in', async () => {
    await using provider = await openProvider()
    await using service = await startWith(provider)
    const person = await personAtSignIn(service)
    const answer = await answerFor(person)
    await provider.stop()
    const page = await person.open(answer.href)
    expect([page.status, page.text]).toEqual([503, expect.stringContaining(does)])
  })
})

describe('a provider that is slow', () => {
  test('is waited for as long as the configuration says, by a hundred at once, and then left alone', async () => {
    await using silent = await openSilent()
    await using service = await startWith(silent, { beside: 'spans: { identityProvider: 1s }' })
    const began = performance.now()
    const pages = await Promise.all(Array.from({ length: 60 }, () => personAtSignIn(service)))
    expect(pages.map(({ page }) => page?.status)).toEqual(Array(60).fill(503))
    const during = passwordSignIn(service, 'admin@globex.example', 'panoptes-us2')
    expect(await during).toContain('Confirm authorization')
    // Whoever waited, waited for one question: discovery is asked once for all.
    expect(silent.seen()).toBeLessThan(10)
    expect(performance.now() - began).toBeLessThan(20_000)
    const seen = silent.seen()
    for (let more = 0; more < 4; more += 1) await personAtSignIn(service)
    expect(silent.seen() - seen).toBeLessThan(4)
  }, 60_000)
})

describe('discovery, OpenID Connect Discovery §4.3', () => {
  const documents: readonly (readonly [string, (body: Record<string, unknown>) => unknown])[] = [
    ['of another issuer', (body) => ({ ...body, issuer: 'https://idp.example' })],
    ['without an authorization endpoint', ({ authorization_endpoint: _, ...body }) => body],
    ['without keys', ({ jwks_uri: _, ...body }) => body],
    [
      'with a token endpoint without https',
      (body) => ({ ...body, token_endpoint: 'http://idp.example/token' }),
    ],
    ['with keys without https', (body) => ({ ...body, jwks_uri: 'http://idp.example/keys' })],
    ['that would run a script', (body) => ({ ...body, authorization_endpoint: 'javascript:alert(1)' })],
    ['that is empty', () => ''],
  ]
  test.each(documents)('%s leads nobody anywhere', async (_, change) => {
    await using provider = await openProvider()
    provider.server.service.on(Events.BeforeWellKnownOpenIdConfiguration, (response: MutableResponse) => {
      response.body = change(response.body as Record<string, unknown>) as Record<string, unknown>
    })
    await using service = await startWith(provider)
    const { page } = await personAtSignIn(service)
    expect(page?.status).toBe(403)
    expect(page?.html).not.toContain('http-equiv="refresh"')
    expect(service.log).toContainEqual(expect.objectContaining({ event: 'sso-refused' }))
  })

  test('with an end of sessions that is no address offers none', async () => {
    await using provider = await openProvider()
    provider.server.service.on(Events.BeforeWellKnownOpenIdConfiguration, (response: MutableResponse) => {
      response.body = { ...(response.body as object), end_session_endpoint: 'javascript:alert(1)' }
    })
    await using service = await startWith(provider)
    const person = await personAtSignIn(service)
    await signInBySso(person)
    await person.open(`${service.url}/account`)
    await person.press('Sign out')
    expect(person.page?.text).toContain('You are signed out')
    expect(person.page?.html).not.toContain('javascript:')
  })
})

describe('keys of a provider', () => {
  test('change from one sign-in to the next, and the new one is found', async () => {
    await using provider = await openProvider()
    await using service = await startWith(provider)
    expect(await signInBySso(await personAtSignIn(service))).toContain('Confirm authorization')
    await provider.server.issuer.keys.generate('RS256', { kid: 'second' })
    const { keys } = provider.server.issuer
    const used = new Set<string>()
    provider.server.service.on(Events.BeforeTokenSigning, ({ header }) => used.add(header.kid))
    await new Promise((resolve) => setTimeout(resolve, 1_100)) // keys are asked for once in a second
    for (let sign = 0; sign < 3; sign += 1)
      expect(await signInBySso(await personAtSignIn(service))).toContain('Confirm authorization')
    expect(used).toContain('second')
    void keys
  })
})

describe('plain http', () => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startWith({ issuer: 'https://localhost:9' })
  })
  afterAll(() => service.stop())

  test('is not what an https provider that does not answer falls back to', async () => {
    const { page } = await personAtSignIn(service)
    expect([page?.status, page?.text]).toEqual([503, expect.stringContaining(does)])
  })
})
